"""*Debug and save* (saas-v2 §5.1): one call, judged on its bytes; what holds is a case, what does not changes nothing."""

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
from tradepost.market.debugging.asked import Form, ValuesRefused, form_of, shown_values
from tradepost.market.debugging.debug import delete_case
from tradepost.market.debugging.generate import generate
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.debugging.standing import Standing
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.production import addresses
from tradepost.market.production.attempts import Ended
from tradepost.market.production.claim import claim_calls
from tradepost.market.production.models import Address, Attempt, Call, Tally
from tradepost.market.production.record import record
from tradepost.market.production.restart import may_restart
from tradepost.protocols import registry
from tradepost.protocols.body_sign import HEADER
from tradepost.protocols.commands import Fault, Rejected, Unreachable
from tradepost.protocols.http import Response

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def standing(address: Address) -> dict[str, Standing]:
    address.refresh_from_db()
    return {row.case.activity: row.standing for row in seller_queries.rows_of(address)}


def test_one_call_with_test_flag_1_that_succeeds_is_a_case() -> None:
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
    assert standing(address)["newInstance"] is Standing.SAVED
    assert address.proven == ["newInstance"]
    attempt = Attempt.objects.get()
    assert attempt.findings
    assert {one["verdict"] for one in attempt.findings} <= {"passed", "skipped"}


def no_body_sign(response: Response) -> Response:
    return replace(response, headers=tuple(one for one in response.headers if one[0] != HEADER))


@pytest.mark.parametrize(
    ("change", "diagnosis"),
    [
        (no_body_sign, "no_body_sign"),
        (lambda r: replace(r, status=500), "http_status"),
        (lambda r: replace(r, body=r.body + b"\n"), "trailing_newline"),
        (lambda r: replace(r, headers=(("Content-Type", "text/html"), *r.headers[1:])), "wrong_content_type"),
    ],
)  # fmt: skip
def test_what_one_judgement_refuses_is_not_saved_and_nothing_else_changed(
    change: Callable[[Response], Response], diagnosis: str
) -> None:
    """saas-v2 §5.1, 6: failure: the error is shown, nothing is saved."""
    address = at()
    run = answer(tried(address, "queryInstance"), change=change, now=NOW)
    assert run.passed is False
    assert not DebugCase.objects.exists()
    assert standing(address)["queryInstance"] is Standing.MISSING
    found = seller_queries.seen(run).findings
    failed = [one for one in found if one.verdict == "failed"]
    assert diagnosis in {one.diagnosis for one in failed}
    assert all(one.spec and one.repair and one.repair.zh for one in failed), "each with its section and a repair"


def test_it_is_asked_once_and_never_pauses_orders() -> None:
    address = at()
    run = tried(address, "queryInstance")
    claimed = lease(call_of(run), now=NOW)
    gone = Unreachable(fault=Fault.CONNECT, detail="connection refused")
    record([Ended(claimed, gone)], now=NOW, owner=OWNER, rule=AT_ONCE)
    call = call_of(run)
    assert (call.outcome, call.attempts) == ("gave_up", 1), "one attempt"
    assert not may_restart(call)
    address.refresh_from_db()
    assert (address.breaker, address.failures) == ("closed", 0)
    assert not Tally.objects.exists(), "charts tell how orders go"


def test_it_goes_past_an_open_breaker_and_a_good_answer_ends_the_pause() -> None:
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


def test_an_instance_id_that_belongs_to_an_order_is_no_fault_of_a_test_call() -> None:
    """Sellers may answer test calls with one fixed id."""
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


def test_an_address_that_need_not_sign_is_judged_so() -> None:
    address = at()
    addresses.change(address, url=address.url, require_body_sign=False, outbound=SANDBOX, now=NOW)
    assert answer(tried(address, "queryInstance"), change=no_body_sign, now=NOW).passed


def test_a_case_goes_stale_with_its_key_and_its_address_and_stands_again_when_it_is_tried_again() -> None:
    """saas-v2 §1.3: replacing a key affects every case made with it."""
    address = at()
    answer(tried(address, "queryInstance"), now=NOW)
    keys.rotate_signing_key(address.seller, "base", now=NOW)
    assert standing(address)["queryInstance"] is Standing.OTHER_KEY
    answer(tried(address, "queryInstance"), now=NOW)
    assert standing(address)["queryInstance"] is Standing.SAVED
    addresses.change(address, url="http://127.0.0.1:9/other", require_body_sign=True, outbound=SANDBOX, now=NOW)
    assert standing(address)["queryInstance"] is Standing.OTHER_URL
    assert address.proven == []
    answer(tried(address, "queryInstance"), now=NOW)
    assert (standing(address)["queryInstance"], address.proven) == (Standing.SAVED, ["queryInstance"])


def test_a_case_that_fails_later_shows_it_and_is_kept() -> None:
    address = at()
    answer(tried(address, "queryInstance"), now=NOW)
    answer(tried(address, "queryInstance"), Rejected(code="000005", message="no"), now=NOW)
    assert standing(address)["queryInstance"] is Standing.FAILED
    answer(tried(address, "queryInstance", instanceId="another"), Rejected(code="000003", message="no"), now=NOW)
    answer(tried(address, "queryInstance"), now=NOW)
    answer(tried(address, "queryInstance", instanceId="another"), Rejected(code="000003", message="no"), now=NOW)
    assert standing(address)["queryInstance"] is Standing.SAVED, "other values that fail say nothing of the case"


def test_a_case_is_deleted_and_no_longer_proves_anything() -> None:
    address = at()
    answer(tried(address, "queryInstance"), now=NOW)
    delete_case(DebugCase.objects.get())
    assert (standing(address)["queryInstance"], address.proven) == (Standing.MISSING, [])


def test_its_end_is_told_once_and_twice_is_once() -> None:
    address = at()
    run = answer(tried(address, "queryInstance"), now=NOW, reacts=False)
    assert run.ended_at is None
    ended = list(Event.objects.filter(name="call_ended").values())
    react(now=NOW)
    for one in ended:
        Event.objects.create(**{k: v for k, v in one.items() if k != "id"})
    react(now=NOW)
    assert DebugCase.objects.count() == 1


def test_wrong_values_are_refused_beside_their_fields_and_nothing_is_asked() -> None:
    address = at()
    with pytest.raises(ValuesRefused) as refused:
        tried(address, "refreshInstance", scene="NEVER", expireTime="")
    assert set(refused.value.errors) == {"scene", "expireTime"}
    assert not Call.objects.exists()
    assert not DebugRun.objects.exists()


def test_without_a_key_nothing_is_asked() -> None:
    address = at()
    SigningKey.objects.all().delete()
    with pytest.raises(Refused, match="no_key"):
        tried(address, "queryInstance")
    assert not Call.objects.exists()
    assert not DebugRun.objects.exists()


def test_a_seller_has_a_few_test_calls_under_way_at_most() -> None:
    address = at()
    for _ in range(4):
        tried(address, "queryInstance")
    with pytest.raises(Refused, match="too_many"):
        tried(address, "queryInstance")
    assert Call.objects.count() == 4
    tried(at(), "queryInstance")


def test_an_activity_that_the_protocol_does_not_have_is_not_found() -> None:
    with pytest.raises(Refused) as refused:
        form_of(at(), "expireInstance")
    assert refused.value.status == 404


def form(address: Address, activity: str) -> Form:
    return form_of(address, activity)


def test_a_request_is_generated_signed_anew_each_time_and_nothing_is_sent() -> None:
    """saas-v2 §5.1, 5: shows the request, a curl command with signature, without sending it."""
    address = at()
    shown = shown_values(form(address, "newInstance"), now=NOW)
    one, two = (generate(form(address, "newInstance"), shown, wall=NOW) for _ in range(2))
    assert one.request.url.startswith(f"{address.url}?")
    assert one.request.url != two.request.url
    assert '"testFlag":"1"' in one.body
    assert one.curl.startswith("curl ")
    assert one.curl.count(one.request.url) == 1
    secret = keys.signing_secrets(address.seller_id, "base", now=NOW)[0]
    assert secret not in repr(one)
    assert not Call.objects.exists()


def test_a_form_shows_what_was_saved_and_the_instance_that_the_server_answered() -> None:
    """saas-v2 §5.1, 4: the values must exist in the seller's system."""
    address = at()
    answer(tried(address, "newInstance"), now=NOW)
    assert shown_values(form(address, "queryInstance"), now=NOW)["instanceId"] == "i-1"
    answer(tried(address, "queryInstance", instanceId="i-mine"), now=NOW)
    assert shown_values(form(address, "queryInstance"), now=NOW)["instanceId"] == "i-mine"


def test_orders_are_taken_first_and_test_calls_take_the_places_that_are_left() -> None:
    order = make_call()
    address = at(seller=order.seller)
    run = tried(address, "queryInstance")
    Call.objects.filter(debug_run=run).update(due_at=NOW - MINUTE)
    [claimed] = claim_calls(now=NOW, wall=NOW, owner="w", limit=1, per_seller=16, duration=MINUTE)
    assert claimed.call_id == order.pk
    [second] = claim_calls(now=NOW, wall=NOW, owner="w", limit=1, per_seller=16, duration=MINUTE)
    assert second.call_id == run.call_id
