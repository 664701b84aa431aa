"""*Debug and save* (saas-v2 §5.1): one call, judged by its bytes; a success saves a case, a failure changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.factories import NOW, make_call, make_subscription
from tests.market.debugging.answering import answer, at, call_of, tried
from tests.market.engine import AT_ONCE, OWNER, lease, react
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.values import replace
from tradepost.market.debugging import seller_queries
from tradepost.market.debugging.asked import Form, ValuesRefused, form_of, initial_values
from tradepost.market.debugging.debug import delete_case
from tradepost.market.debugging.generate import generate
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.debugging.standing import CaseState
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.production import addresses
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.claim import claim_calls
from tradepost.market.production.models import Address, Attempt, Call, Tally
from tradepost.market.production.record import record
from tradepost.market.production.restart import is_restartable
from tradepost.protocols import registry
from tradepost.protocols.body_sign import HEADER
from tradepost.protocols.commands import Fault, Rejected, Unreachable
from tradepost.protocols.http import Response

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def case_states(address: Address) -> dict[str, CaseState]:
    address.refresh_from_db()
    return {row.case.activity: row.standing for row in seller_queries.rows_of(address)}


def test_successful_call_with_test_flag_1_is_a_case() -> None:
    address = at()
    run = tried(address, "newInstance")
    call = call_of(run)
    assert (call.purpose, call.owner, call.order_number, call.product, call.subscription) == (
        "debug",
        run.pk,
        "",
        None,
        None,
    )
    assert call.command["test"] is True, "testFlag is fixed to 1 (saas-v2 §5.2)"
    run = answer(run, now=NOW + MINUTE)
    assert (run.passed, run.ended_at) == (True, NOW + MINUTE)
    case = DebugCase.objects.get()
    key = SigningKey.objects.get(seller=address.seller)
    assert (case.url, case.key_id, case.saved_at, case.call_id) == (address.url, key.key_id, NOW + MINUTE, call.pk)
    assert case_states(address)["newInstance"] is CaseState.SAVED
    assert address.proven == ["newInstance"]
    attempt = Attempt.objects.get()
    assert attempt.findings
    assert {finding["verdict"] for finding in attempt.findings} <= {"passed", "skipped"}


def no_body_sign(response: Response) -> Response:
    return replace(response, headers=tuple(header for header in response.headers if header[0] != HEADER))


@pytest.mark.parametrize(
    ("change", "diagnosis"),
    [
        (no_body_sign, "no_body_sign"),
        (lambda r: replace(r, status=500), "http_status"),
        (lambda r: replace(r, body=r.body + b"\n"), "trailing_newline"),
        (lambda r: replace(r, headers=(("Content-Type", "text/html"), *r.headers[1:])), "wrong_content_type"),
    ],
)  # fmt: skip
def test_failed_judgement_is_not_saved_and_changes_nothing(
    change: Callable[[Response], Response], diagnosis: str
) -> None:
    """saas-v2 §5.1, 6: failure: the error is shown, nothing is saved."""
    address = at()
    run = answer(tried(address, "queryInstance"), change=change, now=NOW)
    assert run.passed is False
    assert not DebugCase.objects.exists()
    assert case_states(address)["queryInstance"] is CaseState.MISSING
    findings = seller_queries.view_of_run(run).findings
    failed = [finding for finding in findings if finding.verdict == "failed"]
    assert diagnosis in {finding.diagnosis for finding in failed}
    assert all(finding.spec and finding.repair and finding.repair.zh for finding in failed), (
        "each has its section and a repair"
    )


def test_test_call_has_one_attempt_and_never_pauses_orders() -> None:
    address = at()
    run = tried(address, "queryInstance")
    claimed = lease(call_of(run), now=NOW)
    unreachable = Unreachable(fault=Fault.CONNECT, detail="connection refused")
    record([EndedAttempt(claimed, unreachable)], now=NOW, owner=OWNER, rule=AT_ONCE)
    call = call_of(run)
    assert (call.outcome, call.attempts) == ("gave_up", 1), "one attempt"
    assert not is_restartable(call)
    address.refresh_from_db()
    assert (address.breaker, address.failures) == ("closed", 0)
    assert not Tally.objects.exists(), "charts show orders only"


def test_test_call_passes_an_open_breaker_and_a_success_closes_it() -> None:
    address = at()
    Address.objects.filter(pk=address.pk).update(
        breaker=Address.Breaker.OPEN, failures=5, opened_at=NOW, trial_at=NOW + MINUTE
    )
    run = tried(address, "queryInstance")
    [claimed] = claim_calls(now=NOW, wall=NOW, owner="w", limit=5, per_seller=1, duration=MINUTE)
    assert (claimed.call_id, claimed.purpose) == (run.call_id, "debug")
    Call.objects.filter(debug_run=run).update(state=0, lease_owner="", lease_until=None, attempts=0)
    answer(run, now=NOW)
    address.refresh_from_db()
    assert address.breaker == "closed"


def test_instance_id_of_an_order_is_accepted_in_a_test_call() -> None:
    """Sellers may answer test calls with one fixed ID."""
    subscription = make_subscription(instance_id="i-1")
    address = at(seller=subscription.seller)
    assert answer(tried(address, "newInstance"), now=NOW).passed


@pytest.mark.parametrize(
    ("protocol", "activity", "variant"),
    [
        ("saas_v1", "newInstance", "PERIOD"), ("saas_v1", "refreshInstance", "TRIAL_TO_FORMAL_PRODUCT"),
        ("license_v1", "getLicense", ""), ("license_online", "getLicenseAsync", ""), ("saas_v2", "changeInstanceCheck", ""),
    ],
)  # fmt: skip
def test_every_protocol_saves_its_cases(protocol: str, activity: str, variant: str) -> None:
    address = at(protocol)
    keys.rotate_signing_key(address.seller, registry.protocol(protocol).key_class, now=NOW)
    assert answer(tried(address, activity, variant), now=NOW).passed
    assert DebugCase.objects.get().variant == variant


def test_address_without_signatures_is_judged_without_them() -> None:
    address = at()
    addresses.change(address, url=address.url, require_body_sign=False, outbound=SANDBOX, now=NOW)
    assert answer(tried(address, "queryInstance"), change=no_body_sign, now=NOW).passed


def test_case_is_stale_after_a_new_key_or_address_and_valid_when_repeated() -> None:
    """saas-v2 §1.3: replacing a key affects every case made with it."""
    address = at()
    answer(tried(address, "queryInstance"), now=NOW)
    keys.rotate_signing_key(address.seller, "base", now=NOW)
    assert case_states(address)["queryInstance"] is CaseState.OTHER_KEY
    answer(tried(address, "queryInstance"), now=NOW)
    assert case_states(address)["queryInstance"] is CaseState.SAVED
    addresses.change(address, url="http://127.0.0.1:9/other", require_body_sign=True, outbound=SANDBOX, now=NOW)
    assert case_states(address)["queryInstance"] is CaseState.OTHER_URL
    assert address.proven == []
    answer(tried(address, "queryInstance"), now=NOW)
    assert (case_states(address)["queryInstance"], address.proven) == (CaseState.SAVED, ["queryInstance"])


def test_case_shows_a_later_failure_and_is_kept() -> None:
    address = at()
    answer(tried(address, "queryInstance"), now=NOW)
    answer(tried(address, "queryInstance"), Rejected(code="000005", message="no"), now=NOW)
    assert case_states(address)["queryInstance"] is CaseState.FAILED
    answer(tried(address, "queryInstance", instanceId="another"), Rejected(code="000003", message="no"), now=NOW)
    answer(tried(address, "queryInstance"), now=NOW)
    answer(tried(address, "queryInstance", instanceId="another"), Rejected(code="000003", message="no"), now=NOW)
    assert case_states(address)["queryInstance"] is CaseState.SAVED, (
        "a failure with other values says nothing about the case"
    )


def test_deleted_case_proves_nothing() -> None:
    address = at()
    answer(tried(address, "queryInstance"), now=NOW)
    delete_case(DebugCase.objects.get())
    assert (case_states(address)["queryInstance"], address.proven) == (CaseState.MISSING, [])


def test_end_is_handled_once() -> None:
    address = at()
    run = answer(tried(address, "queryInstance"), now=NOW, reacts=False)
    assert run.ended_at is None
    end_events = list(Event.objects.filter(name="call_ended").values())
    react(now=NOW)
    for one in end_events:
        Event.objects.create(**{k: v for k, v in one.items() if k != "id"})
    react(now=NOW)
    assert DebugCase.objects.count() == 1


def test_invalid_values_are_refused_beside_their_fields_without_a_call() -> None:
    address = at()
    with pytest.raises(ValuesRefused) as refusal:
        tried(address, "refreshInstance", scene="NEVER", expireTime="")
    assert set(refusal.value.errors) == {"scene", "expireTime"}
    assert not Call.objects.exists()
    assert not DebugRun.objects.exists()


def test_missing_key_prevents_the_call() -> None:
    address = at()
    SigningKey.objects.all().delete()
    with pytest.raises(Refused, match="no_key"):
        tried(address, "queryInstance")
    assert not Call.objects.exists()
    assert not DebugRun.objects.exists()


def test_seller_has_a_limited_number_of_open_test_calls() -> None:
    address = at()
    for _ in range(4):
        tried(address, "queryInstance")
    with pytest.raises(Refused, match="too_many"):
        tried(address, "queryInstance")
    assert Call.objects.count() == 4
    tried(at(), "queryInstance")


def test_unknown_activity_is_not_found() -> None:
    with pytest.raises(Refused) as refusal:
        form_of(at(), "expireInstance")
    assert refusal.value.status == 404


def form(address: Address, activity: str) -> Form:
    return form_of(address, activity)


def test_generated_request_is_signed_again_each_time_and_not_sent() -> None:
    """saas-v2 §5.1, 5: it shows the request as a curl command with its signature, without sending it."""
    address = at()
    values = initial_values(form(address, "newInstance"), now=NOW)
    first, second = (generate(form(address, "newInstance"), values, wall=NOW) for _ in range(2))
    assert first.request.url.startswith(f"{address.url}?")
    assert first.request.url != second.request.url
    assert '"testFlag":"1"' in first.body
    assert first.curl.startswith("curl ")
    assert first.curl.count(first.request.url) == 1
    secret = keys.signing_secrets(address.seller_id, "base", now=NOW)[0]
    assert secret not in repr(first)
    assert not Call.objects.exists()


def test_form_shows_saved_values_and_the_instance_of_the_last_creation() -> None:
    """saas-v2 §5.1, 4: the values must exist in the seller's system."""
    address = at()
    answer(tried(address, "newInstance"), now=NOW)
    assert initial_values(form(address, "queryInstance"), now=NOW)["instanceId"] == "i-1"
    answer(tried(address, "queryInstance", instanceId="i-mine"), now=NOW)
    assert initial_values(form(address, "queryInstance"), now=NOW)["instanceId"] == "i-mine"


def test_orders_come_before_test_calls() -> None:
    order = make_call()
    address = at(seller=order.seller)
    run = tried(address, "queryInstance")
    Call.objects.filter(debug_run=run).update(due_at=NOW - MINUTE)
    [claimed] = claim_calls(now=NOW, wall=NOW, owner="w", limit=1, per_seller=16, duration=MINUTE)
    assert claimed.call_id == order.pk
    [second] = claim_calls(now=NOW, wall=NOW, owner="w", limit=1, per_seller=16, duration=MINUTE)
    assert second.call_id == run.call_id
