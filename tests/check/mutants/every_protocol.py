"""Mistakes that a seller can make in each of the smaller versions, written once and applied to all with the rule.

A *front* runs before an honest seller: it corrects what the mutant overlooks, or damages what the mutant gets wrong.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tradepost.check.dialects import Dialect, SigningInputs, dialect_of
from tradepost.check.target import target_of
from tradepost.protocols import registry
from tradepost.protocols.commands import Done, Rejected
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256_base64, hmac_sha256_hex, utf8
from tradepost.protocols.http import Request, Response
from tradepost.protocols.joint_kit_v1.signing import body_token
from tradepost.protocols.joint_kit_v2.signing import x_sign
from tradepost.protocols.signed_query import auth_token, text_to_sign
from tradepost.protocols.signed_url import signature
from tradepost.protocols.wire_json import dump_sorted

from . import answer_signing, http_habits, isv_answering
from .any_shop import any_seller
from .crowd import Crowd
from .definition import KEY, Answering, answer_mutant, mutant

SIGNATURE, SHAPE, WIRE, DEBUG, LOAD = "signature", "shape", "wire", "debug", "load"
LICENSES = ("license_v1", "license_code", "license_online")
KITS = ("joint_kit_v1", "joint_kit_v2")
OTHERS = (*LICENSES, *KITS, "order_notice")
STAMPED = ("license_code", "license_online", "joint_kit_v2", "order_notice")
TOKENS = ("license_v1", "joint_kit_v1")
SIGNED_ANSWERS = ("license_v1", *KITS)
NAMED = ("license_v1", "license_code", "license_online", "order_notice")
"""Versions whose requests name an activity; those of the kit have paths."""


@dataclass(frozen=True)
class Met:
    """An incoming request."""

    protocol: str
    request: Request
    now: datetime
    chance: str

    @property
    def dialect(self) -> Dialect:
        return dialect_of(target_of(self.protocol).specification.signed)

    @property
    def token(self) -> str:
        return self.dialect.get(self.request, self.dialect.token)

    @property
    def right_token(self) -> str:
        """Return the right token of this request."""
        try:
            return self.token_over(self.request)
        except (ValueError, UnicodeError):
            return "?"

    def token_over(self, request: Request) -> str:
        get = self.dialect.get
        if self.protocol == "license_v1":
            return auth_token(request.query, key=KEY)
        if self.protocol == "joint_kit_v1":
            return body_token(self.dialect.members(request), key=KEY)
        stamp = {"nonce": get(request, self.dialect.nonce), "timestamp": get(request, self.dialect.timestamp)}
        sign = x_sign if self.protocol == "joint_kit_v2" else signature
        return sign(key=KEY, payload=request.body, **stamp)

    @property
    def is_right(self) -> bool:
        return self.token.lower() == self.right_token.lower()

    @property
    def age(self) -> float:
        """Seconds."""
        stamp = self.dialect.get(self.request, self.dialect.timestamp)
        return (epoch_ms(self.now) - int(stamp)) / 1000 if stamp.isascii() and stamp.isdigit() else 0

    @property
    def members(self) -> dict[str, object]:
        try:
            members: object = self.dialect.members(self.request)
        except ValueError:
            return {}
        return members if isinstance(members, dict) else {}

    def believed(self) -> Request:
        return self.dialect.put(self.request, self.dialect.token, self.right_token)

    def renewed(self) -> Request:
        """Sign again, with the current time and a new nonce."""
        return self.dialect.signed(self.request, self.members, SigningInputs(KEY, self.now, self.chance))

    def spoiled(self) -> Request:
        return self.dialect.put(self.request, self.dialect.token, "0" * 44)

    def says(self, code: str) -> Response:
        wire = registry.protocol(self.protocol)
        outcome = Done() if code == "000000" else Rejected(code=code, message="refused")
        return wire.answer(None, outcome, key=KEY, nonce=self.chance)


type Front = Callable[[Met], Request | Response]


def front_mutant(
    diagnosis: str, *groups: str, protocols: tuple[str, ...], warned: bool = False
) -> Callable[[Front], Front]:
    def declare(front: Front) -> Front:
        def build(folder: Path, protocol: str) -> Answering:
            seller = any_seller(folder, protocol)

            def answering(request: Request, now: datetime, nonce: str) -> Response:
                passed = front(Met(protocol, request, now, nonce))
                return passed if isinstance(passed, Response) else seller.respond(passed, now, nonce)

            return answering

        build.__name__ = front.__name__
        mutant(diagnosis, *groups, protocols=protocols, warned=warned)(build)
        return front

    return declare


# --- who may ask: too lax --------------------------------------------------------------------------------------------


@front_mutant("no_token_check", SIGNATURE, protocols=OTHERS)
def believes_everybody(met: Met) -> Request:
    return met.believed()


@front_mutant("accepts_missing_signature", SIGNATURE, protocols=OTHERS)
def checks_only_what_is_there(met: Met) -> Request:
    return met.request if met.token else met.believed()


@front_mutant("accepts_wrong_signature", SIGNATURE, protocols=OTHERS)
def compares_the_beginning(met: Met) -> Request:
    return met.believed() if met.token[:10].lower() == met.right_token[:10].lower() else met.request


@front_mutant("body_not_signed", SIGNATURE, protocols=OTHERS)
def overlooks_an_id(met: Met) -> Request:
    """The signature covers everything but the ids."""
    for name in ("instanceId", "orderId", "license", "tenantId"):
        value = met.members.get(name)
        if not isinstance(value, str) or not value or met.is_right:
            continue
        for last in string.ascii_letters + string.digits:
            before = {**met.members, name: value[:-1] + last}
            if met.protocol == "license_v1":
                texts = {**before, "timeStamp": met.request.query.get("timeStamp", "")}
                right = auth_token({n: str(v) for n, v in texts.items()}, key=KEY)
            else:
                right = met.token_over(replace(met.request, body=dump_sorted(before)))
            if right == met.token:
                return met.believed()
        return met.request
    return met.request


@front_mutant("accepts_stale_timestamp", SIGNATURE, protocols=STAMPED)
def accepts_what_is_old(met: Met) -> Request:
    return met.renewed() if met.is_right and met.age > 60 else met.request


@front_mutant("accepts_future_timestamp", SIGNATURE, protocols=STAMPED)
def accepts_what_is_to_come(met: Met) -> Request:
    return met.renewed() if met.is_right and met.age < -60 else met.request


@front_mutant("timestamp_not_required", SIGNATURE, protocols=STAMPED)
def does_without_a_timestamp(met: Met) -> Request:
    stamp = met.dialect.get(met.request, met.dialect.timestamp)
    return met.request if stamp.isdigit() else met.renewed()


@front_mutant("nonce_not_required", SIGNATURE, protocols=STAMPED)
def does_without_a_nonce(met: Met) -> Request:
    return met.request if met.dialect.get(met.request, met.dialect.nonce) else met.renewed()


@front_mutant("accepts_replayed_nonce", SIGNATURE, protocols=STAMPED)
def remembers_no_nonce(met: Met) -> Request:
    nonce, stamp = (met.dialect.get(met.request, name) for name in (met.dialect.nonce, met.dialect.timestamp))
    stamped = nonce and stamp.isdigit()
    return met.renewed() if met.is_right and stamped and abs(met.age) <= 60 and met.members else met.request


@front_mutant("test_flag_skips_signature", DEBUG, protocols=OTHERS)
def believes_test_calls(met: Met) -> Request:
    """All harmless calls of these versions are test calls."""
    real = str(met.members.get("testFlag")) != "1"
    return met.request if real else met.believed()


# --- who may ask: too strict -----------------------------------------------------------------------------------------


@front_mutant("signature_case", SIGNATURE, protocols=STAMPED)
def compares_with_lower_case(met: Met) -> Request:
    return met.request if met.token == met.token.lower() else met.spoiled()


@front_mutant("window_too_narrow", SIGNATURE, protocols=STAMPED)
def allows_ten_seconds(met: Met) -> Request:
    return met.dialect.put(met.request, met.dialect.timestamp, "0") if 10 < abs(met.age) < 50 else met.request


@front_mutant("fixed_parameter_list", WIRE, protocols=OTHERS)
def signs_known_names_only(met: Met) -> Request:
    tables = target_of(met.protocol).specification.requests.values()
    known = {field.name for table in tables for field in table} | {"timeStamp", "activity"}
    return met.request if met.members.keys() <= known else met.spoiled()


@front_mutant("refuses_unknown_fields", WIRE, protocols=OTHERS)
def refuses_unknown_names(met: Met) -> Request | Response:
    tables = target_of(met.protocol).specification.requests.values()
    known = {field.name for table in tables for field in table} | {"timeStamp", "activity"}
    return met.request if met.members.keys() <= known or not met.is_right else met.says("000002")


@front_mutant("wrong_charset", WIRE, protocols=OTHERS)
def reads_latin_1(met: Met) -> Request:
    text = "".join(str(value) for value in met.members.values())
    return met.request if text.isascii() else met.spoiled()


@front_mutant("plus_as_blank", WIRE, protocols=OTHERS)
def makes_blanks_of_plus_signs(met: Met) -> Request:
    text = "".join(value for name, value in met.members.items() if isinstance(value, str) and name != "clientSecret")
    return met.spoiled() if "+" in text or "%2B" in text else met.request


@front_mutant("drops_empty_values", WIRE, protocols=("license_v1", "license_code", "license_online", "order_notice"))
def signs_what_is_not_empty(met: Met) -> Request:
    return met.spoiled() if "" in met.members.values() else met.request


@front_mutant("refuses_content_type", WIRE, protocols=("license_code", "license_online", *KITS, "order_notice"))
def compares_the_content_type(met: Met) -> Request | Response:
    kind = met.request.header("Content-Type") or ""
    return met.says("000002") if "UTF-8" in kind else met.request


@front_mutant("wrong_key", SIGNATURE, protocols=OTHERS)
def holds_another_key(met: Met) -> Request:
    return met.spoiled()


@front_mutant("payload_hashed", SIGNATURE, protocols=("joint_kit_v2",))
def hashes_the_payload(met: Met) -> Request:
    """The formula of the base interfaces."""
    get, dialect = met.dialect.get, met.dialect
    stamp = {"nonce": get(met.request, dialect.nonce), "timestamp": get(met.request, dialect.timestamp)}
    expected = signature(key=KEY, payload=met.request.body, **stamp)
    return met.believed() if met.token.lower() == expected.lower() else met.spoiled()


@front_mutant("payload_not_hashed", SIGNATURE, protocols=("license_code", "license_online", "order_notice"))
def signs_the_payload_itself(met: Met) -> Request:
    get, dialect = met.dialect.get, met.dialect
    stamp = {"nonce": get(met.request, dialect.nonce), "timestamp": get(met.request, dialect.timestamp)}
    expected = x_sign(key=KEY, payload=met.request.body, **stamp)
    return met.believed() if met.token.lower() == expected.lower() else met.spoiled()


@front_mutant("plain_sha256", SIGNATURE, protocols=("license_code", "license_online", "order_notice"))
def digests_the_payload(met: Met) -> Request:
    nonce, stamp = (met.dialect.get(met.request, name) for name in (met.dialect.nonce, met.dialect.timestamp))
    inner = hashlib.sha256(met.request.body).hexdigest()
    expected = hmac_sha256_hex(KEY, utf8(f"{KEY}{nonce}{stamp}{inner}"))
    return met.believed() if met.token.lower() == expected else met.spoiled()


@front_mutant("token_key_without_time", SIGNATURE, protocols=TOKENS)
def token_with_the_key_alone(met: Met) -> Request:
    texts = {**met.dialect.texts(met.members), "timeStamp": met.dialect.get(met.request, "timeStamp")}  # type: ignore[attr-defined]
    expected = hmac_sha256_base64(KEY, utf8(text_to_sign(texts)))
    return met.believed() if met.token == expected else met.spoiled()


@front_mutant("token_over_json", SIGNATURE, protocols=("joint_kit_v1",))
def token_over_the_body(met: Met) -> Request:
    expected = hmac_sha256_base64(KEY + met.dialect.get(met.request, "timeStamp"), met.request.body)
    return met.believed() if met.token == expected else met.spoiled()


@front_mutant("number_as_text", SIGNATURE, protocols=("joint_kit_v2",))
def reads_numbers_into_texts(met: Met) -> Request:
    """``Map<String, String>`` in front of Jackson: flag 1 becomes "1"."""
    texts = {name: value if isinstance(value, str) else str(value) for name, value in met.members.items()}
    expected = met.token_over(replace(met.request, body=dump_sorted(texts)))
    return met.believed() if met.token.lower() == expected.lower() else met.spoiled()


# --- what is asked ---------------------------------------------------------------------------------------------------


@front_mutant("success_for_unknown_activity", SHAPE, protocols=NAMED)
def unknown_activities_are_fine(met: Met) -> Request | Response:
    known = registry.protocol(met.protocol).activities.values()
    return met.request if met.members.get("activity") in known or not met.is_right else met.says("000000")


@front_mutant("test_flag_refused", DEBUG, protocols=OTHERS)
def switches_debugging_off(met: Met) -> Request | Response:
    return met.says("000005") if str(met.members.get("testFlag")) == "1" and met.is_right else met.request


@mutant("accepts_missing_field", SHAPE, protocols=OTHERS)
def validates_nothing(folder: Path, protocol: str) -> Answering:
    """Unreadable requests are treated as success."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        response = seller.respond(request, now, nonce)
        met = Met(protocol, request, now, nonce)
        return met.says("000000") if b'"000002"' in response.body and met.is_right and met.members else response

    return answering


@mutant("repeat_refused", DEBUG, protocols=OTHERS)
def test_calls_once(folder: Path, protocol: str) -> Answering:
    """A second debug call with the same values is a duplicate key."""
    seller = any_seller(folder, protocol)
    seen: set[str] = set()

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        asked = repr(sorted((n, str(v)) for n, v in met.members.items() if n != "timeStamp")) + request.path
        if str(met.members.get("testFlag")) == "1" and asked in seen and met.is_right:
            return met.says("000005")
        seen.add(asked)
        return seller.respond(request, now, nonce)

    return answering


@mutant("fails_under_load", LOAD, protocols=OTHERS)
def twenty_at_once_are_too_many(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)
    crowd = Crowd()

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        with crowd as number:
            if number > 20:
                return Response(503, (("Content-Type", "text/plain"),), b"too many connections")
            return seller.respond(request, now, nonce)

    return answering


# --- answers: what was written for SaaS applies as it is -------------------------------------------------------------

for _diagnosis, _rewrite, _protocols, _groups in (
    ("no_body_sign", answer_signing.no_body_sign, SIGNED_ANSWERS, (SIGNATURE,)),
    ("header_case", answer_signing.header_in_lower_case, SIGNED_ANSWERS, (SIGNATURE,)),
    ("quotes_missing", answer_signing.quotes_missing, SIGNED_ANSWERS, (SIGNATURE, WIRE)),
    ("trailing_newline", answer_signing.sends_a_newline_more, OTHERS, (SIGNATURE,)),
    ("blank_after_colon", answer_signing.signs_with_blanks, OTHERS, (SIGNATURE,)),
    ("signs_empty_body", isv_answering.signs_nothing, OTHERS, (SIGNATURE,)),
    ("unsigned_error", isv_answering.only_newly_made_is_signed, SIGNED_ANSWERS, (SIGNATURE,)),
    ("http_status", http_habits.created_is_201, OTHERS, (SHAPE,)),
    ("http_error_for_bad_request", http_habits.bad_signature_is_401, OTHERS, (SIGNATURE,)),
    ("http_error_for_bad_request", http_habits.bad_parameter_is_an_html_page, OTHERS, (SHAPE,)),
    ("wrong_content_type", http_habits.says_html, OTHERS, (SHAPE,)),
    ("bom", http_habits.byte_order_mark, OTHERS, (WIRE,)),
    ("field_case", isv_answering.result_code_in_lower_case, OTHERS, (SHAPE,)),
    ("wrapped_answer", isv_answering.everything_in_data, OTHERS, (SHAPE,)),
    ("bad_result_code", isv_answering.success_is_0, OTHERS, (SHAPE,)),
    ("key_in_answer", http_habits.says_what_was_signed, OTHERS, (SIGNATURE, "secrets")),
    ("too_slow", isv_answering.never_answers, ("order_notice",), (SHAPE,)),
):
    _timeout = 0.5 if _diagnosis == "too_slow" else 20
    answer_mutant(_diagnosis, *_groups, protocols=_protocols, timeout=_timeout)(_rewrite)
