"""Both signatures of requests, check by check, so that a mutant can get one check wrong and keep the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Denied, NonceSeen
from tradepost.protocols.freshness import NONCE_KEPT, epoch_ms, read_epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256_base64, same_hex, same_text, utf8
from tradepost.protocols.http import Request
from tradepost.protocols.saas_v1 import SaasV1
from tradepost.protocols.saas_v1.requests import load_command as load_v1
from tradepost.protocols.saas_v2 import SaasV2
from tradepost.protocols.saas_v2.requests import load_command as load_v2
from tradepost.protocols.signed_query import text_to_sign
from tradepost.protocols.signed_url import signature
from tradepost.protocols.stamped import json_members
from tradepost.protocols.wire_json import signed_forms


class SpelledV2(SaasV2):
    """saas-v2 §2.3, §2.4 implemented correctly. ``open`` never changes, its parts do."""

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        given = self.parameters(request)
        self.check_time(given.get("timestamp", ""), now)
        self.check_nonce_given(given)
        self.check_signature(given, request, key)
        self.check_nonce(given, request, now, nonce_seen)
        return self.command(self.members(request))

    def parameters(self, request: Request) -> Mapping[str, str]:
        return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))

    def check_time(self, timestamp: str, now: datetime) -> None:
        milliseconds = read_epoch_ms(timestamp)
        if milliseconds is None:
            raise Denied("000002", "timestamp is missing or no number")
        if not self.is_fresh(epoch_ms(now) - milliseconds):
            raise Denied("000002", "timestamp is too far from the clock")

    def is_fresh(self, age_ms: int) -> bool:
        return abs(age_ms) <= 60_000

    def check_nonce_given(self, given: Mapping[str, str]) -> None:
        if not given.get("nonce"):
            raise Denied("000002", "nonce is missing")

    def check_signature(self, given: Mapping[str, str], request: Request, key: str) -> None:
        came = given.get("signature", "")
        stamp = {"nonce": given.get("nonce", ""), "timestamp": given.get("timestamp", "")}
        if not any(self.same(came, self.sign(key=key, payload=p, **stamp)) for p in self.payloads(request.body)):
            raise Denied("000001", "signature does not match")

    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body
        yield from signed_forms(body)

    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return signature(key=key, nonce=nonce, timestamp=timestamp, payload=payload)

    def same(self, came: str, computed: str) -> bool:
        return same_hex(came, computed)

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        if nonce_seen(self.nonce_key(given, request), now + NONCE_KEPT):
            raise Denied("000001", "nonce was used before")

    def nonce_key(self, given: Mapping[str, str], request: Request) -> str:
        return given["nonce"]

    def members(self, request: Request) -> dict[str, object]:
        return json_members(request)

    def command(self, members: dict[str, object]) -> Command:
        return load_v2(members)


class SpelledV1(SaasV1):
    """saas-v1-license A1.2 implemented correctly."""

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        parameters = self.parameters(urlsplit(request.url).query)
        if not self.same(parameters.get("authToken", ""), self.sign(self.signed(parameters), key)):
            raise Denied("000001", "authToken does not match")
        return self.command(parameters, key)

    def parameters(self, query: str) -> dict[str, str]:
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        return {self.decoded(name): self.decoded(value) for name, _, value in pairs}

    def decoded(self, text: str) -> str:
        return unquote_plus(text)

    def signed(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return parameters

    def sign(self, parameters: Mapping[str, str], key: str) -> str:
        return hmac_sha256_base64(key + parameters.get("timeStamp", ""), utf8(text_to_sign(parameters)))

    def same(self, came: str, computed: str) -> bool:
        # An unencoded plus arrives as a blank, which Base64 never has.
        return same_text(came.replace(" ", "+"), computed)

    def command(self, parameters: dict[str, str], key: str) -> Command:
        if "timeStamp" not in parameters:
            raise Denied("000002", "timeStamp is missing")
        return load_v1(parameters, key=key)
