"""Finds the mistake that explains an answer's signature, by applying known mistakes to the bytes. Pure functions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from tradepost.protocols.body_sign import HEADER, body_sign_problem
from tradepost.protocols.hmac_sign import hmac_sha256, hmac_sha256_hex, utf8

from .body_coding import chinese_charset
from .body_variants import other_escapes

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

    from .answers import Answer

_BOM = b"\xef\xbb\xbf"
MAX_EXPLAINED = 32_768
"""Maximum bytes of a body for which all forms are tried, so that large answers do not block a market."""
MAX_ROTATIONS = 24
SPACINGS: tuple[tuple[str, str], ...] = ((",", ":"), (", ", ": "), (",", ": "), (", ", ":"))

# --- the answer's signature ------------------------------------------------------------------------------------------


def explain_body_sign(answer: Answer, key: str) -> str | None:
    """Return the diagnosis of a missing or wrong ``Body-Sign``; None if it is valid."""
    headers, body = answer.received.headers, answer.received.body
    if body_sign_problem(headers, body, key) is None:
        return None
    spelled_headers = [(name, value) for name, value in headers if name.lower() == HEADER.lower()]
    if not spelled_headers:
        return "no_body_sign"
    name, value = spelled_headers[0]
    signature, form = read_body_sign(value)
    if not signature:
        return "body_sign_format"
    if form:
        return form
    correct_signature = base64.b64encode(hmac_sha256(key, body)).decode()
    if signature == correct_signature:
        return "header_case" if name != HEADER else "body_sign_format"
    return explain_signature(signature, body, key, answer.request) or "signature_mismatch"


def read_body_sign(value: str) -> tuple[str, str]:
    """Return the signature in a header's value, parsed leniently, and the diagnosis of its format if it is wrong."""
    if value.count('"') % 2 and value.rstrip().endswith("="):
        # A line break before the closing quote moved it to the next line, which is a separate header.
        return value.rpartition('"')[2], "body_sign_line_end"
    parts: dict[str, str] = {}
    is_quoted = True
    for piece in value.split(",", 1):
        name, _, text = piece.partition("=")
        text = text.strip()
        if len(text) >= 2 and text[0] == text[-1] == '"':
            text = text[1:-1]
        elif len(text) >= 2 and text[0] == text[-1] == "'":
            text, is_quoted = text[1:-1], False
        else:
            is_quoted = False
        parts[name.strip().lower()] = text
    signature = parts.get("signature", "")
    if not signature:
        return "", "body_sign_format"
    if not is_quoted:
        return signature, "quotes_missing"
    return signature, "" if parts.get("sign_type") == "HMAC-SHA256" else "body_sign_format"


def explain_signature(signature: str, body: bytes, key: str, request: Request) -> str | None:
    """Return the known mistake that explains this signature of this body; None if there is none."""
    for name, other_body in _other_bodies(body, request):
        if _signs(signature, other_body, key):
            return name
    for name, text in _other_codings(body, key, request):
        if text == signature or (name == "answer_hex" and text.lower() == signature.lower()):
            return name
    return None


def _signs(signature: str, body: bytes, key: str) -> bool:
    return signature == base64.b64encode(hmac_sha256(key, body)).decode()


def _other_bodies(body: bytes, request: Request) -> Iterator[tuple[str, bytes]]:
    """Yield bodies that a seller may have signed instead, with the name of each mistake."""
    yield "trailing_newline", body.rstrip()
    yield "trailing_newline", body.strip()
    for end in (b"\n", b"\r\n", b"\r", b" ", b"\x00"):
        yield "trailing_newline", body + end
    yield "bom", body.removeprefix(_BOM)
    yield "bom", _BOM + body
    yield "signs_empty_body", b""
    yield "signs_empty_body", b"{}"
    yield "signs_request", request.body
    yield "signs_request", utf8(request.url.partition("?")[2])
    charset = chinese_charset(body)
    if charset:
        yield "answer_in_gbk", body.decode(charset).encode()
    if len(body) > MAX_EXPLAINED:
        return
    try:
        value = json.loads(body.removeprefix(_BOM))
    except (ValueError, RecursionError):
        return
    yield from (("answer_escapes", escaped_body) for escaped_body in other_escapes(body))
    yield from _serialisations(value, body)
    text = body.decode("utf-8", "replace")
    yield "escaped_text", text.encode("unicode_escape")
    for charset in ("gbk", "utf-16", "utf-16-le", "utf-16-be", "latin-1"):
        try:
            yield "answer_other_charset", text.encode(charset)
        except UnicodeEncodeError:
            continue


def _serialisations(value: object, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield other serialisations of the same object. A difference in one respect has its own name, several have
    none."""
    sent_spacings = {
        spacing
        for spacing, ascii_only in product(SPACINGS, (True, False))
        if dump_variant(value, spacing, ascii_only=ascii_only) == body
    }
    escapes = {
        ascii_only
        for spacing, ascii_only in product(SPACINGS, (True, False))
        if dump_variant(value, spacing, ascii_only=ascii_only) == body
    }
    for arranged_value, is_reordered in member_orders(value):
        for spacing, ascii_only in product(SPACINGS, (True, False)):
            is_spaced = spacing not in sent_spacings
            is_escaped = ascii_only not in escapes
            names = [
                name
                for name, differs in (
                    ("unsorted_keys", is_reordered),
                    ("blank_after_colon", is_spaced),
                    ("escaped_text", is_escaped),
                )
                if differs
            ]
            name = names[0] if sent_spacings and len(names) == 1 else "reserialised_json"
            for end in ("", "\n"):
                yield name, dump_variant(arranged_value, spacing, ascii_only=ascii_only) + end.encode()
        indents: tuple[int | str, ...] = (1, 2, 4, "\t")
        for indent, ascii_only in product(indents, (True, False)):
            yield "reserialised_json", json.dumps(arranged_value, indent=indent, ensure_ascii=ascii_only).encode()


def dump_variant(value: object, spacing: tuple[str, str], *, ascii_only: bool) -> bytes:
    return json.dumps(value, separators=spacing, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def member_orders(value: object) -> Iterator[tuple[object, bool]]:
    yield value, False
    if not isinstance(value, dict):
        return
    names = list(value)
    orders = (sorted(names), sorted(names, reverse=True), names[::-1], sorted(names, key=str.lower))
    rotated_orders = [names[at:] + names[:at] for at in range(1, min(len(names), MAX_ROTATIONS))]
    firsts = [["resultCode", "resultMsg", *(n for n in names if n not in {"resultCode", "resultMsg"})]]
    for order in (*orders, *rotated_orders, *firsts):
        if order != names:
            yield {name: value[name] for name in order if name in value}, True
    yield json.loads(json.dumps(value, sort_keys=True)), True
    without = {name: member for name, member in value.items() if member is not None}
    if without != value:
        yield without, True
    only_result = {name: value[name] for name in ("resultCode", "resultMsg") if name in value}
    if only_result != value:
        yield only_result, True


def _other_codings(body: bytes, key: str, request: Request) -> Iterator[tuple[str, str]]:
    """Yield signatures of the right body with a wrong method."""
    raw = hmac_sha256(key, body)
    standard = base64.b64encode(raw).decode()
    yield "answer_hex", raw.hex()
    yield "answer_base64_of_hex", base64.b64encode(raw.hex().encode()).decode()
    yield "answer_base64_of_hex", base64.b64encode(raw.hex().upper().encode()).decode()
    yield "answer_url_safe", base64.urlsafe_b64encode(raw).decode()
    yield "answer_url_safe", standard.rstrip("=")
    yield "answer_url_safe", base64.urlsafe_b64encode(raw).decode().rstrip("=")
    for message in (body, utf8(key) + body, body + utf8(key)):
        digest = hashlib.sha256(message)
        yield "answer_plain_sha256", base64.b64encode(digest.digest()).decode()
        yield "answer_plain_sha256", digest.hexdigest()
        yield "answer_plain_sha256", base64.b64encode(digest.hexdigest().encode()).decode()
    for digest_function in (hashlib.sha1, hashlib.md5, hashlib.sha512, hashlib.sha384):
        yield "answer_other_digest", base64.b64encode(hmac.new(utf8(key), body, digest_function).digest()).decode()
    yield "answer_swapped", base64.b64encode(hmac.new(body, utf8(key), hashlib.sha256).digest()).decode()
    yield from _other_keys(body, key)
    yield from _request_algorithms(body, key, request)


def _other_keys(body: bytes, key: str) -> Iterator[tuple[str, str]]:
    for decode in (base64.b64decode, base64.urlsafe_b64decode, binascii.unhexlify):
        try:
            decoded_key = decode(key)
        except (binascii.Error, ValueError):
            continue
        yield "answer_base64_key", base64.b64encode(hmac.new(decoded_key, body, hashlib.sha256).digest()).decode()
    for variant in (key.lower(), key.upper(), key + "\n", key.strip()):
        if variant != key:
            yield "answer_key_changed", base64.b64encode(hmac_sha256(variant, body)).decode()


def _request_algorithms(body: bytes, key: str, request: Request) -> Iterator[tuple[str, str]]:
    """Yield the request's own algorithms applied to the answer."""
    query = request.query
    timestamp = query.get("timestamp") or request.header("x-timestamp") or ""
    nonce = query.get("nonce") or request.header("x-nonce") or ""
    stamp = query.get("timeStamp", "")
    body_hash = hmac_sha256_hex(key, body)
    texts = [
        (key, utf8(f"{key}{nonce}{timestamp}{body_hash}")),
        (key, utf8(f"{key}{nonce}{timestamp}") + body),
        (key, utf8(body_hash)),
        (key, utf8(key) + body),
        (key + stamp, body),
        (key + timestamp, body),
        (key + nonce, body),
    ]
    for secret, message in texts:
        if (secret, message) == (key, body):
            continue
        raw = hmac_sha256(secret, message)
        yield "answer_key_in_text", base64.b64encode(raw).decode()
        yield "answer_key_in_text", raw.hex()
        yield "answer_key_in_text", raw.hex().upper()
