"""Encoding of an answer's bytes other than plain UTF-8: compression, or a Chinese character set."""

from __future__ import annotations

import re
import zlib

from .http_client import MAX_ANSWER_BYTES

GBK = "gb18030"
"""A superset of GB2312 and GBK."""
_CHINESE = re.compile("[\x00-\x7f\u00b7\u2010-\u2026\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*")
"""Characters of typical messages; other bytes that happen to be valid GBK decode to rarer ones."""
_GZIP = b"\x1f\x8b"
_WINDOW_OF_GZIP = 31


def is_gzip(body: bytes) -> bool:
    """Return whether the bytes are gzip, independent of the headers."""
    return body.startswith(_GZIP)


def decompress(body: bytes) -> bytes:
    """Return the decompressed bytes; unchanged if they are not gzip or damaged."""
    if not is_gzip(body):
        return body
    try:
        # The result is limited to the largest answer, independent of its unpacked size.
        return zlib.decompressobj(_WINDOW_OF_GZIP).decompress(body, MAX_ANSWER_BYTES)
    except zlib.error:
        return body


def utf8_mistake(body: bytes) -> str:
    """Return the diagnosis of bytes that are not UTF-8; empty if they are."""
    if _is_utf8(body):
        return ""
    return "answer_in_gbk" if chinese_charset(body) else "not_utf8"


def chinese_charset(body: bytes) -> str:
    """Return the Chinese character set of the bytes; empty for UTF-8 and for unknown encodings."""
    if _is_utf8(body):
        return ""
    try:
        text = body.decode(GBK)
    except UnicodeDecodeError:
        return ""
    return GBK if _CHINESE.fullmatch(text) else ""


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
