"""AK/SK signatures ``SDK-HMAC-SHA256`` of open API calls: created by sellers, verified by the market (openapi-jointkit
§C.1).

Signers differ in the headers they sign and in their format. ``verify`` therefore rebuilds possible forms from the
received list of headers, and only requires the date.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import product
from urllib.parse import quote, quote_plus, unquote_plus, unquote_to_bytes, urlsplit

from tradepost.protocols.hmac_sign import hmac_sha256_hex, same_hex, utf8
from tradepost.protocols.http import Request

ALGORITHM = "SDK-HMAC-SHA256"
DATE = "X-Sdk-Date"
CONTENT_HASH = "X-Sdk-Content-Sha256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_SKEW = timedelta(minutes=15)
"""Permitted clock difference: not published for the marketplace; the gateway's usual value."""

type Quoting = Callable[[str], str]

_AUTHORIZATION = re.compile(r"(\S+)\s+Access=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([^,\s]+)\s*")
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


class RefusalReason(StrEnum):
    """Why a signature is refused, for the log and for the seller's diagnosis."""

    MISSING = "missing"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    DATE_MISSING = "date_missing"
    DATE_MALFORMED = "date_malformed"
    DATE_UNSIGNED = "date_unsigned"
    SKEWED = "skewed"
    HEADER_MISSING = "header_missing"
    BODY_CHANGED = "body_changed"
    WRONG = "wrong"


class SignatureRefused(Exception):
    """The call is not correctly signed. ``detail`` contains no secret and may be sent to the caller."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Authorization:
    """The parts of an ``Authorization`` header; ``signed_headers`` in lower case, in the order received."""

    access: str
    signed_headers: tuple[str, ...]
    signature: str


def read_authorization(header: str | None) -> Authorization:
    """Return the parts of the header, which name the key to verify with. Raises ``SignatureRefused``."""
    if not header or not header.strip():
        raise SignatureRefused(RefusalReason.MISSING, "the Authorization header is missing")
    algorithm = header.split(maxsplit=1)[0]
    if algorithm != ALGORITHM:
        raise SignatureRefused(RefusalReason.ALGORITHM, f"the Authorization header does not begin with {ALGORITHM}")
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        form = f"{ALGORITHM} Access=…, SignedHeaders=…, Signature=…"
        raise SignatureRefused(RefusalReason.MALFORMED, f"the Authorization header does not read {form}")
    names = tuple(name.lower() for name in match[3].split(";") if name)
    return Authorization(access=match[2], signed_headers=names, signature=match[4])


def sign(
    request: Request, *, ak: str, sk: str, now: datetime, signed_headers: tuple[str, ...] | None = None
) -> Request:
    """Return the request with ``Host``, ``X-Sdk-Date`` and ``Authorization``.

    ``signed_headers``: names to sign, by default content-type, host and x-sdk-date where present. Raises ``ValueError``
    for a name that the request lacks.
    """
    dated_request = _with_header(_with_header(request, "Host", _netloc(request)), DATE, _dump_date(now), force=True)
    names = signed_headers or tuple(
        n for n in ("content-type", "host", "x-sdk-date") if dated_request.header(n) is not None
    )
    names = tuple(sorted(name.lower() for name in names))
    missing_names = [name for name in names if dated_request.header(name) is None]
    if missing_names:
        raise ValueError(f"cannot sign headers that the request does not have: {', '.join(missing_names)}")
    values = {name: dated_request.header(name) or "" for name in names}
    query = _form(_pairs(dated_request), by_encoded=False, quoted=_quoted)
    payload = dated_request.header(CONTENT_HASH) or _sha256(dated_request.body)
    text = _canonical(dated_request, query=query, names=names, values=values, payload=payload)
    signature = _signature(text, date=_dump_date(now), sk=sk)
    value = f"{ALGORITHM} Access={ak}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return _with_header(dated_request, "Authorization", value, force=True)


def verify(
    request: Request, *, sk: str, now: datetime, skew: timedelta = MAX_SKEW, body_hash: str | None = None
) -> None:
    """Verify that the request is signed with ``sk``; otherwise raise ``SignatureRefused`` with its reason.

    ``body_hash``: SHA-256 in hex of a body that is not in memory, or ``declared_hash`` if the body has not arrived.
    Header values must be bytes decoded as Latin-1, as servers provide them. Replay within the permitted clock
    difference is not detected, since the scheme has no nonce.
    """
    authorization = read_authorization(request.header("Authorization"))
    names = authorization.signed_headers
    date = _checked_date(request, names, now=now, skew=skew)
    _check_present(request, names)
    actual_hash = _sha256(request.body) if body_hash is None else body_hash
    check_content_hash(request, actual_hash)
    if not sk:
        # With an empty key, anyone could compute the signature.
        raise SignatureRefused(RefusalReason.WRONG, "there is no key to verify with")
    for text in _canonical_texts(request, names, actual_hash):
        if same_hex(_signature(text, date=date, sk=sk), authorization.signature):
            return
    raise SignatureRefused(RefusalReason.WRONG, "the signature does not match the request")


def canonical_request(request: Request, signed_headers: tuple[str, ...]) -> bytes:
    """Return the canonical request in its ordinary form, so that two sides can compare it for diagnosis."""
    names = tuple(name.lower() for name in signed_headers)
    return next(_canonical_texts(request, names, _sha256(request.body)))


def declared_hash(request: Request) -> str:
    """Return the caller's stated hash of the body, ``UNSIGNED-PAYLOAD``, or empty if only the body can provide it."""
    return (request.header(CONTENT_HASH) or "").strip()


# --- checks --------------------------------------------------------------------------------------------------------


def _checked_date(request: Request, names: tuple[str, ...], *, now: datetime, skew: timedelta) -> str:
    date = (request.header(DATE) or "").strip()
    if not date:
        raise SignatureRefused(RefusalReason.DATE_MISSING, f"the {DATE} header is missing")
    try:
        # strptime alone would also accept digits of other scripts, and fields of one digit.
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if _DATE.fullmatch(date) else None
    except ValueError:
        signed_at = None
    if signed_at is None:
        raise SignatureRefused(RefusalReason.DATE_MALFORMED, f"the {DATE} header does not read like 20160629T101459Z")
    if DATE.lower() not in names:
        raise SignatureRefused(RefusalReason.DATE_UNSIGNED, f"{DATE} is not among the signed headers")
    if abs(now - signed_at) > skew:
        minutes = int(skew.total_seconds() // 60)
        raise SignatureRefused(RefusalReason.SKEWED, f"{DATE} is more than {minutes} minutes from the market's clock")
    return date


def _check_present(request: Request, names: tuple[str, ...]) -> None:
    for name in names:
        if name != "host" and request.header(name) is None:
            raise SignatureRefused(RefusalReason.HEADER_MISSING, f"a signed header is not in the request: {name[:64]}")


def check_content_hash(request: Request, own: str) -> None:
    """Check a hash that the caller states and signs: it must be ``own``, the body's hash, or declare an unsigned
    payload. Raises ``SignatureRefused``."""
    claimed_hash = declared_hash(request)
    if claimed_hash not in {"", UNSIGNED_PAYLOAD} and not same_hex(claimed_hash, own):
        raise SignatureRefused(RefusalReason.BODY_CHANGED, f"{CONTENT_HASH} is not the hash of the body that arrived")


# --- canonical forms -----------------------------------------------------------------------------------------------


def _canonical_texts(request: Request, names: tuple[str, ...], actual_hash: str) -> Iterator[bytes]:
    """Yield the ordinary form first, then those of signers that write a query, a host or an empty body differently."""
    hosts = _hosts(request) if "host" in names else ("",)
    orders = dict.fromkeys((names, tuple(sorted(names))))  # some signers sort the signed headers but not the list
    for order, host, query, payload in product(orders, hosts, _queries(request), _payload_hashes(request, actual_hash)):
        values = {name: host if name == "host" else request.header(name) or "" for name in order}
        yield _canonical(request, query=query, names=order, values=values, payload=payload)


def _canonical(request: Request, *, query: str, names: tuple[str, ...], values: dict[str, str], payload: str) -> bytes:
    headers = b"".join(b"%s:%s\n" % (utf8(name), _wire_bytes(values[name].strip())) for name in names)
    lines = (
        utf8(request.method.upper()),
        utf8(_canonical_path(request)),
        utf8(query),
        headers,
        utf8(";".join(names)),
        utf8(payload),
    )
    return b"\n".join(lines)


def _signature(canonical: bytes, *, date: str, sk: str) -> str:
    return hmac_sha256_hex(sk, utf8(f"{ALGORITHM}\n{date}\n{_sha256(canonical)}"))


def _canonical_path(request: Request) -> str:
    segments = unquote_to_bytes(_split(request)[1]).split(b"/")
    path = "/".join(quote(segment, safe="~") for segment in segments)
    return path if path.endswith("/") else f"{path}/"


def _queries(request: Request) -> tuple[str, ...]:
    """Return queries percent-encoded and sorted by name, then value. Signers sort before or after encoding; Ruby's
    encodes forms."""
    pairs = _pairs(request)
    forms = [
        _form(pairs, by_encoded=by_encoded, quoted=quoted)
        for quoted in (_quoted, _form_quoted)
        for by_encoded in (False, True)
    ]
    return tuple(dict.fromkeys(forms))


def _form(pairs: list[tuple[str, str]], *, by_encoded: bool, quoted: Quoting) -> str:
    if by_encoded:
        return "&".join(f"{name}={value}" for name, value in sorted((quoted(n), quoted(v)) for n, v in pairs))
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in sorted(pairs))


def _pairs(request: Request) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in _split(request)[2].split("&") if part)
    # surrogateescape preserves bytes that are not UTF-8, so that they are encoded unchanged.
    return [(unquote_plus(n, errors="surrogateescape"), unquote_plus(v, errors="surrogateescape")) for n, _, v in parts]


def _quoted(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")


def _form_quoted(text: str) -> str:
    """Encode as application/x-www-form-urlencoded: a blank becomes ``+``, ``*`` stays and ``~`` is encoded."""
    return quote_plus(text, safe="*", errors="surrogateescape").replace("~", "%7E")


def _payload_hashes(request: Request, actual_hash: str) -> tuple[str, ...]:
    claimed_hash = declared_hash(request)
    if not claimed_hash:
        return (actual_hash,)
    # Without a body, the Python SDK states UNSIGNED-PAYLOAD but signs the hash of an empty body.
    return (claimed_hash, actual_hash)


def _hosts(request: Request) -> tuple[str, ...]:
    """Return the host as received, and with and without a default port, since clients change it between signing and
    sending."""
    host = (request.header("Host") or _netloc(request)).strip()
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        return (host, name) if port in {"80", "443"} else (host,)
    return (host, f"{host}:443", f"{host}:80")


def _netloc(request: Request) -> str:
    return _split(request)[0].rpartition("@")[2]


def _split(request: Request) -> tuple[str, str, str]:
    """Return host, path and query of the URL. Raises ``SignatureRefused`` if it is invalid."""
    try:
        url = urlsplit(request.url)
    except ValueError:
        raise SignatureRefused(RefusalReason.MALFORMED, "the URL cannot be read") from None
    return url.netloc, url.path, url.query


def _wire_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return utf8(value)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _dump_date(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.year:04}{utc.month:02}{utc.day:02}T{utc.hour:02}{utc.minute:02}{utc.second:02}Z"


def _with_header(request: Request, name: str, value: str, *, force: bool = False) -> Request:
    if request.header(name) is not None:
        if not force:
            return request
        headers = tuple((key, header_value) for key, header_value in request.headers if key.lower() != name.lower())
        return replace(request, headers=(*headers, (name, value)))
    return replace(request, headers=(*request.headers, (name, value)))
