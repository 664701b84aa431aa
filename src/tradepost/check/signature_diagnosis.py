"""Finds the mistake that explains an answer's signature: tries the known ones against the bytes. Pure."""

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

from .body_coding import other_charset
from .body_variants import escaped_otherwise

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

    from .answers import Answer

_BOM = b"\xef\xbb\xbf"
LONGEST_EXPLAINED = 32_768
"""Bytes of a body that is written in every other way: who answers more at a market's cost must not keep it busy."""
MOST_ROTATED = 24
SPACINGS: tuple[tuple[str, str], ...] = ((",", ":"), (", ", ": "), (",", ": "), (", ", ":"))

# --- the answer's signature ------------------------------------------------------------------------------------------


def explain_body_sign(answer: Answer, key: str) -> str | None:
    """The diagnosis of a missing or wrong ``Body-Sign``; None when it holds."""
    headers, body = answer.received.headers, answer.received.body
    if body_sign_problem(headers, body, key) is None:
        return None
    spelled = [(name, value) for name, value in headers if name.lower() == HEADER.lower()]
    if not spelled:
        return "no_body_sign"
    name, value = spelled[0]
    signature, form = read_body_sign(value)
    if not signature:
        return "body_sign_format"
    if form:
        return form
    right = base64.b64encode(hmac_sha256(key, body)).decode()
    if signature == right:
        return "header_case" if name != HEADER else "body_sign_format"
    return explain_signature(signature, body, key, answer.request) or "signature_mismatch"


def read_body_sign(value: str) -> tuple[str, str]:
    """The signature in a header's value, read as leniently as can be, and the diagnosis of its form when it is wrong."""
    if value.count('"') % 2 and value.rstrip().endswith("="):
        # The closing quote went into the next line, which is a header of its own.
        return value.rpartition('"')[2], "body_sign_line_end"
    parts: dict[str, str] = {}
    quoted = True
    for piece in value.split(",", 1):
        name, _, text = piece.partition("=")
        text = text.strip()
        if len(text) >= 2 and text[0] == text[-1] == '"':
            text = text[1:-1]
        elif len(text) >= 2 and text[0] == text[-1] == "'":
            text, quoted = text[1:-1], False
        else:
            quoted = False
        parts[name.strip().lower()] = text
    signature = parts.get("signature", "")
    if not signature:
        return "", "body_sign_format"
    if not quoted:
        return signature, "quotes_missing"
    return signature, "" if parts.get("sign_type") == "HMAC-SHA256" else "body_sign_format"


def explain_signature(signature: str, body: bytes, key: str, request: Request) -> str | None:
    """The known mistake that makes this signature out of this body; None when there is none."""
    for name, other in _other_bodies(body, request):
        if _signs(signature, other, key):
            return name
    for name, text in _other_codings(body, key, request):
        if text == signature or (name == "answer_hex" and text.lower() == signature.lower()):
            return name
    return None


def _signs(signature: str, body: bytes, key: str) -> bool:
    return signature == base64.b64encode(hmac_sha256(key, body)).decode()


def _other_bodies(body: bytes, request: Request) -> Iterator[tuple[str, bytes]]:
    """Bodies that a seller may have signed instead, each with the name of that mistake."""
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
    charset = other_charset(body)
    if charset:
        yield "answer_in_gbk", body.decode(charset).encode()
    if len(body) > LONGEST_EXPLAINED:
        return
    try:
        value = json.loads(body.removeprefix(_BOM))
    except (ValueError, RecursionError):
        return
    yield from (("answer_escapes", other) for other in escaped_otherwise(body))
    yield from _serialisations(value, body)
    text = body.decode("utf-8", "replace")
    yield "escaped_text", text.encode("unicode_escape")
    for charset in ("gbk", "utf-16", "utf-16-le", "utf-16-be", "latin-1"):
        try:
            yield "answer_other_charset", text.encode(charset)
        except UnicodeEncodeError:
            continue


def _serialisations(value: object, body: bytes) -> Iterator[tuple[str, bytes]]:
    """The same object written otherwise. A difference in one respect has its own name, in several none."""
    sent = {
        spacing
        for spacing, ascii_only in product(SPACINGS, (True, False))
        if dumped(value, spacing, ascii_only=ascii_only) == body
    }
    escapes = {
        ascii_only
        for spacing, ascii_only in product(SPACINGS, (True, False))
        if dumped(value, spacing, ascii_only=ascii_only) == body
    }
    for arranged, reordered in orders(value):
        for spacing, ascii_only in product(SPACINGS, (True, False)):
            spaced = spacing not in sent
            escaped = ascii_only not in escapes
            names = [
                name
                for name, differs in (
                    ("unsorted_keys", reordered),
                    ("blank_after_colon", spaced),
                    ("escaped_text", escaped),
                )
                if differs
            ]
            name = names[0] if sent and len(names) == 1 else "reserialised_json"
            for end in ("", "\n"):
                yield name, dumped(arranged, spacing, ascii_only=ascii_only) + end.encode()
        indents: tuple[int | str, ...] = (1, 2, 4, "\t")
        for indent, ascii_only in product(indents, (True, False)):
            yield "reserialised_json", json.dumps(arranged, indent=indent, ensure_ascii=ascii_only).encode()


def dumped(value: object, spacing: tuple[str, str], *, ascii_only: bool) -> bytes:
    return json.dumps(value, separators=spacing, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def orders(value: object) -> Iterator[tuple[object, bool]]:
    yield value, False
    if not isinstance(value, dict):
        return
    names = list(value)
    ways = (sorted(names), sorted(names, reverse=True), names[::-1], sorted(names, key=str.lower))
    rotated = [names[at:] + names[:at] for at in range(1, min(len(names), MOST_ROTATED))]
    firsts = [["resultCode", "resultMsg", *(n for n in names if n not in {"resultCode", "resultMsg"})]]
    for way in (*ways, *rotated, *firsts):
        if way != names:
            yield {name: value[name] for name in way if name in value}, True
    yield json.loads(json.dumps(value, sort_keys=True)), True
    without = {name: member for name, member in value.items() if member is not None}
    if without != value:
        yield without, True
    only_result = {name: value[name] for name in ("resultCode", "resultMsg") if name in value}
    if only_result != value:
        yield only_result, True


def _other_codings(body: bytes, key: str, request: Request) -> Iterator[tuple[str, str]]:
    """Signatures of the right body made in a wrong way."""
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
    for other in (hashlib.sha1, hashlib.md5, hashlib.sha512, hashlib.sha384):
        yield "answer_other_digest", base64.b64encode(hmac.new(utf8(key), body, other).digest()).decode()
    yield "answer_swapped", base64.b64encode(hmac.new(body, utf8(key), hashlib.sha256).digest()).decode()
    yield from _other_keys(body, key)
    yield from _as_a_request(body, key, request)


def _other_keys(body: bytes, key: str) -> Iterator[tuple[str, str]]:
    for decode in (base64.b64decode, base64.urlsafe_b64decode, binascii.unhexlify):
        try:
            decoded = decode(key)
        except (binascii.Error, ValueError):
            continue
        yield "answer_base64_key", base64.b64encode(hmac.new(decoded, body, hashlib.sha256).digest()).decode()
    for variant in (key.lower(), key.upper(), key + "\n", key.strip()):
        if variant != key:
            yield "answer_key_changed", base64.b64encode(hmac_sha256(variant, body)).decode()


def _as_a_request(body: bytes, key: str, request: Request) -> Iterator[tuple[str, str]]:
    """The request's own algorithms, applied to the answer."""
    query = request.query
    timestamp = query.get("timestamp") or request.header("x-timestamp") or ""
    nonce = query.get("nonce") or request.header("x-nonce") or ""
    stamp = query.get("timeStamp", "")
    hashed = hmac_sha256_hex(key, body)
    texts = [
        (key, utf8(f"{key}{nonce}{timestamp}{hashed}")),
        (key, utf8(f"{key}{nonce}{timestamp}") + body),
        (key, utf8(hashed)),
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
