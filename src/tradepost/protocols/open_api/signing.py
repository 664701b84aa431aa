"""AK/SK signatures ``SDK-HMAC-SHA256`` of open API calls: made by sellers, verified by the market (openapi-jointkit §C.1).

Real signers differ in what they sign and how they write it, so ``verify`` rebuilds what the caller may have signed from
the list of headers that it received and insists on nothing but the date.
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
SKEW = timedelta(minutes=15)
"""Accepted distance of clocks: not published for the marketplace, the usual figure of the gateway."""

type Quoting = Callable[[str], str]

_AUTHORIZATION = re.compile(r"(\S+)\s+Access=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([^,\s]+)\s*")
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


class Reason(StrEnum):
    """Why a signature is refused: for the log and for the seller's own diagnosis."""

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
    """The call is not signed as it has to be. ``detail`` holds no secret and may be answered to the caller."""

    def __init__(self, reason: Reason, detail: str) -> None:
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
    """The parts of the header, which name the key to verify with. Raises ``SignatureRefused``."""
    if not header or not header.strip():
        raise SignatureRefused(Reason.MISSING, "the Authorization header is missing")
    algorithm = header.split(maxsplit=1)[0]
    if algorithm != ALGORITHM:
        raise SignatureRefused(Reason.ALGORITHM, f"the Authorization header does not begin with {ALGORITHM}")
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        wanted = f"{ALGORITHM} Access=…, SignedHeaders=…, Signature=…"
        raise SignatureRefused(Reason.MALFORMED, f"the Authorization header does not read {wanted}")
    names = tuple(name.lower() for name in match[3].split(";") if name)
    return Authorization(access=match[2], signed_headers=names, signature=match[4])


def sign(
    request: Request, *, ak: str, sk: str, now: datetime, signed_headers: tuple[str, ...] | None = None
) -> Request:
    """The request with ``Host``, ``X-Sdk-Date`` and ``Authorization``.

    ``signed_headers``: names to sign, by default those of content-type, host and x-sdk-date that the request has.
    Raises ``ValueError`` for a name that it does not have.
    """
    dated = _with_header(_with_header(request, "Host", _netloc(request)), DATE, _dump_date(now), force=True)
    names = signed_headers or tuple(n for n in ("content-type", "host", "x-sdk-date") if dated.header(n) is not None)
    names = tuple(sorted(name.lower() for name in names))
    missing = [name for name in names if dated.header(name) is None]
    if missing:
        raise ValueError(f"cannot sign headers that the request does not have: {', '.join(missing)}")
    values = {name: dated.header(name) or "" for name in names}
    query = _form(_pairs(dated), by_encoded=False, quoted=_quoted)
    payload = dated.header(CONTENT_HASH) or _sha256(dated.body)
    text = _canonical(dated, query=query, names=names, values=values, payload=payload)
    signature = _signature(text, date=_dump_date(now), sk=sk)
    value = f"{ALGORITHM} Access={ak}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return _with_header(dated, "Authorization", value, force=True)


def verify(request: Request, *, sk: str, now: datetime, skew: timedelta = SKEW, body_hash: str | None = None) -> None:
    """Return when the request carries the signature of ``sk``; otherwise raise ``SignatureRefused`` with its reason.

    ``body_hash``: SHA-256 in hex of a body that is not held in memory; ``stated_hash`` where it is still to come. Header values are expected as servers hand them out, bytes read as Latin-1. Replay within the skew is not detected:
    the scheme has no nonce.
    """
    authorization = read_authorization(request.header("Authorization"))
    names = authorization.signed_headers
    date = _checked_date(request, names, now=now, skew=skew)
    _check_present(request, names)
    own = _sha256(request.body) if body_hash is None else body_hash
    check_content_hash(request, own)
    if not sk:
        # An empty key would make the signature computable by anyone.
        raise SignatureRefused(Reason.WRONG, "there is no key to verify with")
    for text in _canonical_texts(request, names, own):
        if same_hex(_signature(text, date=date, sk=sk), authorization.signature):
            return
    raise SignatureRefused(Reason.WRONG, "the signature does not match the request")


def canonical_request(request: Request, signed_headers: tuple[str, ...]) -> bytes:
    """The canonical request in its ordinary form, for diagnosis: two sides that disagree compare these."""
    names = tuple(name.lower() for name in signed_headers)
    return next(_canonical_texts(request, names, _sha256(request.body)))


def stated_hash(request: Request) -> str:
    """What the caller says that the hash of the body is, ``UNSIGNED-PAYLOAD``, or empty: then only the body tells it."""
    return (request.header(CONTENT_HASH) or "").strip()


# --- checks --------------------------------------------------------------------------------------------------------


def _checked_date(request: Request, names: tuple[str, ...], *, now: datetime, skew: timedelta) -> str:
    date = (request.header(DATE) or "").strip()
    if not date:
        raise SignatureRefused(Reason.DATE_MISSING, f"the {DATE} header is missing")
    try:
        # strptime alone would also take digits of other scripts, and fields of one digit.
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if _DATE.fullmatch(date) else None
    except ValueError:
        signed_at = None
    if signed_at is None:
        raise SignatureRefused(Reason.DATE_MALFORMED, f"the {DATE} header does not read like 20160629T101459Z")
    if DATE.lower() not in names:
        raise SignatureRefused(Reason.DATE_UNSIGNED, f"{DATE} is not among the signed headers")
    if abs(now - signed_at) > skew:
        minutes = int(skew.total_seconds() // 60)
        raise SignatureRefused(Reason.SKEWED, f"{DATE} is more than {minutes} minutes from the market's clock")
    return date


def _check_present(request: Request, names: tuple[str, ...]) -> None:
    for name in names:
        if name != "host" and request.header(name) is None:
            raise SignatureRefused(Reason.HEADER_MISSING, f"a signed header is not in the request: {name[:64]}")


def check_content_hash(request: Request, own: str) -> None:
    """A hash that the caller states is what gets signed, so it must be the body's ``own``, or say that there is none. Raises
    ``SignatureRefused``."""
    stated = stated_hash(request)
    if stated not in {"", UNSIGNED_PAYLOAD} and not same_hex(stated, own):
        raise SignatureRefused(Reason.BODY_CHANGED, f"{CONTENT_HASH} is not the hash of the body that arrived")


# --- canonical forms -----------------------------------------------------------------------------------------------


def _canonical_texts(request: Request, names: tuple[str, ...], own: str) -> Iterator[bytes]:
    """The ordinary form first, then those of signers that write a query, a host or an empty body in another way."""
    hosts = _hosts(request) if "host" in names else ("",)
    orders = dict.fromkeys((names, tuple(sorted(names))))  # some sort what they sign and not what they list
    for order, host, query, payload in product(orders, hosts, _queries(request), _payload_hashes(request, own)):
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
    """Percent-encoded and sorted by name, then value. Signers sort before or after encoding; Ruby's writes forms."""
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
    # surrogateescape keeps bytes that are not UTF-8, so that they are encoded as they came.
    return [(unquote_plus(n, errors="surrogateescape"), unquote_plus(v, errors="surrogateescape")) for n, _, v in parts]


def _quoted(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")


def _form_quoted(text: str) -> str:
    """application/x-www-form-urlencoded: a blank becomes ``+``, ``*`` stays and ``~`` does not."""
    return quote_plus(text, safe="*", errors="surrogateescape").replace("~", "%7E")


def _payload_hashes(request: Request, own: str) -> tuple[str, ...]:
    stated = stated_hash(request)
    if not stated:
        return (own,)
    # The Python SDK states UNSIGNED-PAYLOAD and still signs the hash of nothing when there is no body.
    return (stated, own)


def _hosts(request: Request) -> tuple[str, ...]:
    """As received; clients leave out or add a default port on their way from signing to sending."""
    host = (request.header("Host") or _netloc(request)).strip()
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        return (host, name) if port in {"80", "443"} else (host,)
    return (host, f"{host}:443", f"{host}:80")


def _netloc(request: Request) -> str:
    return _split(request)[0].rpartition("@")[2]


def _split(request: Request) -> tuple[str, str, str]:
    """Host, path and query of the URL. Raises ``SignatureRefused`` when it cannot be read."""
    try:
        url = urlsplit(request.url)
    except ValueError:
        raise SignatureRefused(Reason.MALFORMED, "the URL cannot be read") from None
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
        kept = tuple((key, old) for key, old in request.headers if key.lower() != name.lower())
        return replace(request, headers=(*kept, (name, value)))
    return replace(request, headers=(*request.headers, (name, value)))
