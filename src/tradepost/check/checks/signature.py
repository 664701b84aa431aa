"""Group *signature*: correct requests are accepted, and all others refused (saas-v2 §2.3, §2.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    BAD_PARAMETER,
    NO_INSTANCE,
    NOT_AUTHENTIC,
    QUICK_ANSWER_SECONDS,
    expect_accepted,
    expect_readable,
    expect_refusal,
    failed,
)
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.dialects import QueryDialect, UrlDialect, with_header
from tradepost.check.forgeries import (
    FORGERIES,
    OTHER_CASE_FORGERY,
    QUERY_FORGERIES,
    RequestForgery,
    as_array,
    empty_key,
    last_character,
    name_missing_check,
    nearly_right_signatures,
    not_ascii,
    other_key,
    with_two_signatures,
    without_signature,
)
from tradepost.check.outcomes import Skipped
from tradepost.check.protocol_diagnosis import detect_protocol
from tradepost.check.refusal_diagnosis import explain_refusal
from tradepost.protocols import registry
from tradepost.protocols.commands import Command, Create, Query, Refresh, Release
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256_hex, utf8
from tradepost.protocols.sync_commands import SyncApplication
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.answers import Answer
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target


PLAIN_CONTENT_TYPE = "application/json"
OTHER_PROTOCOL = "other_protocol"
FIRST_CHECK = "signature.correct"
"""Runs first: with a wrong key all later results would be meaningless."""


@check_factory
def checks(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "signature")
    yield make(
        "correct", "signature", _correct,
        Text(en="A correctly signed request is accepted", zh="签名正确的请求被接受"),
        Text(en="resultCode 000000 to a test call signed as documented", zh="按文档签名的测试调用返回resultCode 000000"),
        alone=True,
    )  # fmt: skip
    forgeries = FORGERIES if target.dialect.stamped else (*FORGERIES, OTHER_CASE_FORGERY)
    if isinstance(target.dialect, UrlDialect | QueryDialect):
        forgeries = (*forgeries, *QUERY_FORGERIES)
    for name, title, spoil, diagnosis in forgeries:
        yield make(
            name, "freshness", _forged(spoil, diagnosis), title,
            Text(en="HTTP 200 with resultCode 000001, and nothing done", zh="返回HTTP 200和resultCode 000001，且不执行任何操作"),
        )  # fmt: skip
    yield make(
        "whole", "freshness", _compared_completely,
        Text(en="A signature that is right but for a character or two is refused, wherever they are", zh="仅有个别字符错误的签名被拒绝，无论错在何处"),
        Text(en="HTTP 200 with resultCode 000001: every character is compared, the last like the first",
             zh="返回HTTP 200和resultCode 000001：比较每一个字符，从第一个到最后一个"),
    )  # fmt: skip
    yield make(
        "real_call", "freshness", _real_call,
        Text(en="A real call without a signature is refused", zh="没有签名的真实调用被拒绝"),
        Text(en="HTTP 200 with resultCode 000001, and nothing done", zh="返回HTTP 200和resultCode 000001，且不执行任何操作"),
    )  # fmt: skip
    for kind, activity in target.protocol.activities.items():
        yield make(
            f"guarded.{activity}", "freshness", _guarded(kind),
            Text(en=f"{activity} with a wrong signature is refused", zh=f"签名错误的{activity}被拒绝"),
            Text(en="HTTP 200 with resultCode 000001, for each activity", zh="每个接口均返回HTTP 200和resultCode 000001"),
        )  # fmt: skip
    if target.has(Create, Release) and (target.has(Query) or target.has(Refresh)):
        yield make(
            "nothing_done", "freshness", _no_effect,
            Text(en="A release that is refused for its signature is not carried out", zh="因签名被拒绝的释放不会被执行"),
            Text(en="HTTP 200 with resultCode 000001, and the instance is still there", zh="返回HTTP 200和resultCode 000001，且实例仍然存在"),
        )  # fmt: skip
    if isinstance(target.dialect, QueryDialect) and target.has(Create):
        yield make(
            "sorted", "signature", _sorted,
            Text(en="Names after timeStamp in the alphabet are sorted like all others", zh="字母序在timeStamp之后的参数同样参与排序"),
            Text(en="resultCode 000000 to a request with userId and userName", zh="带有userId和userName的请求返回000000"),
        )  # fmt: skip
    if isinstance(target.dialect, UrlDialect):
        yield make(
            "lower_case", "signature", _lower_case,
            Text(en="The signature in lowercase hex is accepted", zh="小写十六进制的签名被接受"),
            Text(en="the comparison disregards the case of hex digits", zh="比较十六进制签名时忽略大小写"),
        )  # fmt: skip
        yield make(
            "plain_hash", "signature", _plain_hash,
            Text(en="A signature over a plain SHA-256 of the body is refused", zh="对请求体做普通SHA-256的签名被拒绝"),
            Text(en="HTTP 200 with resultCode 000001: the body's hash is an HMAC with the key", zh="返回000001：请求体摘要必须是带密钥的HMAC"),
        )  # fmt: skip


def _correct(caller: Caller) -> None:
    command = caller.harmless()
    answer = caller.ask(command)
    if not answer.accepted and answer.request.header("Content-Type") not in {None, PLAIN_CONTENT_TYPE}:
        plain_request = with_header(caller.request(command), "Content-Type", PLAIN_CONTENT_TYPE)
        if caller.send(plain_request).accepted:
            raise failed("refuses_content_type", answer)
    if answer.accepted:
        expect_readable(answer)
        return
    # Each further attempt would take as long.
    is_silent = answer.received.unreachable or answer.received.seconds > QUICK_ANSWER_SECONDS
    spoken_protocol = "" if is_silent else detect_protocol(caller)
    if spoken_protocol:
        title = registry.protocol(spoken_protocol).title
        raise failed(
            OTHER_PROTOCOL,
            answer,
            Text(
                en=f"it speaks {title.en}: --protocol {spoken_protocol}",
                zh=f"服务器使用{title.zh}：--protocol {spoken_protocol}",
            ),
        )
    expect_readable(answer)
    mistake = explain_refusal(caller, command, answer)
    raise failed(mistake.name, answer, mistake.context)


# --- forgeries: the seller must answer 000001 ------------------------------------------------------------------------


def _forged(spoil: RequestForgery, diagnosis: str) -> Body:
    def body(caller: Caller) -> None:
        if caller.target.dialect.token.startswith("x-") and spoil is not_ascii:
            raise Skipped(Text(en="a header cannot carry it", zh="该值无法放入请求头"))
        request = caller.request(caller.harmless())
        if not caller.target.dialect.stamped:
            # A previously seen token must not authorise another request; in versions with nonces, the repeated nonce
            # would be refused anyway.
            caller.send(request)
        answer = caller.send(spoil(caller, request))
        name = _name(caller, spoil, diagnosis) if answer.accepted else diagnosis
        # A repeated parameter is also malformed.
        is_malformed = spoil in {as_array, with_two_signatures}
        expect_refusal(answer, name, *((NOT_AUTHENTIC, BAD_PARAMETER) if is_malformed else (NOT_AUTHENTIC,)))

    return body


def _compared_completely(caller: Caller) -> None:
    dialect = caller.target.dialect
    command = caller.harmless()
    number = sum(1 for _ in nearly_right_signatures(dialect.get(caller.request(command), dialect.token)))

    def forged(turn: int) -> tuple[Text, Answer]:
        # Each in a separate request, since a nonce may be remembered after a refusal.
        request = caller.request(command)
        change, forged_signature = list(nearly_right_signatures(dialect.get(request, dialect.token)))[turn]
        return change, caller.send(dialect.put(request, dialect.token, forged_signature))

    for change, answer in caller.each(forged, range(number)):
        name = name_missing_check(caller, "accepts_wrong_signature") if answer.accepted else "accepts_wrong_signature"
        expect_refusal(answer, name, NOT_AUTHENTIC, context=change)


def _name(caller: Caller, spoil: RequestForgery, diagnosis: str) -> str:
    """Return the most general diagnosis of an accepted forgery."""
    wider = {
        as_array: (without_signature, "accepts_missing_signature"),
        empty_key: (other_key, "accepts_wrong_signature"),
    }
    if spoil in wider:
        wider_forgery, name = wider[spoil]

        def is_accepted(forge: RequestForgery) -> bool:
            return caller.send(forge(caller, caller.request(caller.harmless()))).accepted

        # A partially compared signature may match once by chance, but not again.
        if is_accepted(wider_forgery) or (spoil is empty_key and not is_accepted(spoil)):
            diagnosis = name
    return name_missing_check(caller, diagnosis)


def _real_call(caller: Caller) -> None:
    command = caller.real()
    answer = caller.send(without_signature(caller, caller.request(command)))
    if answer.accepted or answer.code == NO_INSTANCE:
        # The seller looked for the instance, known or not, without checking the signature.
        raise failed(_weakness_name(caller, command, without_signature, "accepts_missing_signature"), answer)
    expect_refusal(answer, "accepts_missing_signature", NOT_AUTHENTIC)


def _weakness_name(caller: Caller, command: Command, spoil: RequestForgery, diagnosis: str) -> str:
    """Return whether the seller accepts forgeries in general or only for this activity."""
    harmless_command = caller.harmless()
    if (
        type(harmless_command) is not type(command)
        and not caller.send(spoil(caller, caller.request(harmless_command))).accepted
    ):
        return "activity_not_guarded"
    return name_missing_check(caller, diagnosis)


def expect_forgery_refused(caller: Caller, answer: Answer, diagnosis: str) -> None:
    name = name_missing_check(caller, diagnosis) if answer.accepted else diagnosis
    expect_refusal(answer, name, NOT_AUTHENTIC)


def _guarded(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        command = caller.samples.of(kind, caller.any_id(), test=True)
        if command is None:
            raise Skipped(Text(en="the tester has no sample of this request", zh="测试程序没有该请求的样例"))
        answer = caller.send(last_character(caller, caller.request(command)))
        name = _weakness_name(caller, command, last_character, "accepts_wrong_signature") if answer.accepted else ""
        # A client secret that cannot be decrypted may be refused first (openapi-jointkit §A.2).
        expect_refusal(answer, name or "activity_not_guarded", *(() if kind is SyncApplication else (NOT_AUTHENTIC,)))

    return body


def _no_effect(caller: Caller) -> None:
    with caller.borrowed_instance() as instance:
        command = caller.samples.release(instance.instance_id)
        answer = caller.send(last_character(caller, caller.request(command)))
        name = _weakness_name(caller, command, last_character, "accepts_wrong_signature") if answer.accepted else ""
        expect_refusal(answer, name or "accepts_wrong_signature", NOT_AUTHENTIC)
        after = caller.look_up(instance.instance_id)
        # If no instance can be queried, the state of this one is unknown.
        if after.refused and caller.look_up(caller.fresh().instance_id).accepted:
            raise failed("acts_before_verifying", after, Text(en="afterwards", zh="之后"))


def _sorted(caller: Caller) -> None:
    command = caller.samples.create(test=True)
    if not caller.ask(command).accepted:
        raise Skipped(
            Text(en="the same request without them is refused already", zh="不带这两个参数的同样请求已被拒绝")
        )
    answer = caller.send(caller.changed(command, {"userId": "05c3f8a1", "userName": "zhangsan"}))
    expect_accepted(answer, "token_unsorted" if answer.code == NOT_AUTHENTIC else "refuses_correct_request")


# --- hex and hashes --------------------------------------------------------------------------------------------------


def _lower_case(caller: Caller) -> None:
    dialect = caller.target.dialect
    caller.need_correct()
    request = caller.request(caller.harmless())
    lower = dialect.put(request, dialect.token, dialect.get(request, dialect.token).lower())
    expect_accepted(caller.send(lower), "signature_case")


def _plain_hash(caller: Caller) -> None:
    dialect = caller.target.dialect
    request = caller.request(caller.harmless())
    inputs = caller.signing_inputs()
    text = f"{inputs.key}{inputs.nonce}{epoch_ms(inputs.now)}{hashlib.sha256(request.body).hexdigest()}"
    for name, value in (
        (dialect.timestamp, str(epoch_ms(inputs.now))),
        (dialect.nonce, inputs.nonce),
        (dialect.token, hmac_sha256_hex(inputs.key, utf8(text)).upper()),
    ):
        request = dialect.put(request, name, value)
    answer = caller.send(request)
    if answer.accepted and not caller.ask(caller.harmless()).accepted:
        raise failed("plain_sha256", answer)
    expect_forgery_refused(caller, answer, "accepts_wrong_signature")
