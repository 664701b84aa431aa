"""Takes correct requests apart and builds changed ones, for each place of a signature.

A check defines *what* is wrong; only this module knows its place on the wire.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from tradepost.protocols import signed_query, signed_url
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256, hmac_sha256_base64, hmac_sha256_hex, utf8
from tradepost.protocols.http import Request
from tradepost.protocols.specification import SignedIn
from tradepost.protocols.wire_json import dump_sorted
from tradepost.protocols.wire_time import dump_milliseconds


@dataclass(frozen=True, slots=True)
class SigningInputs:
    """Inputs of a signature."""

    key: str
    now: datetime
    nonce: str


class Dialect(Protocol):
    @property
    def stamped(self) -> bool:
        """Whether requests carry a timestamp and a nonce that the seller must check (saas-v2 §2.4)."""

    @property
    def json_body(self) -> bool: ...

    @property
    def timestamp(self) -> str: ...

    @property
    def nonce(self) -> str: ...

    @property
    def token(self) -> str:
        """Name of the signature on the wire, as the two above are for theirs."""

    def members(self, request: Request) -> dict[str, object]:
        """Return the members of the request without its signature."""

    def signed(self, request: Request, members: Mapping[str, object], inputs: SigningInputs) -> Request:
        """Return the same request with other members, correctly signed."""

    def get(self, request: Request, name: str) -> str:
        """Return the signature, timestamp or nonce as sent, decoded; empty if absent."""

    def put(self, request: Request, name: str, value: str | None) -> Request:
        """Change the signature, timestamp or nonce without signing again; None removes it."""

    def tampered(self, request: Request) -> Request:
        """Change one byte of the content and keep the signature."""

    def right_signature(self, request: Request, key: str) -> bytes:
        """Return the 32 bytes of the request's valid signature. Raises ``ValueError`` if there are none."""


@dataclass(frozen=True, slots=True)
class UrlDialect:
    """``signature``, ``timestamp`` and ``nonce`` in the URL, with a JSON body (saas-v2 §2.2)."""

    stamped: bool = True
    json_body: bool = True
    timestamp: str = "timestamp"
    nonce: str = "nonce"
    token: str = "signature"  # noqa: S105  a parameter's name

    def members(self, request: Request) -> dict[str, object]:
        members: dict[str, object] = json.loads(request.body)
        return members

    def signed(self, request: Request, members: Mapping[str, object], inputs: SigningInputs) -> Request:
        return self.signed_bytes(request, dump_sorted(members), inputs)

    def signed_bytes(
        self, request: Request, body: bytes, inputs: SigningInputs, *, timestamp: str | None = None
    ) -> Request:
        """Return the request with any body, signed unchanged."""
        stamp = timestamp if timestamp is not None else str(epoch_ms(inputs.now))
        signature = signed_url.signature(key=inputs.key, nonce=inputs.nonce, timestamp=stamp, payload=body)
        changed_request = replace(request, body=body)
        for name, value in (("signature", signature), ("timestamp", stamp), ("nonce", inputs.nonce)):
            changed_request = self.put(changed_request, name, value)
        return changed_request

    def get(self, request: Request, name: str) -> str:
        return request.query.get(name, "")

    def put(self, request: Request, name: str, value: str | None) -> Request:
        return with_parameter(request, name, value)

    def tampered(self, request: Request) -> Request:
        return replace(request, body=dump_sorted(_tampered(self.members(request))))

    def right_signature(self, request: Request, key: str) -> bytes:
        stamp = {"nonce": self.get(request, self.nonce), "timestamp": self.get(request, self.timestamp)}
        return bytes.fromhex(signed_url.signature(key=key, payload=request.body, **stamp))


@dataclass(frozen=True, slots=True)
class QueryDialect:
    """``authToken`` over all parameters of a GET (saas-v1-license §A1.2)."""

    stamped: bool = False
    json_body: bool = False
    timestamp: str = "timeStamp"
    nonce: str = ""
    token: str = "authToken"  # noqa: S105  a parameter's name

    def members(self, request: Request) -> dict[str, object]:
        return {name: value for name, value in request.query.items() if name not in {self.token, self.timestamp}}

    def signed(self, request: Request, members: Mapping[str, object], inputs: SigningInputs) -> Request:
        texts = self.texts(members)
        return signed_query.sign_request(texts, address=_without_query(request.url), key=inputs.key, now=inputs.now)

    def texts(self, members: Mapping[str, object]) -> dict[str, str]:
        """Return the signed text of each member."""
        return {name: str(value) for name, value in members.items()}

    def signed_text(
        self, request: Request, members: Mapping[str, str], inputs: SigningInputs, *, blank: str
    ) -> Request:
        """Encode blanks differently; the signed text is unchanged."""
        texts = {**members, self.timestamp: dump_milliseconds(inputs.now)}
        texts[self.token] = signed_query.auth_token(texts, key=inputs.key)
        query = "&".join(f"{name}={quote(value, safe='').replace('%20', blank)}" for name, value in texts.items())
        return replace(request, url=f"{_without_query(request.url)}?{query}")

    def get(self, request: Request, name: str) -> str:
        return request.query.get(name, "")

    def put(self, request: Request, name: str, value: str | None) -> Request:
        return with_parameter(request, name, value)

    def tampered(self, request: Request) -> Request:
        members = self.members(request)
        changed_member = next((n, v) for n, v in _tampered(members).items() if v != members[n])
        return with_parameter(request, changed_member[0], str(changed_member[1]))

    def right_signature(self, request: Request, key: str) -> bytes:
        return base64.b64decode(signed_query.auth_token(request.query, key=key))


@dataclass(frozen=True, slots=True)
class HeaderDialect:
    """``x-sign``, ``x-timestamp`` and ``x-nonce`` over a JSON body (saas-v2 §2.5)."""

    stamped: bool = True
    json_body: bool = True
    timestamp: str = "x-timestamp"
    nonce: str = "x-nonce"
    token: str = "x-sign"  # noqa: S105  a header's name

    def members(self, request: Request) -> dict[str, object]:
        members: dict[str, object] = json.loads(request.body)
        return members

    def signed(self, request: Request, members: Mapping[str, object], inputs: SigningInputs) -> Request:
        body = dump_sorted(members)
        stamp = str(epoch_ms(inputs.now))
        sign = hmac_sha256_hex(inputs.key, utf8(f"{inputs.key}{inputs.nonce}{stamp}") + body)
        changed_request = replace(request, body=body)
        for name, value in ((self.token, sign), (self.timestamp, stamp), (self.nonce, inputs.nonce)):
            changed_request = self.put(changed_request, name, value)
        return changed_request

    def get(self, request: Request, name: str) -> str:
        return request.header(name) or ""

    def put(self, request: Request, name: str, value: str | None) -> Request:
        return with_header(request, name, value)

    def tampered(self, request: Request) -> Request:
        return replace(request, body=dump_sorted(_tampered(self.members(request))))

    def right_signature(self, request: Request, key: str) -> bytes:
        stamp = f"{self.get(request, self.nonce)}{self.get(request, self.timestamp)}"
        return hmac_sha256(key, utf8(f"{key}{stamp}") + request.body)


@dataclass(frozen=True, slots=True)
class TokenHeaderDialect:
    """``authToken`` as a header over the members of a JSON body (saas-v1-license §0, openapi-jointkit §A)."""

    stamped: bool = False
    json_body: bool = True
    timestamp: str = "timeStamp"
    nonce: str = ""
    token: str = "authToken"  # noqa: S105  a header's name

    def members(self, request: Request) -> dict[str, object]:
        members: dict[str, object] = json.loads(request.body)
        return members

    def signed(self, request: Request, members: Mapping[str, object], inputs: SigningInputs) -> Request:
        stamped_members = {**members, self.timestamp: dump_milliseconds(inputs.now)}
        texts = self.texts(stamped_members)
        token = hmac_sha256_base64(inputs.key + texts[self.timestamp], utf8(signed_query.text_to_sign(texts)))
        return with_header(replace(request, body=dump_sorted(stamped_members)), self.token, token)

    def texts(self, members: Mapping[str, object]) -> dict[str, str]:
        """Return the signed text of each member."""
        return {
            name: value
            if isinstance(value, str)
            else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            for name, value in members.items()
        }

    def get(self, request: Request, name: str) -> str:
        if name == self.token:
            return request.header(name) or ""
        return str(self.members(request).get(name, ""))

    def put(self, request: Request, name: str, value: str | None) -> Request:
        if name == self.token:
            return with_header(request, name, value)
        members = {**self.members(request), name: value}
        return replace(request, body=dump_sorted({n: v for n, v in members.items() if v is not None}))

    def tampered(self, request: Request) -> Request:
        return replace(request, body=dump_sorted(_tampered(self.members(request))))

    def right_signature(self, request: Request, key: str) -> bytes:
        texts = self.texts(self.members(request))
        return hmac_sha256(key + texts.get(self.timestamp, ""), utf8(signed_query.text_to_sign(texts)))


URL, QUERY, HEADERS, TOKEN_HEADER = UrlDialect(), QueryDialect(), HeaderDialect(), TokenHeaderDialect()


def dialect_of(signed: SignedIn) -> Dialect:
    match signed:
        case SignedIn.URL:
            return URL
        case SignedIn.QUERY:
            return QUERY
        case SignedIn.HEADERS:
            return HEADERS
        case SignedIn.TOKEN_HEADER:
            return TOKEN_HEADER


def with_parameter(request: Request, name: str, value: str | None) -> Request:
    """Replace a query parameter in place, append it, or remove it; the others keep their bytes."""
    parts = urlsplit(request.url)
    encoded_parameter = None if value is None else f"{name}={quote(value, safe='')}"
    pairs: list[str] = []
    is_placed = False
    for pair in filter(None, parts.query.split("&")):
        if unquote_plus(pair.partition("=")[0]) != name:
            pairs.append(pair)
        elif encoded_parameter is not None and not is_placed:
            pairs.append(encoded_parameter)
            is_placed = True
    if encoded_parameter is not None and not is_placed:
        pairs.append(encoded_parameter)
    return replace(request, url=urlunsplit(parts._replace(query="&".join(pairs))))


def with_header(request: Request, name: str, value: str | None) -> Request:
    headers = [(key, text) for key, text in request.headers if key.lower() != name.lower()]
    if value is not None:
        headers.append((name, value))
    return replace(request, headers=tuple(headers))


def shift_time(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=seconds)


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def swap_case(text: str) -> str:
    return text.swapcase()


def _tampered(members: Mapping[str, object]) -> dict[str, object]:
    """Replace the last character of one value with its neighbour; the value may occur in a test call."""
    name = next((n for n in ("instanceId", "orderId", "license", "tenantId") if members.get(n)), "")
    name = name or next(n for n, value in members.items() if isinstance(value, str) and n != "activity")
    value = str(members[name])
    return {**members, name: value[:-1] + ("1" if value[-1] != "1" else "2")}
