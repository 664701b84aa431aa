"""Mutants that verify a request's signature wrongly (saas-v2 §2.3, §2.4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, unquote_plus, urlsplit

from tradepost.protocols.contract import Denied, NonceSeen
from tradepost.protocols.hmac_sign import hmac_sha256_hex, utf8
from tradepost.protocols.http import Request
from tradepost.protocols.saas_v2 import SaasV2
from tradepost.protocols.wire_json import NotJsonObject, load_object

from .definition import KEY, V1, V2, Answering, Shop, mutant, wire_mutant
from .spelled import SpelledV1, SpelledV2

SIGNATURE = "signature"


@wire_mutant("no_token_check", SIGNATURE)
class NoTokenCheck(SpelledV2):
    def check_signature(self, given: Mapping[str, str], request: Request, key: str) -> None:
        """Trust everyone who knows the address."""


@wire_mutant("accepts_missing_signature", SIGNATURE)
class ChecksOnlyASignatureThatIsThere(SpelledV2):
    def check_signature(self, given: Mapping[str, str], request: Request, key: str) -> None:
        if "signature" in given:
            super().check_signature(given, request, key)


@wire_mutant("accepts_wrong_signature", SIGNATURE)
class ComparesTheBeginning(SpelledV2):
    def same(self, came: str, computed: str) -> bool:
        return len(came) >= 8 and computed.lower().startswith(came.lower()[:8])


@wire_mutant("accepts_wrong_signature", SIGNATURE)
class AcceptsAPrefix(SpelledV2):
    def same(self, came: str, computed: str) -> bool:
        return bool(came) and computed.lower().startswith(came.lower())


@wire_mutant("accepts_stale_timestamp", SIGNATURE)
class AcceptsStaleTimestamps(SpelledV2):
    def is_fresh(self, age_ms: int) -> bool:
        return age_ms >= -60_000


@wire_mutant("accepts_stale_timestamp", SIGNATURE)
class WindowOfAnHour(SpelledV2):
    def is_fresh(self, age_ms: int) -> bool:
        return abs(age_ms) <= 3_600_000


@wire_mutant("accepts_future_timestamp", SIGNATURE)
class AcceptsFutureTimestamps(SpelledV2):
    """As the public sample project (saas-v2 §2.4)."""

    def is_fresh(self, age_ms: int) -> bool:
        return age_ms <= 60_000


@wire_mutant("timestamp_not_required", SIGNATURE)
class TimestampOptional(SpelledV2):
    def check_time(self, timestamp: str, now: datetime) -> None:
        if timestamp.isdecimal():
            super().check_time(timestamp, now)


@wire_mutant("nonce_not_required", SIGNATURE)
class NonceOptional(SpelledV2):
    def check_nonce_given(self, given: Mapping[str, str]) -> None:
        """A missing nonce is accepted too."""

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        if given.get("nonce"):
            super().check_nonce(given, request, now, nonce_seen)


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class AcceptsReplays(SpelledV2):
    """As the public sample project (saas-v2 §2.4)."""

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        """Nonces are not stored."""


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class NonceCacheKeyedWithTheTimestamp(SpelledV2):
    """A replay with another body, signed by someone who has the key, is not what this stops; the same request is."""

    def nonce_key(self, given: Mapping[str, str], request: Request) -> str:
        return f"{given['nonce']}{given['timestamp']}"


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class NonceCacheKeyedWithTheBody(SpelledV2):
    def nonce_key(self, given: Mapping[str, str], request: Request) -> str:
        return f"{given['nonce']}{hashlib.sha256(request.body).hexdigest()}"


@wire_mutant("window_too_narrow", SIGNATURE)
class WindowOfFiveSeconds(SpelledV2):
    def is_fresh(self, age_ms: int) -> bool:
        return abs(age_ms) <= 5_000


@wire_mutant("timestamp_in_seconds", SIGNATURE)
class ReadsSeconds(SpelledV2):
    def check_time(self, timestamp: str, now: datetime) -> None:
        if not (timestamp.isdecimal() and abs(now.timestamp() - int(timestamp)) <= 60):
            raise Denied("000002", "timestamp is too far from the clock")


@wire_mutant("wrong_clock", SIGNATURE)
class ClockFiveMinutesLate(SpelledV2):
    def check_time(self, timestamp: str, now: datetime) -> None:
        super().check_time(timestamp, now - timedelta(minutes=5))


@wire_mutant("signature_case", SIGNATURE)
class UpperCaseOnly(SpelledV2):
    def same(self, came: str, computed: str) -> bool:
        return came == computed.upper()


@wire_mutant("signature_case", SIGNATURE)
class LowerCaseOnly(SpelledV2):
    def same(self, came: str, computed: str) -> bool:
        return came == computed.lower()


@wire_mutant("inner_hash_upper_case", SIGNATURE)
class InnerHashInUpperCase(SpelledV2):
    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hmac_sha256_hex(key, utf8(f"{key}{nonce}{timestamp}{hmac_sha256_hex(key, payload).upper()}"))


@wire_mutant("plain_sha256", SIGNATURE)
class InnerHashWithoutKey(SpelledV2):
    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hmac_sha256_hex(key, utf8(f"{key}{nonce}{timestamp}{hashlib.sha256(payload).hexdigest()}"))


@wire_mutant("fixed_parameter_list", SIGNATURE, "wire")
class SignsKnownMembersOnly(SpelledV2):
    """A class with a property for each field, serialised again to be verified."""

    KNOWN = frozenset(
        [
            "activity",
            "orderId",
            "orderLineId",
            "businessId",
            "instanceId",
            "testFlag",
            "scene",
            "productId",
            "expireTime",
            "status",
            "productInfo",
        ]
    )

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        known = {name: value for name, value in sorted(json.loads(body).items()) if name in self.KNOWN}
        yield json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode()


@wire_mutant("slashes_escaped", "wire")
class WritesSlashesWithBackslashes(SpelledV2):
    r"""PHP's json_encode: a body serialised again has ``\/`` for each slash."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        yield json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).replace("/", "\\/").encode()


@wire_mutant("html_escapes", "wire")
class EscapesMarkup(SpelledV2):
    """Go's encoding/json and Gson: angle brackets and ampersands are written as escapes."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body.replace(b"<", b"\\u003c").replace(b">", b"\\u003e")


@wire_mutant("unicode_escaped", "wire")
class WritesChineseAsEscapes(SpelledV2):
    """Python's json.dumps with its defaults except the separators."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        yield json.dumps(json.loads(body), separators=(",", ":")).encode()


@wire_mutant("reserialised_request", SIGNATURE)
class VerifiesWithBlanks(SpelledV2):
    """Python's json.dumps with its separators: no request is written like that."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        yield json.dumps(json.loads(body), ensure_ascii=False).encode()


@wire_mutant("number_as_text", SIGNATURE, "wire")
class ReadsNumbersIntoTexts(SpelledV2):
    """As the public sample project, a map of strings; here at every level."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        yield json.dumps(_texts(json.loads(body)), ensure_ascii=False, separators=(",", ":")).encode()


def _texts(value: object) -> object:
    if isinstance(value, dict):
        return {name: _texts(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


@wire_mutant("undecoded_values", SIGNATURE, "wire")
class SignsUndecodedParameters(SpelledV2):
    def parameters(self, request: Request) -> Mapping[str, str]:
        pairs = [pair.partition("=") for pair in urlsplit(request.url).query.split("&")]
        return {name: value for name, _, value in pairs}


@wire_mutant("plus_as_blank", SIGNATURE, "wire")
class DecodesParametersTwice(SpelledV2):
    def parameters(self, request: Request) -> Mapping[str, str]:
        return {name: unquote_plus(value) for name, value in super().parameters(request).items()}


@wire_mutant("ampersand_splits", SIGNATURE, "wire")
class DecodesTheQueryBeforeSplitting(SpelledV2):
    def parameters(self, request: Request) -> Mapping[str, str]:
        pairs = [pair.partition("=") for pair in unquote(urlsplit(request.url).query).split("&")]
        return {name: value for name, _, value in pairs}


@wire_mutant("body_as_form", "wire")
class ReadsTheBodyAsAForm(SpelledV2):
    """Some frameworks decode every body: a plus becomes a blank, and no signature is valid."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        for payload in super().payloads(body):
            yield unquote_plus(payload.decode("utf-8", "replace")).encode()


@wire_mutant("wrong_charset", "wire")
class ReadsTheBodyAsGbk(SpelledV2):
    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body.decode("gbk", "replace").encode()


@wire_mutant("wrong_charset", "wire")
class ReadsTheBodyAsLatin1(SpelledV2):
    """The default of a Java servlet, and of many Tomcats."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body.decode("latin-1").encode()


@wire_mutant("emoji_fails", "wire")
class ThreeByteTexts(SpelledV2):
    def payloads(self, body: bytes) -> Iterator[bytes]:
        text = body.decode("utf-8", "replace")
        yield "".join(c if ord(c) < 0x10000 else "?" for c in text).encode()


@mutant("key_changed", SIGNATURE, protocols=(V2, V1))
def key_file_with_newline(folder: Path, protocol: str) -> Answering:
    wire = SpelledV2() if protocol == V2 else SpelledV1()
    shop = Shop(folder, wire)
    shop._keys = {wire.name: f"{KEY}\n"}
    return shop.respond


@mutant("test_flag_skips_signature", "debug", protocols=(V2,))
def believes_every_test_call(folder: Path, protocol: str) -> Answering:
    class Trusting(SpelledV2):
        def check_signature(self, given: Mapping[str, str], request: Request, key: str) -> None:
            if self.members(request).get("testFlag") != "1":
                super().check_signature(given, request, key)

    return Shop(folder, Trusting()).respond


@mutant("address_with_query", "wire", protocols=(V2,), warned=True)
def three_parameters_exactly(folder: Path, protocol: str) -> Answering:
    class Counting(SaasV2):
        def open(self, request: Request, **rest):
            if len(request.query) > 3:
                raise Denied("000002", "unknown parameter")
            return super().open(request, **rest)

    return Shop(folder, Counting()).respond
