"""Licenses in use while their delivery is supervised: by the code of a machine, and by an authorisation code
(business-rules §2.10; saas-v1-license §B2, §B3). Every act of every role is tested in test_every_act.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from tests.factories import NOW
from tests.factories.licenses import deliver_text
from tests.factories.products import MONTHLY
from tests.market.engine import give_up, react
from tests.market.supervision.supervising import (
    CLOCKS,
    DAY,
    B,
    S,
    code_is_activated,
    instance_opens,
    license_comes,
    license_is_refused,
    money,
    perform,
    person,
    reload,
    run_timer,
    supervised,
    walk,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.activating import NotActivated, return_code, take_code
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.licenses.models import LicenseCode, LicenseRequest
from tradepost.market.orders.refund_terms import RefusalReason
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.supervision import cancel
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal, Supervision, Visit
from tradepost.market.web.refund_rules import rules_now

pytestmark = pytest.mark.django_db
PRICE = 10_000
MONTH = replace(MONTHLY, amount=Decimal(100), period_numbers=(1,))
A_WEEK = NOW + 7 * DAY


def make_online_license() -> Supervision:
    return supervised("LICENSE", price=MONTH, supervised="yes")


def make_code_license(*, acceptance_review: str = "") -> Supervision:
    return supervised("LICENSE_CODE", price=MONTH, supervised="yes", acceptance_review=acceptance_review)


def service(supervision: Supervision) -> Subscription:
    return Subscription.objects.select_related("offer", "product", "buyer").get(pk=supervision.subscription_id)


# --- licenses for a machine code ----------------------------------------------------------------------------------------


def test_license_is_accepted_before_its_seller_earns_and_its_term_begins_then() -> None:
    """§2.10: "user submits system code or hardware code → seller delivers (async license) → user confirms/rejects";
    §B1: "the resource term starts at acceptance".
    """
    supervision = make_online_license()
    has = money(supervision)[0]
    with pytest.raises(Refused, match=r"license\.not_now"):
        perform(supervision, B, Act.DEMAND, fingerprint="MAC-1")
    assert (Visit.objects.count(), LicenseRequest.objects.count()) == (0, 0), "it is not open yet, and nothing was kept"
    instance_opens(supervision)
    subscription = service(supervision)
    assert (subscription.status, subscription.expires_at, subscription.instance_id != "") == ("active", None, True)
    assert (reload(supervision).line.order.status, Period.objects.count()) == ("processing", 0)

    perform(supervision, B, Act.DEMAND, fingerprint="MAC-1")
    call = Call.objects.get(kind="GetLicenseAsync")
    assert "2026-04-01" in str(call.command), "it names a provisional end"
    license_comes(supervision, now=NOW + DAY)
    assert (reload(supervision).node, Visit.objects.latest("pk").party) == ("accept", "market")
    perform(supervision, B, Act.ACCEPT, now=A_WEEK)
    ended, subscription = reload(supervision), service(supervision)
    assert (ended.status, ended.line.order.status, money(ended)) == ("completed", "completed", (has, 0, PRICE))
    assert (ended.effective_at, subscription.expires_at) == (A_WEEK, datetime(2026, 4, 8, 8, tzinfo=UTC))
    period = Period.objects.get()
    assert (period.starts_at, period.ends_at, period.paid_minor) == (A_WEEK, subscription.expires_at, PRICE)
    assert possible_refunds(subscription, rules_now(), now=A_WEEK + DAY).why is RefusalReason.NOT_REFUNDABLE
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_license_refused_by_the_sellers_server_is_requested_again_or_delivered_manually() -> None:
    supervision = make_online_license()
    instance_opens(supervision)
    perform(supervision, B, Act.DEMAND, fingerprint="WRONG")
    license_is_refused(supervision, now=NOW + DAY)
    assert reload(supervision).node == "code"
    perform(supervision, B, Act.DEMAND, fingerprint="RIGHT", now=NOW + DAY)
    perform(supervision, S, Act.REFUSE, now=NOW + DAY, words="Which machine is this?")
    perform(supervision, B, Act.DEMAND, fingerprint="RIGHT 2", now=NOW + DAY)
    perform(supervision, S, Act.DELIVER, now=NOW + 2 * DAY, words="Handed over on a stick.")
    perform(supervision, B, Act.REJECT, now=NOW + 3 * DAY)
    assert (reload(supervision).node, reload(supervision).rejections) == ("deliver", 1)
    perform(supervision, S, Act.DELIVER, now=NOW + 3 * DAY)
    perform(supervision, B, Act.ACCEPT, now=NOW + 3 * DAY)
    assert reload(supervision).status == "completed"


@pytest.mark.slow
def test_rejected_license_is_not_issued_again_and_one_issued_during_a_dispute_counts() -> None:
    supervision = make_online_license()
    instance_opens(supervision)
    perform(supervision, B, Act.DEMAND, fingerprint="MAC-1")
    perform(supervision, S, Act.REFUSE, now=NOW + DAY)
    first = LicenseRequest.objects.get()
    deliver_text(first.seller_id, first.event_id, "license", now=NOW + DAY)
    react(now=NOW + DAY)
    assert reload(supervision).node == "code", "another code was asked for meanwhile"
    perform(supervision, B, Act.DEMAND, fingerprint="MAC-2", now=NOW + 2 * DAY)
    appealed = appeal(
        supervision.pk, B, "Nothing comes.", (), by=person(supervision, B), clocks=CLOCKS, now=NOW + 3 * DAY
    )
    license_comes(supervision, now=NOW + 3 * DAY)
    assert (reload(supervision).status, reload(supervision).node) == ("appealed", "deliver")
    operator = person(supervision, Party.OPERATOR)
    decide(supervision.pk, Appeal.Decision.CONTINUE, "It came.", by=operator, clocks=CLOCKS, now=NOW + 4 * DAY)
    assert (reload(supervision).node, Appeal.objects.get(pk=appealed.pk).decision) == ("accept", "continue")
    perform(supervision, B, Act.REJECT, now=NOW + 5 * DAY)
    react(now=NOW + 5 * DAY)
    assert reload(supervision).node == "deliver"


@pytest.mark.slow
def test_service_that_cannot_be_opened_is_refunded_and_nothing_is_left_to_decide() -> None:
    """§4.7: "failed provisioning → automatic full refund"."""
    supervision = make_online_license()
    has = money(supervision)[0]
    appeal(supervision.pk, B, "Why so slow?", (), by=person(supervision, B), clocks=CLOCKS, now=NOW)
    with pytest.raises(Refused, match=r"supervision\.opening"):
        decide(
            supervision.pk, Appeal.Decision.REFUND, "so", by=person(supervision, Party.OPERATOR), clocks=CLOCKS, now=NOW
        )
    assert reload(supervision).status == "appealed"
    give_up(Call.objects.get(), now=NOW + DAY)
    react(now=NOW + DAY)
    ended = reload(supervision)
    assert (ended.status, ended.whole_back, money(ended)) == ("refunded", True, (has + PRICE, 0, 0))
    assert Appeal.objects.get().decision == "refund"
    assert run_timer(supervision, NOW + 300 * DAY) is None
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_part_is_refunded_in_use_and_a_full_refund_releases_the_service() -> None:
    supervision = make_online_license()
    has = money(supervision)[0]
    instance_opens(supervision)
    perform(supervision, B, Act.DEMAND, fingerprint="MAC-1")
    cancel.request_refund(supervision.pk, "Late.", amount_minor=4_000, ends=False, now=NOW)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    assert money(supervision) == (has + 4_000, PRICE - 4_000, 0)
    cancel.agree(supervision.pk, "We cannot.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    ended = reload(supervision)
    assert (ended.status, ended.line.order.status) == ("refunded", "refunded")
    assert (money(ended), Period.objects.count()) == ((has + PRICE, 0, 0), 0)
    assert Operation.objects.get(kind="release").status == "running", "its seller is asked to delete it"
    assert ledger.verify().problems == ()


# --- authorisation codes ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_code_is_prepared_taken_activated_proved_and_its_term_begins_with_the_activation() -> None:
    """§2.10: "seller implements → user takes the code → seller calls activate → node passes automatically, service
    start = activation time → seller uploads proof → auto-accepted".
    """
    supervision = make_code_license()
    has, code = money(supervision)[0], LicenseCode.objects.get()
    subscription = service(supervision)
    for code_act in (take_code, return_code):
        with pytest.raises(Refused, match=r"license\.supervised"):
            code_act(subscription, actor="buyer", now=NOW)
    with pytest.raises(NotActivated):
        code_is_activated(supervision)
    assert (LicenseCode.objects.get().status, reload(supervision).node) == ("issued", "deliver")
    walk(supervision, (S, Act.DELIVER), (B, Act.TAKE))
    assert (LicenseCode.objects.get().status, reload(supervision).node) == ("taken", "activate")
    code_is_activated(supervision, now=NOW + DAY)
    subscription = service(supervision)
    assert (subscription.status, subscription.started_at, subscription.expires_at) == (
        "active",
        NOW + DAY,
        datetime(2026, 4, 2, 8, tzinfo=UTC),
    )
    assert (reload(supervision).node, money(supervision)) == ("proof", (has, PRICE, 0))
    assert possible_refunds(subscription, rules_now(), now=A_WEEK).why is RefusalReason.NOT_REFUNDABLE
    with pytest.raises(Refused, match=r"supervision\.missing"):
        perform(supervision, S, Act.DELIVER, now=A_WEEK, proofs=False)
    perform(supervision, S, Act.DELIVER, now=A_WEEK)
    ended = reload(supervision)
    assert (ended.status, ended.line.order.status, money(ended)) == ("completed", "completed", (has, 0, PRICE))
    assert (ended.effective_at, service(supervision).expires_at) == (NOW + DAY, subscription.expires_at)
    assert Period.objects.get().starts_at == NOW + DAY
    assert LicenseCode.objects.get(pk=code.pk).status == "active"
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_code_cancelled_before_it_was_taken_is_void() -> None:
    supervision = make_code_license()
    has = money(supervision)[0]
    walk(supervision, (S, Act.DELIVER))
    cancel.request_refund(supervision.pk, "Not needed.", now=NOW)
    with pytest.raises(Refused, match=r"supervision\.cancelling"):
        perform(supervision, B, Act.TAKE)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    assert (LicenseCode.objects.get().status, service(supervision).status) == ("withdrawn", "failed")
    assert money(supervision) == (has + PRICE, 0, 0)
    with pytest.raises(NotActivated):
        code_is_activated(supervision)


@pytest.mark.slow
def test_operator_refunds_a_license_in_use_and_its_code_becomes_void() -> None:
    supervision = make_code_license(acceptance_review="yes")
    has = money(supervision)[0]
    walk(supervision, (S, Act.DELIVER), (B, Act.TAKE))
    code_is_activated(supervision)
    walk(supervision, (S, Act.DELIVER))
    assert reload(supervision).node == "review"
    appeal(supervision.pk, B, "It does not start.", (), by=person(supervision, B), clocks=CLOCKS, now=NOW)
    decide(supervision.pk, Appeal.Decision.REFUND, "so", by=person(supervision, Party.OPERATOR), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    assert (money(supervision), service(supervision).status) == ((has + PRICE, 0, 0), "released")
    assert list(Period.objects.filter(cancelled_at=None)) == []
    assert ledger.verify().problems == ()


def test_proof_after_the_end_of_the_paid_time_still_ends_the_delivery() -> None:
    supervision = make_code_license()
    walk(supervision, (S, Act.DELIVER), (B, Act.TAKE))
    code_is_activated(supervision)
    Subscription.objects.update(status="released")
    perform(supervision, S, Act.DELIVER, now=NOW + timedelta(days=90))
    assert (reload(supervision).line.order.status, money(supervision)[2]) == ("completed", PRICE)


def test_code_of_an_unsupervised_product_is_available_at_once() -> None:
    supervised_before = Supervision.objects.count()
    with pytest.raises(Supervision.DoesNotExist):
        supervised("LICENSE_CODE", price=MONTH)
    assert (Supervision.objects.count(), LicenseCode.objects.get().status) == (supervised_before, "issued")


# --- pages and operators ------------------------------------------------------------------------------------------------


def test_pages_of_a_supervised_service_link_to_its_delivery() -> None:
    supervision = make_online_license()
    instance_opens(supervision)
    client = Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    service_page, delivery = f"/services/{supervision.subscription_id}/", f"/supervision/{supervision.pk}/"
    page = client.get(service_page).content.decode()
    assert "We hold your payment until the delivery is complete." in page
    assert "starts when you accept" in page
    assert delivery in page
    for elsewhere in ("policy/", "renew/", "unsubscribe/", "explain/", "change/"):
        assert client.get(f"{service_page}{elsewhere}").status_code in {200, 302, 404}, elsewhere
    refused = client.post(f"{service_page}licenses/", {"fingerprint": "MAC-1"})
    assert (refused["Location"], LicenseRequest.objects.count()) == (delivery, 0)
    assert "apply for it here" in client.get(delivery).content.decode()


def test_unprepared_code_cannot_be_taken_on_the_page_of_its_service() -> None:
    supervision = make_code_license()
    client = Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    service_page = f"/services/{supervision.subscription_id}/"
    page = client.get(service_page).content.decode()
    assert "Reveal the code" not in page
    assert f"/supervision/{supervision.pk}/" in page
    for way in ("code/take/", "code/give-back/"):
        client.post(f"{service_page}{way}")
        assert LicenseCode.objects.get().status == "issued"
    assert f"/supervision/{supervision.pk}/" in client.get(f"/orders/{supervision.line.order.number}/").content.decode()


def test_operators_refund_of_the_order_ends_its_delivery() -> None:
    supervision = make_code_license()
    has, operator = money(supervision)[0], person(supervision, Party.OPERATOR)
    walk(supervision, (S, Act.DELIVER), (B, Act.TAKE))
    refund_order(supervision.line.order, reason="Nobody activates it.", actor=operator.email, now=A_WEEK)
    react(now=A_WEEK)
    ended = reload(supervision)
    assert (ended.status, ended.whole_back, money(ended)) == ("refunded", True, (has + PRICE, 0, 0))
    assert LicenseCode.objects.get().status == "withdrawn"
