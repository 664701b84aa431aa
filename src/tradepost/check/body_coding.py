"""What the bytes of an answer are written in, where they are no plain UTF-8: compressed, or in a Chinese character set."""

from __future__ import annotations

import re
import zlib

from .http_client import LARGEST

GBK = "gb18030"
"""Which holds GB2312 and GBK."""
_CHINESE = re.compile("[\x00-\x7f\u00b7\u2010-\u2026\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*")
"""What messages are written with: other bytes that happen to be GBK show rarer characters."""
_GZIP = b"\x1f\x8b"
_WINDOW_OF_GZIP = 31


def packed(body: bytes) -> bool:
    """Whether the bytes are gzip, whatever the headers say."""
    return body.startswith(_GZIP)


def unpacked(body: bytes) -> bytes:
    """What was compressed; the bytes themselves where they are no gzip, or a broken one."""
    if not packed(body):
        return body
    try:
        # Whatever it unpacks to, no more than the largest answer is kept.
        return zlib.decompressobj(_WINDOW_OF_GZIP).decompress(body, LARGEST)
    except zlib.error:
        return body


def not_utf8(body: bytes) -> str:
    """The diagnosis of bytes that are no UTF-8; empty when they are."""
    if _is_utf8(body):
        return ""
    return "answer_in_gbk" if other_charset(body) else "not_utf8"


def other_charset(body: bytes) -> str:
    """The Chinese character set that the bytes are in; empty for UTF-8, and for what is neither."""
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
