"""Mutants that verify requests as Java, PHP, Go, Node, .NET and their frameworks make one do (saas-v2 §2.3, §2.4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tradepost.protocols import registry
from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Denied
from tradepost.protocols.hmac_sign import hmac_sha256_base64, hmac_sha256_hex, utf8
from tradepost.protocols.http import Request, Response
from tradepost.protocols.signed_query import text_to_sign
from tradepost.protocols.wire_json import NotJsonObject, load_object

from .answer_signing import signed_over
from .any_shop import any_seller
from .crowd import Crowd
from .definition import ISSUING, ONLINE, V1, V2, Answering, Shop, mutant, wire_mutant
from .every_protocol import KITS, OTHERS, Met, front_mutant
from .http_habits import page
from .spelled import SpelledV1, SpelledV2

SIGNATURE, WIRE, LOAD, SHAPE = "signature", "wire", "load", "shape"
EVERY = (V2, V1, *OTHERS)


class _WritesAgain(SpelledV2):
    """Verify what its JSON library makes of the body."""

    def written(self, members: dict[str, object]) -> str:
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    def payloads(self, body: bytes) -> Iterator[bytes]:
        try:
            load_object(body)
        except NotJsonObject:
            return
        yield self.written(json.loads(body)).encode()


# --- JSON libraries --------------------------------------------------------------------------------------------------


@wire_mutant("html_escapes", WIRE)
class GsonWithItsDefaults(_WritesAgain):
    def written(self, members: dict[str, object]) -> str:
        return re.sub("[<>&=']", lambda found: f"\\u{ord(found[0]):04x}", super().written(members))


@wire_mutant("html_escapes", WIRE)
class GoWithItsDefaults(_WritesAgain):
    def written(self, members: dict[str, object]) -> str:
        return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", super().written(members))


@wire_mutant("slashes_escaped", WIRE)
class PhpWithItsDefaults(_WritesAgain):
    """json_encode($_JSON): slashes and Chinese."""

    def written(self, members: dict[str, object]) -> str:
        return json.dumps(members, separators=(",", ":")).replace("/", "\\/")


@wire_mutant("unicode_escaped", WIRE)
class SystemTextJson(_WritesAgain):
    def written(self, members: dict[str, object]) -> str:
        text = json.dumps(members, separators=(",", ":")).replace('\\"', "\\u0022")
        text = re.sub(r"\\u([0-9a-f]{4})", lambda found: f"\\u{found[1].upper()}", text)
        return re.sub("[<>&'+`]", lambda found: f"\\u{ord(found[0]):04X}", text)


@wire_mutant("text_as_number", SIGNATURE)
class JsonNumericCheck(_WritesAgain):
    """PHP's JSON_NUMERIC_CHECK: testFlag "1" is written as 1, and no test call is authentic."""

    def written(self, members: dict[str, object]) -> str:
        return super().written({n: int(str(v)) if str(v).isdigit() else v for n, v in members.items()})


@wire_mutant("text_as_number", WIRE)
class LeadingZerosAreLost(_WritesAgain):
    """A numeric column in between: "00123" becomes 123."""

    def written(self, members: dict[str, object]) -> str:
        return super().written({n: _number(v) for n, v in members.items()})


@wire_mutant("trims_values", WIRE)
class FrameworkTrimsInput(_WritesAgain):
    """Laravel's TrimStrings, Spring's StringTrimmerEditor."""

    def written(self, members: dict[str, object]) -> str:
        return super().written({n: v.strip() if isinstance(v, str) else v for n, v in members.items()})


@wire_mutant("drops_empty_values", WIRE)
class EmptyTextsBecomeNull(_WritesAgain):
    """Laravel's ConvertEmptyStringsToNull."""

    def written(self, members: dict[str, object]) -> str:
        return super().written({n: v if v != "" else None for n, v in members.items()})


@wire_mutant("wrong_charset", WIRE)
class GetBytesInAscii(SpelledV2):
    """``body.getBytes()`` where the platform's charset is ASCII: a question mark for each character."""

    def payloads(self, body: bytes) -> Iterator[bytes]:
        yield body.decode("utf-8", "replace").encode("ascii", "replace")


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and len(value) > 2 and value.isdigit() else value


# --- keys ------------------------------------------------------------------------------------------------------------


class _OtherKey(SpelledV2):
    read_key: Callable[[str], bytes]

    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        secret = type(self).read_key(key)
        inner = hmac.new(secret, payload, hashlib.sha256).hexdigest()
        return hmac.new(secret, utf8(f"{key}{nonce}{timestamp}{inner}"), hashlib.sha256).hexdigest()


@wire_mutant("key_decoded", SIGNATURE)
class KeyFromBase64(_OtherKey):
    read_key = staticmethod(base64.b64decode)


@wire_mutant("key_decoded", SIGNATURE)
class KeyFromHex(_OtherKey):
    read_key = staticmethod(bytes.fromhex)


@wire_mutant("key_not_set", SIGNATURE)
class KeyIsEmpty(SpelledV2):
    """The environment of the server lacks the variable."""

    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return super().sign(key="", nonce=nonce, timestamp=timestamp, payload=payload)


@wire_mutant("key_not_set", SIGNATURE)
class KeyIsUndefined(SpelledV2):
    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return super().sign(key="undefined", nonce=nonce, timestamp=timestamp, payload=payload)


@wire_mutant("key_not_set", SIGNATURE)
class KeyIsEmptyV1(SpelledV1):
    def sign(self, parameters: Mapping[str, str], key: str) -> str:
        return hmac_sha256_base64(parameters.get("timeStamp", ""), utf8(text_to_sign(parameters)))


# --- comparing -------------------------------------------------------------------------------------------------------


@wire_mutant("accepts_wrong_signature", SIGNATURE)
class StrcmpOfAnArray(SpelledV2):
    """PHP: ``strcmp($_GET['signature'], $right) == 0`` is true if the first is an array."""

    def check_signature(self, given: Mapping[str, str], request: Request, key: str) -> None:
        if "signature[]" not in given:
            super().check_signature(given, request, key)


@mutant("http_error_for_bad_request", SIGNATURE, protocols=(V2, V1))
def text_method_of_an_array(folder: Path, protocol: str) -> Answering:
    """Express: ``req.query.signature.toLowerCase`` is not a function if the name occurs twice."""
    shop = Shop(folder, registry.protocol(protocol))
    name = "signature=" if protocol == V2 else "authToken="

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        return page(500, "TypeError") if request.url.count(name) > 1 else shop.respond(request, now, nonce)

    return answering


@wire_mutant("refuses_correct_request", SIGNATURE)
class SmallLettersOfTurkey(SpelledV2):
    """``activity.toLowerCase()`` where the server's language is Turkish: an I becomes an i without a dot."""

    def command(self, members: dict[str, object]) -> Command:
        if "I" in str(members.get("activity")):
            raise Denied("000002", "unknown activity")
        return super().command(members)


@wire_mutant("refuses_correct_request", SIGNATURE)
class TimestampOf32Bits(SpelledV2):
    """``int.Parse`` of milliseconds overflows, and the catch-all answers 000002."""

    def check_time(self, timestamp: str, now: datetime) -> None:
        if timestamp.isdecimal() and int(timestamp) >= 1 << 31:
            raise Denied("000002", "Value was either too large or too small for an Int32")
        super().check_time(timestamp, now)


@wire_mutant("wrong_clock", SIGNATURE)
class ReadsTheTimeInBeijing(SpelledV1):
    """timeStamp is UTC; read as local time, it is eight hours old."""

    def command(self, parameters: dict[str, str], key: str) -> Command:
        told = datetime.strptime(parameters.get("timeStamp", "")[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if abs(datetime.now(UTC) + timedelta(hours=8) - told) > timedelta(minutes=5):
            raise Denied("000002", "timeStamp is too old")
        return super().command(parameters, key)


# --- nonces ----------------------------------------------------------------------------------------------------------


@wire_mutant("nonce_cut", WIRE)
class NonceColumnOf32(SpelledV2):
    """MySQL without strict mode: a longer value is cut, and the next is a duplicate."""

    def nonce_key(self, given: Mapping[str, str], request: Request) -> str:
        return given["nonce"][:32]


@wire_mutant("refuses_longest_value", WIRE)
class NonceDoesNotFit(SpelledV2):
    def check_nonce_given(self, given: Mapping[str, str]) -> None:
        super().check_nonce_given(given)
        if len(given["nonce"]) > 40:
            raise Denied("000005", "Data too long for column 'nonce'")


# --- what stands before the program ----------------------------------------------------------------------------------


@mutant("refuses_content_type", SIGNATURE, protocols=(V2, ONLINE))
def knows_no_utf8_without_a_hyphen(folder: Path, protocol: str) -> Answering:
    """Express' body-parser: ``unsupported charset "UTF8"``."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        wrong = "charset=utf8" in (request.header("Content-Type") or "")
        return page(415, "unsupported charset") if wrong else seller.respond(request, now, nonce)

    return answering


@mutant("access_denied", SIGNATURE, protocols=EVERY)
def behind_a_login(folder: Path, protocol: str) -> Answering:
    """Spring Security, before the path was listed."""
    return lambda request, now, nonce: Response(401, (("WWW-Authenticate", "Basic"),), b"")


@mutant("access_denied", SHAPE, protocols=(V2,))
def wants_a_csrf_token(folder: Path, protocol: str) -> Answering:
    return lambda request, now, nonce: page(419, "Page Expired")


@mutant("acts_before_verifying", SIGNATURE, protocols=(V2, *ISSUING))
def verifies_when_all_is_done(folder: Path, protocol: str) -> Answering:
    """The signature is checked on the way out."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        if str(met.members.get("activity", "")).startswith("release") and met.members.get("testFlag") != "1":
            seller.respond(met.renewed(), now, nonce)
        return seller.respond(request, now, nonce)

    return answering


@front_mutant("activity_not_guarded", SIGNATURE, protocols=("license_v1", "license_code", ONLINE, *KITS))
def one_path_outside_of_the_filter(met: Met) -> Request:
    """The newest one is missing in the list of the filter."""
    last = list(registry.protocol(met.protocol).activities.values())[-1]
    asked = str(met.members.get("activity", "")) or met.request.path.rpartition("/")[2]
    return met.believed() if asked == last else met.request


@wire_mutant("activity_not_guarded", SIGNATURE)
class UpgradesComeInByTheSideDoor(SpelledV2):
    def check_signature(self, given: Mapping[str, str], request: Request, key: str) -> None:
        if b'"upgradeInstance"' not in request.body:
            super().check_signature(given, request, key)


# --- threads ---------------------------------------------------------------------------------------------------------


@mutant("signature_race", LOAD, protocols=(V2, ONLINE, *KITS))
def one_mac_for_all_threads(folder: Path, protocol: str) -> Answering:
    """Java's ``Mac`` in a static field: parallel calls share its state."""
    seller, crowd = any_seller(folder, protocol), Crowd()

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        with crowd as number:
            met = Met(protocol, request, now, nonce)
            return seller.respond(met.spoiled() if number > 3 else request, now, nonce)

    return answering


@mutant("signature_race", LOAD, protocols=(V2, V1))
def one_mac_for_all_answers(folder: Path, protocol: str) -> Answering:
    shop, crowd = Shop(folder, registry.protocol(protocol)), Crowd()

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        with crowd as number:
            response = shop.respond(request, now, nonce)
            return signed_over(response, response.body + response.body[:7]) if number > 3 else response

    return answering


@wire_mutant("plain_sha256", SIGNATURE)
class KeyBehindTheText(SpelledV2):
    """``sha256(text + key)``: a common way of signing with a secret."""

    def sign(self, *, key: str, nonce: str, timestamp: str, payload: bytes) -> str:
        return hashlib.sha256(utf8(f"{key}{nonce}{timestamp}{hmac_sha256_hex(key, payload)}")).hexdigest()
