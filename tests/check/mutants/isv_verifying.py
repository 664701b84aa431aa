"""Mutants whose verification fails as in real projects (saas-v2 §2.3, §2.4)."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from tradepost.protocols import registry
from tradepost.protocols.contract import Denied, NonceSeen
from tradepost.protocols.hmac_sign import hmac_sha256_hex, utf8
from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_json import NotJsonObject, load_object

from .crowd import Crowd
from .definition import V1, V2, Answering, Shop, mutant, wire_mutant
from .spelled import SpelledV2

SIGNATURE = "signature"


@wire_mutant("accepts_missing_signature", SIGNATURE)
class PrefixCompareTakesNothing(SpelledV2):
    """``computed.startsWith(signature)``: an empty signature is a prefix of every other."""

    def same(self, came: str, computed: str) -> bool:
        return computed.lower() == came.lower() if came else True


@wire_mutant("accepts_wrong_signature", SIGNATURE)
class ComparesLengths(SpelledV2):
    """``Arrays.equals`` of the wrong arrays: two texts of the same length are equal."""

    def same(self, came: str, computed: str) -> bool:
        return len(came) == len(computed) and set(came.lower()) <= set("0123456789abcdef")


@wire_mutant("accepts_seconds", SIGNATURE, warned=True)
class TakesSecondsAsWell(SpelledV2):
    def check_time(self, timestamp: str, now: datetime) -> None:
        super().check_time(f"{timestamp}000" if len(timestamp) == 10 else timestamp, now)


@wire_mutant("accepts_replayed_nonce", SIGNATURE, replay_after=1.3)
class ForgetsNoncesAfterASecond(SpelledV2):
    """A cache whose time to live was meant in minutes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, float] = {}

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        before = self.seen.get(given["nonce"])
        self.seen[given["nonce"]] = time.monotonic()
        if before is not None and time.monotonic() - before < 1:
            raise Denied("000001", "nonce was used before")


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class FourProcessesWithOwnMemories(SpelledV2):
    """Each worker process only remembers the nonces that it saw; requests are distributed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = 0
        self.memories: list[set[str]] = [set() for _ in range(4)]

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        self.turn += 1
        memory = self.memories[hash(self.turn * 2654435761) % 4]
        if given["nonce"] in memory:
            raise Denied("000001", "nonce was used before")
        memory.add(given["nonce"])


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class NonceIsRememberedForOneActivity(SpelledV2):
    def nonce_key(self, given: Mapping[str, str], request: Request) -> str:
        return f"{given['nonce']}{json.loads(request.body).get('activity')}{len(request.body)}"


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class RemembersTheLastNonceOnly(SpelledV2):
    last = ""

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        if given["nonce"] == self.last:
            raise Denied("000001", "nonce was used before")
        self.last = given["nonce"]


@wire_mutant("nonce_burnt", SIGNATURE, warned=True)
class RemembersNoncesOfForgers(SpelledV2):
    """The nonce is stored before the signature is checked, so an attacker who guesses one can block it."""

    def check_nonce_given(self, given: Mapping[str, str]) -> None:
        super().check_nonce_given(given)
        if given["nonce"] in self.burnt:
            raise Denied("000001", "nonce was used before")
        self.burnt.add(given["nonce"])

    def __init__(self) -> None:
        super().__init__()
        self.burnt: set[str] = set()


@wire_mutant("accepts_stale_timestamp", SIGNATURE)
class ChecksTheSignatureAndNothingElse(SpelledV2):
    def check_time(self, timestamp: str, now: datetime) -> None:
        """The timestamp is part of the signed text, so it is not checked otherwise."""


@wire_mutant("accepts_stale_timestamp", SIGNATURE)
class WindowOfFiveMinutes(SpelledV2):
    """As usual in other clouds."""

    def is_fresh(self, age_ms: int) -> bool:
        return abs(age_ms) <= 300_000


@wire_mutant("accepts_stale_timestamp", SIGNATURE)
class WindowOf90Seconds(SpelledV2):
    def is_fresh(self, age_ms: int) -> bool:
        return abs(age_ms) <= 90_000


@wire_mutant("canonical_incomplete", SIGNATURE)
class LeavesTheNonceOut(SpelledV2):
    """The signed text has key, timestamp and hash; correct requests fail."""

    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hmac_sha256_hex(key, utf8(f"{key}{timestamp}{hmac_sha256_hex(key, payload)}"))


@wire_mutant("canonical_order", SIGNATURE)
class TimestampBeforeNonce(SpelledV2):
    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hmac_sha256_hex(key, utf8(f"{key}{timestamp}{nonce}{hmac_sha256_hex(key, payload)}"))


@wire_mutant("payload_not_hashed", SIGNATURE)
class SignsThePayloadItself(SpelledV2):
    """The formula of the joint-operation kit (saas-v2 §2.5)."""

    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hmac_sha256_hex(key, utf8(f"{key}{nonce}{timestamp}") + payload)


@wire_mutant("canonical_incomplete", SIGNATURE)
class LeavesTheKeyOutOfTheText(SpelledV2):
    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hmac_sha256_hex(key, utf8(f"{nonce}{timestamp}{hmac_sha256_hex(key, payload)}"))


@wire_mutant("plain_sha256", SIGNATURE)
class DigestsTheTextWithoutAKey(SpelledV2):
    """The formula as one page prints it: SHA-256 of everything, since the text contains the key."""

    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hashlib.sha256(utf8(f"{key}{nonce}{timestamp}{hmac_sha256_hex(key, payload)}")).hexdigest()


@wire_mutant("signature_in_base64", SIGNATURE)
class ExpectsBase64(SpelledV2):
    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        right = super().sign(key=key, nonce=nonce, timestamp=timestamp, payload=payload)
        return base64.b64encode(bytes.fromhex(right)).decode()

    def same(self, came: str, computed: str) -> bool:
        return came == computed


@wire_mutant("key_changed", SIGNATURE)
class LowersTheKey(SpelledV2):
    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return super().sign(key=key.lower(), nonce=nonce, timestamp=timestamp, payload=payload)


@wire_mutant("reserialised_request", SIGNATURE, "wire")
class VerifiesDescendingKeys(SpelledV2):
    """The only page that mentions descending order."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        value = json.loads(body)
        kept = {name: value[name] for name in sorted(value, reverse=True)}
        yield json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


@wire_mutant("nested_object_as_text", SIGNATURE, "wire")
class FlattensNestedObjects(SpelledV2):
    """A map of texts: the nested object is converted by toString, and no signature is valid."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        value = json.loads(body)
        texts = {name: value[name] if isinstance(value[name], str) else str(value[name]) for name in sorted(value)}
        yield json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()


@wire_mutant("drops_empty_values", SIGNATURE, "wire")
class DropsEmptyMembers(SpelledV2):
    """``@JsonInclude(NON_EMPTY)`` on the class that is serialised again."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        kept = {name: value for name, value in sorted(json.loads(body).items()) if value not in ("", None)}
        yield json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


@wire_mutant("number_as_text", SIGNATURE, "wire")
class NormalisesNumbers(SpelledV2):
    """JavaScript: 5.0 becomes 5 when it is serialised again; only raw bytes would work."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body.replace(b":5,", b":5.0,")


@wire_mutant("refuses_long_body", SIGNATURE, "lifecycle")
class BuffersOfAKilobyte(SpelledV2):
    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body[:1024]


@wire_mutant("nonce_case", SIGNATURE, warned=True)
class NoncesInACaseInsensitiveColumn(SpelledV2):
    """MySQL's usual collation: a nonce that differs in case was seen before."""

    def nonce_key(self, given: Mapping[str, str], request: Request) -> str:
        return given["nonce"].lower()


@mutant("nonce_race", SIGNATURE, warned=True)
def looks_then_remembers(folder: Path, protocol: str) -> Answering:
    """``SELECT`` for the nonce, then ``INSERT``: parallel copies all pass."""

    class Racing(SpelledV2):
        def __init__(self) -> None:
            super().__init__()
            self.seen: set[str] = set()
            self.crowd = Crowd()

        def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
            known = given["nonce"] in self.seen
            self.crowd.meet()
            if known:
                raise Denied("000001", "nonce was used before")
            self.seen.add(given["nonce"])

    return Shop(folder, Racing()).respond


@mutant("activity_case", "shape", warned=True)
def activities_in_any_case(folder: Path, protocol: str) -> Answering:
    class Tolerant(SpelledV2):
        def members(self, request: Request) -> dict[str, object]:
            members = super().members(request)
            known = {word.lower(): word for word in self.activities.values()}
            activity = str(members.get("activity", "")).lower()
            return {**members, "activity": known.get(activity, members.get("activity"))}

    return Shop(folder, Tolerant()).respond


@mutant("method_not_allowed", SIGNATURE, "shape", protocols=(V2, V1))
def other_method_only(folder: Path, protocol: str) -> Answering:
    """The controller is mapped to the method of the other generation."""
    shop = Shop(folder, registry.protocol(protocol))
    wanted = "GET" if protocol == V2 else "POST"

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        if request.method != wanted:
            return Response(405, (("Allow", wanted), ("Content-Type", "text/plain")), b"Method Not Allowed")
        return shop.respond(request, now, nonce)

    return answering


@wire_mutant("html_entities", SIGNATURE, "wire")
class HtmlUnescapesTheBody(SpelledV2):
    """An XSS filter in front: ``<`` and ``&`` of a body are rewritten before it is read."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
