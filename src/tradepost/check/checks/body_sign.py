"""Group *signature*, reverse direction: every answer is signed over exactly its bytes (saas-v2 §2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import NOT_AUTHENTIC, expect_readable, failed
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.dialects import UrlDialect
from tradepost.check.judgements import sign_failure, sign_mistake
from tradepost.check.probes import (
    Probe,
    bad_type,
    bare,
    forged,
    harmless,
    incomplete,
    not_json,
    real_query,
    test_call,
    unknown_activity,
    unknown_instance,
)
from tradepost.check.signature_diagnosis import explain_body_sign
from tradepost.protocols.body_sign import HEADER
from tradepost.protocols.commands import Create, Query
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.answers import Answer
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target


@check_factory
def body_sign(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "signature")
    expected = Text(
        en='the header Body-Sign, spelled so, with sign_type="HMAC-SHA256", signature="…" over exactly the bytes of the body',
        zh='响应头Body-Sign（大小写一致），值为sign_type="HMAC-SHA256", signature="…"，对响应体的确切字节签名',
    )
    for kind, activity in target.protocol.activities.items():
        yield make(
            f"answer.{activity}", "body_sign", _signed(test_call(kind), refusal=False),
            Text(en=f"The answer to {activity} is signed", zh=f"{activity}的响应有签名"), expected,
        )  # fmt: skip
    if target.has(Query, Create):
        yield make(
            "answer.real", "body_sign", _signed(real_query, refusal=False),
            Text(en="The answer with a buyer's data is signed", zh="含用户数据的响应有签名"), expected,
        )  # fmt: skip
    for name, title, probe in (
        ("forged", Text(en="The refusal of a wrong signature is signed", zh="拒绝错误签名的响应有签名"), forged),
        ("unknown_activity", Text(en="The refusal of an unknown activity is signed", zh="拒绝未知activity的响应有签名"), unknown_activity),
        ("missing_field", Text(en="The refusal of an incomplete request is signed", zh="拒绝不完整请求的响应有签名"), incomplete),
        ("bad_type", Text(en="The answer to a field of the wrong type is signed", zh="字段类型错误时的响应有签名"), bad_type),
        ("unknown_instance", Text(en="The answer about an unknown instance is signed", zh="未知实例的响应有签名"), unknown_instance),
        ("not_json", Text(en="The answer to a body that is no JSON is signed", zh="请求体不是JSON时的响应有签名"), not_json),
        ("no_parameters", Text(en="The answer to a bare request is signed", zh="不带参数的请求的响应有签名"), bare),
    ):  # fmt: skip
        if probe is not_json and not isinstance(target.dialect, UrlDialect):
            continue
        if probe is bad_type and not target.dialect.json_body:
            continue
        if probe is unknown_instance and not target.has(Query):
            continue
        yield make(f"answer.{name}", "body_sign", _signed(probe, refusal=True), title, expected)


def _signed(probe: Probe, *, refusal: bool) -> Body:
    def body(caller: Caller) -> None:
        answer = probe(caller)
        if answer.received.fault:
            raise failed(answer.received.fault, answer)
        if answer.received.status != 200 and not refusal:
            # Another part of the server answered, which does not sign; its own diagnosis is more precise.
            expect_readable(answer)
        if answer.compressed:
            # A server that compresses signs the uncompressed bytes.
            raise failed("compressed", answer)
        if answer.members is None and answer.received.header("Body-Sign") is None:
            expect_readable(answer, http_error="http_error_for_bad_request" if refusal else "http_status")
        name = sign_mistake(answer, caller.options.key, required=caller.target.specification.body_sign)
        if name is None:
            return
        if name in {"signature_mismatch", "unsorted_keys", "reserialised_json"} and _constant(caller, answer):
            name = "constant_signature"
        if name == "signature_mismatch" and caller.ask(caller.harmless()).code == NOT_AUTHENTIC:
            # Both directions fail, so the key is wrong.
            name = "wrong_key"
        if refusal and explain_body_sign(caller.ask(caller.harmless()), caller.options.key) is None:
            name = "unsigned_error" if name == "no_body_sign" or answer.received.status != 200 else name
        raise sign_failure(name, answer)

    return body


def _constant(caller: Caller, answer: Answer) -> bool:
    """Return whether an answer with another body carries the same signature."""
    other_answer = unknown_activity(caller)
    if other_answer.received.body == answer.received.body:
        other_answer = harmless(caller)
    signature = answer.received.header(HEADER)
    return other_answer.received.body != answer.received.body and other_answer.received.header(HEADER) == signature
