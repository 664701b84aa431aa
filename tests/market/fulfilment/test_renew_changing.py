"""Renewal with a change: the seller is asked first, its agreement is valid for a while, and a refusal blocks the order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories import make_buyer, make_order
from tests.market.engine import react
from tests.market.fulfilment.services import (
    END,
    NEXT_END,
    RELEASE,
    again,
    command,
    done,
    failed,
    offers,
    open_call,
    order_status,
    passes,
    progress_of,
    renewed,
    service,
    told,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.catalog.models import Offer, Product, PurchaseLimit
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import settle
from tradepost.market.fulfilment.renew_changing import (
    AgreementState,
    ChangeRules,
    latest_check,
    may_renew_changed,
    order_changed,
    request_agreement,
)
from tradepost.market.fulfilment.restart import restart
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.convert import WithinSpec
from tradepost.market.orders.models import LimitUse, Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.refund_terms import RefundRules as TakenBack
from tradepost.market.orders.refund_terms import RefundWay, RefusalReason
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import CheckChange, Refresh, Rejected, Scene

pytestmark = pytest.mark.django_db
RULES = ChangeRules(days_before=30, lasts_minutes=30, unpaid_timeout=timedelta(days=1))
MINUTE = timedelta(minutes=1)
NEAR = END - timedelta(days=30)
"""Exactly ``days_before`` before the end."""
TOO_BIG = Rejected(code="000005", message="12 users are active, 5 seats are too few")


def changeable(protocol: str = "saas_v2", *, proven: bool = True) -> Subscription:
    """A month of three seats, whose seller has saved a case of changeInstanceCheck."""
    subscription = service(protocol)
    if proven:
        address = subscription.product.binding.address
        address.proven = ["changeInstanceCheck"]
        address.save()
    Subscription.objects.filter(pk=subscription.pk).update(quantity=3)
    return again(subscription)


def choice(subscription: Subscription, offer: Offer | None = None, **other: Any) -> WithinSpec:
    """A month of five large seats, or of another offer."""
    fields: dict[str, Any] = {
        "subscription": subscription.pk, "quantity": 5, "periods": 1, "agreed": True,
        "product_id": (offer or offers(subscription)[2]).product_id,
    }  # fmt: skip
    return WithinSpec(**(fields | other))


def request_check(
    subscription: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any
) -> None:
    request_agreement(
        again(subscription), choice(subscription, offer, **other), actor=subscription.buyer.email, rules=RULES, now=now
    )


def ask_and_agree(
    subscription: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any
) -> None:
    request_check(subscription, offer, now=now, **other)
    done(open_call(), now=now)


def order_renewal(
    subscription: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any
) -> Order:
    """Place the order, unpaid."""
    return order_changed(
        again(subscription), subscription.buyer, choice(subscription, offer, **other), rules=RULES, now=now
    )


def pay_renewal(subscription: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any) -> Order:
    placed = order_renewal(subscription, offer, now=now, **other)
    pay_order(placed, now=now)
    react(now=now)
    return Order.objects.select_related("buyer").get(pk=placed.pk)


def refused(act: Any, subscription: Subscription, **other: Any) -> str:
    """Return the refusal's code; nothing is stored and no call is made."""
    before = (Order.objects.count(), Job.objects.count(), Operation.objects.count(), Call.objects.count())
    with pytest.raises(Refused) as refusal:
        act(subscription, **other)
    assert (Order.objects.count(), Job.objects.count(), Operation.objects.count(), Call.objects.count()) == before
    return refusal.value.code


def agreement_state(subscription: Subscription) -> AgreementState:
    latest = latest_check(subscription)
    assert latest is not None
    return latest.word


@pytest.mark.parametrize("now", [NEAR, END + MINUTE], ids=["before its end", "in its grace"])
def test_quantity_limit_counts_a_later_increase(now: datetime) -> None:
    """business-rules §3.7: per user, quantity per attribute; also where the increase begins with a renewal."""
    subscription = changeable()
    PurchaseLimit.objects.create(product=subscription.product, maximum=4, until_expiry=True)
    ask_and_agree(subscription, now=now)
    assert refused(order_renewal, subscription, now=now) == "order.limit"
    assert not LimitUse.objects.exclude(used=0).exists()
    ask_and_agree(subscription, now=now, quantity=4)
    order_renewal(subscription, now=now, quantity=4)
    assert LimitUse.objects.get().used == 4
    with pytest.raises(Refused, match=r"order\.limit"):
        make_order(subscription.buyer, offer=subscription.offer, now=now)


def test_renewal_with_less_is_never_limited() -> None:
    subscription = changeable()
    PurchaseLimit.objects.create(product=subscription.product, maximum=2)
    ask_and_agree(subscription, quantity=2)
    assert order_renewal(subscription, quantity=2).status == "unpaid"


def test_agreed_renewal_is_ordered_paid_and_effective() -> None:
    """saas-v2 §3.7, §8.1: changeInstanceCheck, then refreshInstance RENEWAL_CHANGE, which is called at once
    (operations.md §7)."""
    subscription = changeable()
    large = offers(subscription)[2]
    request_check(subscription)
    check = open_call()
    assert command(check) == CheckChange(
        instance_id=subscription.instance_id, product_id=large.product_id, sku_code=large.sku.code,
        product_name=subscription.product.name, linear_value=5,
    )  # fmt: skip
    assert (check.order_number, agreement_state(subscription)) == ("", AgreementState.ASKED)
    done(check, now=NEAR)
    latest = latest_check(subscription)
    assert latest is not None
    assert (latest.word, latest.until) == (AgreementState.AGREED, NEAR + 30 * MINUTE)

    placed = pay_renewal(subscription, now=NEAR + 20 * MINUTE)
    assert (placed.order_type, placed.total_minor) == ("RENEW", 50_000), "today's price of the target"
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.scene, sent_command.order_id, sent_command.expires_at, sent_command.product_id) == (
        Scene.RENEWAL_CHANGE, placed.number, NEXT_END, large.product_id,
    )  # fmt: skip
    seller_order = order_of_seller(placed.number, subscription.seller_id)
    assert seller_order is not None
    assert (seller_order.lines[0].products[0].linear_value, seller_order.lines[0].expires_at) == (5, NEXT_END)
    assert again(subscription).quantity == 3, "unchanged until the seller did it"
    done(open_call(), now=NEAR + 20 * MINUTE)
    current = again(subscription)
    assert (current.expires_at, current.offer_id, current.quantity) == (NEXT_END, large.pk, 5)
    period = Period.objects.get(line_number=f"{placed.number}-000001")
    assert (period.kind, period.offer_id, period.quantity, period.starts_at, period.ends_at) == (
        "base", large.pk, 5, END, NEXT_END,
    )  # fmt: skip
    assert (order_status(placed), told("service_renewed"), ledger.money_in_clearing(placed.number)) == (
        "completed",
        1,
        50_000,
    )
    assert [call.kind for call in Call.objects.order_by("pk") if call.kind not in {"Create", "Query"}] == [
        "CheckChange", "Refresh",
    ]  # fmt: skip
    passes(END)
    assert ledger.money_in_clearing(placed.number) == 0, "earned when its period begins (business-rules §8.2)"
    assert ledger.verify().problems == ()


def test_downgrade_is_a_change_and_quantity_alone_keeps_the_product() -> None:
    """saas-v2 §8.1: upgrade, downgrade, scale-out, scale-in; §3.3: productId only when it changes."""
    subscription = changeable()
    current_offer = subscription.offer
    ask_and_agree(subscription, current_offer, quantity=1)
    placed = pay_renewal(subscription, current_offer, quantity=1)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.scene, sent_command.product_id, placed.total_minor) == (Scene.RENEWAL_CHANGE, "", 10_000)


def test_same_edition_and_quantity_is_a_plain_renewal() -> None:
    subscription = changeable()
    assert refused(request_check, subscription, offer=subscription.offer, quantity=3) == "renewal_change.same"
    year = offers(subscription)[1]
    assert refused(request_check, subscription, offer=year, quantity=3) == "renewal_change.same"
    renewed(subscription, now=NEAR)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert sent_command.scene is Scene.RENEWAL


# --- the seller's agreement -------------------------------------------------------------------------------------------


def test_refused_check_blocks_the_order_and_keeps_the_message() -> None:
    """saas-v2 §3.7: any code but 000000 blocks the change; §3.10: no retry."""
    subscription = changeable()
    failures = told("seller_call_failed")
    request_check(subscription, quantity=1)
    failed(open_call(), TOO_BIG, now=NEAR)
    latest = latest_check(subscription)
    assert latest is not None
    assert (latest.word, latest.words) == (AgreementState.REFUSED, TOO_BIG.message)
    assert refused(order_renewal, subscription, quantity=1) == "renewal_change.not_agreed"
    assert told("seller_call_failed") == failures, "a refusal is not a failure"
    assert not Call.objects.filter(kind="Refresh").exists()
    ask_and_agree(subscription)
    assert agreement_state(subscription) is AgreementState.AGREED, "another check may follow at once"


def test_invalid_answer_is_no_agreement() -> None:
    """saas-v2 §3.10: change not offered."""
    subscription = changeable()
    request_check(subscription)
    failed(open_call(), now=NEAR)
    assert agreement_state(subscription) is AgreementState.SILENT
    assert refused(order_renewal, subscription) == "renewal_change.not_agreed"
    assert not Operation.objects.filter(kind="check_change", status="stopped").exists()


def test_agreement_is_valid_for_half_an_hour_and_this_choice() -> None:
    """operations.md §7: check valid 30 min."""
    subscription = changeable()
    ask_and_agree(subscription)
    assert refused(order_renewal, subscription, quantity=6) == "renewal_change.not_agreed"
    assert refused(order_renewal, subscription, offer=offers(subscription)[3]) == "renewal_change.not_agreed"
    assert refused(order_renewal, subscription, now=NEAR + 30 * MINUTE) == "renewal_change.not_agreed"
    assert order_renewal(subscription, now=NEAR + 30 * MINUTE - timedelta(microseconds=1)).status == "unpaid"


def test_open_or_agreed_check_is_not_repeated() -> None:
    subscription = changeable()
    request_check(subscription)
    request_check(subscription)
    assert Operation.objects.filter(kind="check_change").count() == 1
    assert refused(request_check, subscription, quantity=7) == "renewal_change.asked"
    done(open_call(), now=NEAR)
    request_check(subscription, now=NEAR + 29 * MINUTE)
    assert Operation.objects.filter(kind="check_change").count() == 1
    request_check(subscription, now=NEAR + 30 * MINUTE)
    assert Operation.objects.filter(kind="check_change").count() == 2


def test_late_payment_repeats_the_check() -> None:
    """operations.md §3: CheckChange again if stale (refused: refund)."""
    subscription = changeable()
    balance = ledger.buyer_account(subscription.buyer, "CNY").balance
    ask_and_agree(subscription)
    placed, later = order_renewal(subscription), NEAR + timedelta(hours=5)
    pay_order(placed, now=later)
    react(now=later)
    assert open_call().kind == "CheckChange"
    failed(open_call(), TOO_BIG, now=later)
    assert (order_status(placed), ledger.buyer_account(subscription.buyer, "CNY").balance) == ("refunded", balance)
    assert (again(subscription).expires_at, again(subscription).quantity, told("renewal_refunded")) == (END, 3, 1)
    [line] = progress_of(Order.objects.select_related("buyer").get(pk=placed.pk)).lines
    assert [request.checks for request in line.asked] == [True]
    assert not Call.objects.filter(kind="Refresh").exists()


def test_agreed_renewal_that_fails_stops_and_is_restarted() -> None:
    """saas-v2 §3.10: refreshInstance stops after its hour; manual restart."""
    subscription = changeable()
    ask_and_agree(subscription)
    placed = pay_renewal(subscription)
    failed(open_call(), now=NEAR)
    assert (order_status(placed), told("renewal_waits")) == ("processing", 1)
    restart(Operation.objects.get(line__order=placed), actor="seller", now=NEAR + timedelta(days=2))
    assert open_call().kind == "Refresh", "the refresh is called again, not the check"
    done(open_call(), now=NEAR + timedelta(days=2))
    assert (again(subscription).expires_at, again(subscription).quantity) == (NEXT_END, 5)


def test_effective_renewal_is_not_refundable() -> None:
    """business-rules §4.7: an effective renewal is not refundable. Decision 0043: otherwise the buyer would use the
    larger edition for nothing."""
    subscription = changeable()
    ask_and_agree(subscription)
    pay_renewal(subscription)
    done(open_call(), now=NEAR)
    rules = TakenBack(no_reason_days=0, no_reason_per_year=10, negotiable_days=30)
    offered = possible_refunds(again(subscription), rules, now=NEAR)
    assert (offered.ways, offered.why) == ((), RefusalReason.CHANGED)
    renewed(subscription, now=NEAR + timedelta(hours=1))
    done(open_call(), now=NEAR + timedelta(hours=1))
    [way] = possible_refunds(again(subscription), rules, now=NEAR + timedelta(hours=2)).ways
    assert (way.way, way.back.minor) == (RefundWay.CANCEL_RENEWAL, 50_000), "a later plain renewal is"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NEAR - timedelta(microseconds=1), "renewal_change.too_early"),
        (RELEASE, "renewal.too_late"),
    ],
)
def test_renewal_with_change_begins_thirty_days_before_the_end(now: datetime, code: str) -> None:
    """business-rules §4.5, saas-v2 §8.1: from 30 days before expiry."""
    subscription = changeable()
    assert refused(request_check, subscription, now=now) == code
    assert refused(order_renewal, subscription, now=now) == code
    assert not may_renew_changed(subscription, now=now, days_before=30)
    assert may_renew_changed(subscription, now=NEAR, days_before=30)
    assert may_renew_changed(subscription, now=RELEASE - timedelta(microseconds=1), days_before=30)


@pytest.mark.parametrize(
    ("spoken", "proven"), [("saas_v1", True), ("license_v1", True), ("license_online", True), ("saas_v2", False)]
)
def test_renewal_with_change_needs_a_seller_with_a_saved_case(spoken: str, proven: bool) -> None:
    """saas-v2 §8.1: SaaS 2.0 only; §8.2: its seller has debugged and saved changeInstanceCheck."""
    subscription = changeable(spoken, proven=proven)
    assert refused(request_check, subscription) == "renewal_change.no_word"
    assert refused(order_renewal, subscription) == "renewal_change.no_word"
    assert not may_renew_changed(subscription, now=NEAR, days_before=30)


def test_only_offers_of_the_same_specification_are_targets() -> None:
    """saas-v2 §8.1: SKUs of the same specification; withdrawn products cannot change."""
    subscription, other_subscription = changeable(), changeable()
    assert refused(request_check, subscription, offer=offers(other_subscription)[2]) == "service.other_spec"
    assert refused(request_check, subscription, quantity=51) == "order.quantity"
    assert refused(request_check, subscription, periods=2) == "order.periods"
    Product.objects.filter(pk=subscription.product_id).update(status=Product.Status.STOPPED)
    assert refused(request_check, subscription) == "offer.unknown"


def test_one_open_order_at_a_time_and_none_during_an_operators_freeze() -> None:
    """business-rules §4.1; operations.md §7: operator-frozen: no renewal."""
    subscription = changeable()
    ask_and_agree(subscription)
    assert refused(order_renewal, subscription, agreed=False) == "order.agreement"
    placed = order_renewal(subscription)
    assert (
        refused(order_renewal, subscription) == refused(request_check, subscription, quantity=9) == "service.open_order"
    )
    assert placed.pay_before == NEAR + timedelta(days=1)
    other_subscription = changeable()
    add_reason([again(other_subscription)], Freeze.Reason.OPERATOR, actor="operator", now=NEAR)
    assert refused(request_check, other_subscription) == "renewal.frozen"


def test_only_the_buyer_changes_the_service() -> None:
    subscription = changeable()
    ask_and_agree(subscription)
    with pytest.raises(Subscription.DoesNotExist):
        order_changed(again(subscription), make_buyer(), choice(subscription), rules=RULES, now=NEAR)
    assert not Order.objects.filter(order_type="RENEW").exists()


def test_check_waits_for_its_turn_in_the_lane() -> None:
    subscription = changeable()
    add_reason([again(subscription)], Freeze.Reason.EXPIRED, actor="market", now=END)
    settle([again(subscription)], now=END)
    freeze = open_call()
    request_check(subscription, now=END)
    assert Operation.objects.get(kind="check_change").status == "queued"
    assert agreement_state(subscription) is AgreementState.ASKED
    done(freeze, now=END)
    check = open_call()
    assert (check.kind, check.give_up_at) == ("CheckChange", END)
    done(check, now=END)
    assert agreement_state(subscription) is AgreementState.AGREED
