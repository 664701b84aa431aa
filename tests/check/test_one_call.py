"""One exchange is judged as in a run: an honest answer of every version passes, and each mistake has its name and
section.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tradepost.check import Verdict
from tradepost.check.one_call import JUDGEMENTS, is_accepted, judge, raw_response_of
from tradepost.check.results import Result
from tradepost.check.samples import Samples
from tradepost.check.target import target_of
from tradepost.protocols import registry
from tradepost.protocols.body_sign import HEADER, body_sign
from tradepost.protocols.commands import (
    AppInfo,
    Command,
    Create,
    Done,
    Fault,
    InstanceInfo,
    Pending,
    Query,
    Rejected,
    Unreachable,
)  # fmt: skip
from tradepost.protocols.http import Headers, Response
from tradepost.protocols.json_answer import json_answer

KEY = "0123456789abcdef0123456789ABCDEF"
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
NONCE = "N" * 64
SAMPLES = Samples(lambda: NOW, lambda: "c" * 32)
APP = AppInfo(front_end_url="https://a.example/", user_name="zhang", password="s3cret-word")
EVERY = [(name, kind) for name, protocol in registry.protocols().items() for kind in protocol.activities]


def outcome(kind: type[Command]) -> Done:
    told = (InstanceInfo(instance_id="i-1", app=APP),) if kind in {Create, Query} else ()
    return Done(instance_id="i-1" if kind is Create else "", instances=told, license="L" if kind is Create else "")


def asked(name: str, kind: type[Command]) -> Command:
    command = SAMPLES.of(kind, "i-1", test=True)
    assert command is not None
    return command


def judged(
    name: str,
    kind: type[Command],
    change: Callable[[Response], Response] = lambda response: response,
    *,
    says: Done | Pending | Rejected | None = None,
    seconds: float = 0.1,
    body_sign: bool = True,
) -> dict[str, Result]:
    protocol, command = registry.protocol(name), asked(name, kind)
    request = protocol.encode(command, address="https://a.example/p", key=KEY, now=NOW, nonce=NONCE)
    answered = change(protocol.answer(command, says or outcome(kind), key=KEY, nonce=NONCE))
    result = protocol.decode(command, answered, key=KEY, require_body_sign=body_sign)
    received = raw_response_of(answered, result, seconds)
    found = judge(target_of(name), command, request, received, KEY, body_sign=body_sign)
    return {one.check_id.removeprefix("call."): one for one in found}


def mistakes(found: dict[str, Result]) -> dict[str, str]:
    return {name: one.diagnosis.name for name, one in found.items() if one.verdict is Verdict.FAILED and one.diagnosis}


@pytest.mark.parametrize(("name", "kind"), EVERY, ids=lambda value: getattr(value, "__name__", value))
def test_honest_answer_of_every_activity_of_every_version_passes(name: str, kind: type[Command]) -> None:
    found = judged(name, kind)
    assert mistakes(found) == {}
    assert is_accepted(tuple(found.values()))
    assert not {one for one in found.values() if one.verdict is Verdict.BROKEN}
    assert all(one.spec.startswith(("saas-v", "openapi-jointkit")) and one.title.zh for one in found.values())


def test_each_judgement_of_an_answer_has_a_result_in_the_market_s_order() -> None:
    assert list(judged("saas_v2", Query)) == [one.name for one in JUDGEMENTS]


def headers(*changes: tuple[str, str | None]) -> Callable[[Response], Response]:
    """Replace or omit headers."""

    def change(response: Response) -> Response:
        gone = {name.lower() for name, _ in changes}
        kept: Headers = tuple((n, v) for n, v in response.headers if n.lower() not in gone)
        return replace(response, headers=(*kept, *((n, v) for n, v in changes if v is not None)))

    return change


def body(change: Callable[[dict[str, object]], object], *, sign: bool = True) -> Callable[[Response], Response]:
    """Change members, and sign again."""

    def changed(response: Response) -> Response:
        members = json.loads(response.body)
        change(members)
        raw = json.dumps(members).encode()
        signed = headers((HEADER, body_sign(raw, KEY)))(response) if sign else response
        return replace(signed, body=raw)

    return changed


def raw(content: bytes, *, status: int = 200) -> Callable[[Response], Response]:
    return lambda response: replace(headers((HEADER, body_sign(content, KEY)))(response), status=status, body=content)


@pytest.mark.parametrize(
    ("change", "judgement", "diagnosis"),
    [
        (raw(b"<h1>404</h1>", status=404), "status", "not_found"),
        (raw(b"oops", status=500), "status", "http_status"),
        (lambda r: replace(r, status=302, headers=(("Location", "https://b.example/"),)), "status", "redirect"),
        (headers(("Content-Type", "text/html")), "content_type", "wrong_content_type"),
        (headers(("Content-Encoding", "gzip")), "plain", "compressed"),
        (raw(b'{"resultCode":"000000","resultMsg":"ok","instanceId":"i'), "json", "not_json"),
        (raw(b'\xef\xbb\xbf{"resultCode":"000000","resultMsg":"ok"}'), "json", "bom"),
        (raw(b'{"resultCode":"000000","resultCode":"000005","resultMsg":"ok"}'), "json", "duplicate_members"),
        (body(lambda m: m.pop("resultCode")), "result", "missing_result"),
        (body(lambda m: m.update(resultCode="0")), "result", "bad_result_code"),
        (body(lambda m: m.pop("resultMsg")), "result", "missing_result"),
        (body(lambda m: m.update(resultMsg="x" * 256)), "result", "too_long"),
        (headers((HEADER, None)), "signed", "no_body_sign"),
        (headers((HEADER, None), ("body-sign", "x")), "signed", "body_sign_format"),
        (body(lambda m: m.update(extra=1), sign=False), "signed", "signature_mismatch"),
        (body(lambda m: m.pop("instanceId")), "fields", "missing_field"),
        (body(lambda m: m.update(instanceId="x" * 65)), "fields", "too_long"),
        (body(lambda m: m.update(instanceId=7)), "fields", "wrong_type"),
        (body(lambda m: m.update(at="Traceback (most recent call last)")), "quiet", "details_in_answer"),
        (body(lambda m: m.update(debug=KEY)), "quiet", "key_in_answer"),
    ],
)  # fmt: skip
def test_each_mistake_of_an_answer_has_its_name(
    change: Callable[[Response], Response], judgement: str, diagnosis: str
) -> None:
    """saas-v2 §5.2: HTTP 200, content type, resultCode and resultMsg, Body-Sign, the fields of the activity."""
    found = judged("saas_v2", Create, change)
    assert mistakes(found).get(judgement) == diagnosis
    assert not is_accepted(tuple(found.values()))
    assert KEY not in "".join(one.seen.en + one.seen.zh for one in found.values())


@pytest.mark.parametrize(
    ("code", "diagnosis"),
    [
        ("000001", "signature_refused"), ("000002", "parameter_refused"), ("000003", "instance_not_preset"),
        ("000005", "server_failed"), ("000100", "refused_with_code"),
    ],
)  # fmt: skip
def test_refused_test_call_explains_its_code(code: str, diagnosis: str) -> None:
    found = judged("saas_v2", Query, says=Rejected(code=code, message="no"))
    assert mistakes(found) == {"success": diagnosis}
    assert found["fields"].verdict is Verdict.SKIPPED


def test_refusal_signed_with_another_key_is_a_wrong_key() -> None:
    def other_key(response: Response) -> Response:
        return json_answer(json.loads(response.body), key="another key of the server")

    found = judged("saas_v2", Query, other_key, says=Rejected(code="000001", message="no"))
    assert mistakes(found) == {"signed": "wrong_key", "success": "wrong_key"}


def test_in_progress_is_a_warning_where_defined_and_a_failure_elsewhere() -> None:
    """saas-v2 §4: success is 000000, or 000004 on newInstance; SaaS 1.0 defines no asynchronous creation."""
    waits = Pending(message="soon", instance_id="i-1")
    new = judged("saas_v2", Create, says=waits)
    assert (new["success"].verdict, is_accepted(tuple(new.values()))) == (Verdict.WARNED, True)
    assert mistakes(judged("saas_v2", Query, says=waits)) == {"success": "test_call_unfinished"}
    assert mistakes(judged("saas_v1", Create, says=waits)) == {"success": "test_call_unfinished"}


def test_new_instance_of_saas_1_needs_an_address_in_debugging() -> None:
    """saas-v1-license A9: newInstance needs instanceId and frontEndUrl."""
    assert mistakes(judged("saas_v1", Create, body(lambda m: m.pop("appInfo")))) == {"fields": "missing_field"}


def test_encrypted_fields_must_decrypt_and_are_never_quoted() -> None:
    """saas-v1-license A1.4."""

    def clear(members: dict[str, object]) -> None:
        app = members["appInfo"]
        assert isinstance(app, dict)
        app["password"] = "s3cret-word-in-clear"

    found = judged("saas_v1", Create, body(clear))
    assert mistakes(found)["secrets"] == "password_in_clear"
    assert "s3cret" not in str([one.seen for one in found.values()])
    assert judged("saas_v1", Create)["secrets"].verdict is Verdict.PASSED
    assert judged("saas_v2", Query)["secrets"].verdict is Verdict.SKIPPED


def test_password_in_an_unreadable_body_is_not_quoted() -> None:
    broken = b'{"resultCode":"000000","info":[{"password":"s3cret-word","userName":"s3cret-word" '
    found = judged("saas_v2", Query, raw(broken))
    assert mistakes(found)["json"] == "not_json"
    assert "s3cret" not in str([one.seen for one in found.values()])


def test_slow_answers_fail_where_the_version_says_five_seconds() -> None:
    """saas-v2 §3.0; SaaS 1.0 waits for 20 s (saas-v1-license A9)."""
    assert mistakes(judged("saas_v2", Query, seconds=6)) == {"time": "slow_answer"}
    v1 = judged("saas_v1", Query, seconds=6)
    assert (v1["time"].verdict, mistakes(v1)) == (Verdict.WARNED, {})


@pytest.mark.parametrize(
    ("fault", "diagnosis"),
    [
        (Fault.DNS, "name_not_found"), (Fault.CONNECT, "no_connection"), (Fault.TLS, "no_tls"),
        (Fault.TIMEOUT, "too_slow"), (Fault.TOO_LARGE, "answer_too_large"), (Fault.CLOSED, "no_answer"),
        (Fault.ADDRESS_BLOCKED, "address_blocked"), (Fault.NO_KEY, "nothing_sent"),
    ],
)  # fmt: skip
def test_missing_answer_is_the_only_result(fault: Fault, diagnosis: str) -> None:
    command = asked("saas_v2", Query)
    request = registry.protocol("saas_v2").encode(command, address="https://a.example/", key=KEY, now=NOW, nonce=NONCE)
    received = raw_response_of(None, Unreachable(fault=fault, detail="seen"), 0.5)
    first, *rest = judge(target_of("saas_v2"), command, request, received, KEY)
    assert (first.verdict, first.diagnosis and first.diagnosis.name) == (Verdict.FAILED, diagnosis)
    assert {one.verdict for one in rest} == {Verdict.SKIPPED}


def test_unsigned_answer_is_accepted_by_choice_but_a_signature_must_be_valid() -> None:
    assert mistakes(judged("saas_v2", Query, headers((HEADER, None)), body_sign=False)) == {}
    wrong = judged("saas_v2", Query, headers((HEADER, body_sign(b"other", KEY))), body_sign=False)
    assert set(mistakes(wrong)) == {"signed"}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({f"k{n}": n for n in range(80_000)}).encode(),
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"resultMsg":"' + b"at " * 300_000 + b'"}',
        b'{"resultMsg":"' + b"SELECT a " * 100_000 + b'"}',
        ("\u4e2d\u6587" * 200_000).encode("gbk"),
        b'{"password":"' * 70_000,
    ],
    ids=["names", "deep", "traces", "sql", "gbk", "secrets"],
)
def test_hostile_answer_of_a_megabyte_is_judged(content: bytes) -> None:
    """A market judges in its own time: each of these once took minutes, or hours."""
    found = judged("saas_v2", Query, lambda response: replace(response, body=content))
    assert not is_accepted(tuple(found.values()))
