"""Unsubscribing: refund and loss of access at once, then the call to the seller in its turn (business-rules §4.7)."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.factories import NOW
from tests.market.fulfilment.changes import LATER, changeable, changed, large_of
from tests.market.fulfilment.services import (
    END,
    GRACE,
    NEXT_END,
    again,
    command,
    done,
    failed,
    offers,
    open_call,
    order_status,
    ordered,
    passes,
    renewed,
    service,
    told,
)
from tests.market.fulfilment.trials import converted, on_trial
from tests.market.fulfilment.unsubscribing import DAY, PRICE, RULES, asked, balance, facts, owed
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, set_expiry_policy
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import may_refund
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.auto_renew import AutoRule
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import LimitUse, Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.models import Period
from tradepost.protocols.commands import Refresh, Release, Scene

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("spoken", "names_purchase"), [("saas_v2", False), ("saas_v1", True)]
)  # fmt: skip
def test_full_refund_within_five_days_ends_the_service(spoken: str, names_purchase: bool) -> None:
    """business-rules §4.7: five-day no-reason full refund; saas-v2 §3.5: the release names the unsubscription order, in
    SaaS 1.0 the purchase."""
    subscription = service(spoken)
    before = balance(subscription)
    refund = asked(subscription, "no_reason", now=NOW + DAY)
    current = again(subscription)
    assert current.status == "releasing", "access is closed"
    assert (balance(current), owed(current)) == (before + PRICE, 0), "at the request, not at the release (§7)"
    purchase_line = subscription.order_line_number
    call = command(open_call())
    assert isinstance(call, Release)
    named_order = refund.order.number if refund.order else ""
    assert call.order_id == (purchase_line.rpartition("-")[0] if names_purchase else named_order)
    assert call.order_line_id == ("" if names_purchase else f"{named_order}-000001")
    assert (Order.objects.get(number=purchase_line.rpartition("-")[0]).status, refund.status) == (
        "refunded",
        "refunded",
    )
    done(open_call(), now=NOW + DAY)
    assert (again(subscription).status, Order.objects.get(number=named_order).status) == ("released", "completed")
    assert (told("refund_paid"), told("seller_refund_paid")) == (1, 0), "the seller has no members to notify"
    assert ledger.verify().problems == ()


def test_seller_can_query_the_unsubscription() -> None:
    """saas-v1-license C: currency is empty for an unsubscription, currencyAfterDiscount negative."""
    subscription = service()
    refund = asked(subscription, "no_reason")
    assert refund.order is not None
    seller_order = order_of_seller(refund.order.number, subscription.seller_id)
    assert seller_order is not None
    [line] = seller_order.lines
    assert (seller_order.order_type, line.currency, line.currency_after_discount) == ("UNSUBSCRIBE", "", "-100")
    assert line.products[0].product_id == subscription.offer.product_id


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1", "license_online"])
def test_future_renewal_is_cancelled_and_refunded(spoken: str) -> None:
    """saas-v2 §3.3: UNSUBSCRIBE_RENEWAL_PERIOD with the end before; saas-v1-license A2.3: shown by the sign of the
    amount; business-rules §4.7: in full, uncounted."""
    subscription = service(spoken)
    order = renewed(subscription)
    done(open_call())
    before = balance(subscription)
    later = NOW + 20 * DAY
    refund = asked(subscription, "cancel_renewal", now=later)
    current = again(subscription)
    assert (current.status, current.expires_at, balance(current)) == ("active", END, before + PRICE)
    call = command(open_call())
    assert isinstance(call, Refresh)
    named_order = refund.order.number if refund.order else ""
    assert (call.scene, call.order_id, call.expires_at) == (Scene.UNSUBSCRIBE_RENEWAL_PERIOD, named_order, END)
    assert call.purchase is not None
    assert call.purchase.amount == Money(PRICE, "CNY").major
    with pytest.raises(Refused, match=r"renewal\.open"):
        ordered(subscription, now=later)
    done(open_call(), now=later)
    assert (order_status(order), Order.objects.get(number=named_order).status) == ("refunded", "completed")
    assert again(subscription).expires_at == END
    assert (owed(current), ledger.money_in_clearing(order.number), ledger.verify().problems) == (PRICE, 0, ())
    renewed(subscription, now=later)
    assert Period.objects.filter(subscription=subscription, cancelled_at=None).count() == 1


def test_cancelled_yearly_renewal_restores_the_monthly_product() -> None:
    subscription = service()
    monthly, yearly = offers(subscription)[:2]
    renewed(subscription, product_id=yearly.product_id)
    done(open_call())
    assert again(subscription).offer_id == yearly.pk
    asked(subscription, "cancel_renewal")
    call = command(open_call())
    assert isinstance(call, Refresh)
    assert (again(subscription).offer_id, call.product_id) == (monthly.pk, monthly.product_id)


def test_cancelled_renewal_is_not_repeated_automatically() -> None:
    subscription = service()
    request = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=Duration("month", 1))
    set_expiry_policy(subscription.buyer, request, rule=AutoRule(), now=NOW)
    passes(END - 6 * DAY)
    done(open_call(), now=END - 6 * DAY)
    assert again(subscription).expires_at == NEXT_END
    asked(subscription, "cancel_renewal", now=END - 6 * DAY)
    done(open_call(), now=END - 6 * DAY)
    passes(END - DAY)
    current = again(subscription)
    assert (current.expires_at, current.at_expiry, Order.objects.filter(order_type="RENEW").count()) == (END, "keep", 1)


def test_both_refunds_are_offered_and_the_whole_returns_everything() -> None:
    """operations.md §7: the buyer chooses which of the two refunds."""
    subscription = service()
    order, start = renewed(subscription), balance(subscription) + 2 * PRICE - PRICE
    done(open_call())
    assert {str(way.way) for way in possible_refunds(again(subscription), RULES, now=NOW).ways} == {
        "cancel_renewal", "no_reason",
    }  # fmt: skip
    refund = asked(subscription, "no_reason")
    assert balance(subscription) == start + PRICE
    assert (refund.total.minor, order_status(order), owed(subscription)) == (2 * PRICE, "refunded", 0)
    assert {line.back_minor for line in refund.lines.all()} == {PRICE}
    assert not Period.objects.filter(subscription=subscription, cancelled_at=None).exists(), (
        "no refunded period is in force (§6)"
    )
    done(open_call())
    assert again(subscription).status == "released"
    passes(NEXT_END + 40 * DAY)
    assert ledger.verify().problems == ()
    assert balance(subscription) == start + PRICE


def test_refunded_order_frees_its_quota() -> None:
    """business-rules §3.7: refunded orders are not counted."""
    from tradepost.market.catalog.models import PurchaseLimit
    from tradepost.market.orders.reserve import used_units

    subscription = service()
    limit = PurchaseLimit.objects.create(product=subscription.product, maximum=1)
    LimitUse.objects.create(limit=limit, buyer=subscription.buyer, used=1)
    assert used_units(limit, subscription.buyer_id, now=NOW) == 1
    asked(subscription, "no_reason")
    assert LimitUse.objects.get().used == 0


def test_refunds_return_the_change_fee_by_share() -> None:
    """operations.md §4: the fee is booked over the periods that it covers, so a cancelled renewal returns its share."""
    subscription = changeable(service())
    start = balance(subscription) + PRICE
    renewed(subscription)
    done(open_call())
    order = changed(subscription)
    done(open_call(), now=LATER)
    fee = order.total_minor
    assert balance(subscription) == start - 2 * PRICE - fee
    shares = Period.objects.filter(subscription=subscription, kind="change").order_by("starts_at")
    current_share, future_share = shares.values_list("paid_minor", flat=True)
    assert current_share + future_share == fee
    refund = asked(subscription, "cancel_renewal", now=LATER)
    done(open_call(), now=LATER)
    assert (refund.total.minor, balance(subscription)) == (PRICE + future_share, start - PRICE - current_share)
    assert (order_status(order), again(subscription).offer_id) == ("completed", large_of(subscription).pk)
    refund = asked(subscription, "no_reason", now=LATER)
    assert (refund.total.minor, balance(subscription), owed(subscription)) == (PRICE + current_share, start, 0)
    assert order_status(order) == "refunded"
    assert ledger.verify().problems == ()


def test_future_conversion_is_cancelled_and_the_trial_returns() -> None:
    """operations.md §4: the latest period has not begun; a trial itself is not refundable (business-rules §3.5)."""
    subscription = on_trial()
    trial, before = again(subscription).offer, balance(subscription)
    order = converted(subscription)
    done(open_call())
    assert again(subscription).offer_id != trial.pk
    asked(subscription, "cancel_renewal")
    call = command(open_call())
    assert isinstance(call, Refresh)
    current = again(subscription)
    assert (current.offer_id, call.product_id, current.expires_at) == (trial.pk, trial.product_id, call.expires_at)
    assert (order_status(order), balance(subscription)) == ("refunded", before)
    done(open_call())
    with pytest.raises(Refused, match=r"unsubscribe\.trial"):
        asked(subscription, "no_reason", back=0)
    assert ledger.verify().problems == ()


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "why"), [(NOW + 5 * DAY, "too_late"), (END, "expired"), (END + 400 * DAY, "ended")]
)  # fmt: skip
def test_late_request_changes_nothing(now: datetime, why: str) -> None:
    subscription = service()
    if why == "ended":
        passes(END + GRACE)
        done(open_call(), now=END + GRACE)
        passes(now)
        done(open_call(), now=now)
    before = facts(subscription)
    with pytest.raises(Refused, match=rf"unsubscribe\.{why}"):
        asked(subscription, "no_reason", now=now, back=PRICE)
    assert facts(subscription) == before


def test_only_the_shown_amount_is_refunded() -> None:
    subscription = service()
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.moved"):
        asked(subscription, "no_reason", back=PRICE - 1)
    assert facts(subscription) == before


def test_license_needs_the_sellers_consent() -> None:
    subscription = service("license_v1")
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.moved"):
        asked(subscription, "negotiated", back=PRICE)
    assert facts(subscription) == before


def test_open_order_blocks_unsubscribing() -> None:
    subscription = service()
    renewed(subscription)
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.under_way"):
        asked(subscription, "no_reason", back=PRICE)
    assert facts(subscription) == before


def test_unanswered_cancellation_does_not_block_unsubscribing() -> None:
    """While the seller has not answered a cancelled renewal, no other one is cancelled, but the service may end."""
    subscription = service()
    for _ in range(2):
        renewed(subscription)
        done(open_call())
    first = asked(subscription, "cancel_renewal")
    failed(open_call())
    assert {str(way.way) for way in possible_refunds(again(subscription), RULES, now=NOW).ways} == {"no_reason"}
    with pytest.raises(Refused, match=r"unsubscribe\.moved"):
        asked(subscription, "cancel_renewal", back=PRICE)
    refund = asked(subscription, "no_reason")
    assert refund.total.minor == 2 * PRICE
    done(open_call())
    assert first.order is not None
    assert (again(subscription).status, Order.objects.get(pk=first.order.pk).status) == ("released", "completed")
    assert not Operation.objects.filter(status__in=["queued", "running", "stopped"]).exists()
    assert ledger.verify().problems == ()


def test_eleventh_request_of_a_year_is_refused() -> None:
    """business-rules §4.7: 10 per account per calendar year, counted under the buyer's lock."""
    subscription = service()
    other_service = service()
    for _ in range(10):
        Refund.objects.create(
            kind="no_reason", status="refunded", buyer=subscription.buyer, seller=other_service.seller, subscription=other_service,
            amount_minor=0, currency="CNY", requested_at=NOW - 30 * DAY,
        )  # fmt: skip
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.too_often"):
        asked(subscription, "no_reason", back=PRICE)
    assert facts(subscription) == before
    Refund.objects.filter(pk=Refund.objects.latest("pk").pk).update(requested_at=NOW - 400 * DAY)
    assert asked(subscription, "no_reason").status == "refunded", "the first one was in another year"


def test_repeated_request_is_done_once() -> None:
    subscription = service()
    first = asked(subscription, "no_reason", key="a")
    before = facts(subscription)
    assert asked(subscription, "no_reason", key="a", back=PRICE) == first
    with pytest.raises(Refused, match=r"unsubscribe\.ended"):
        asked(subscription, "no_reason", key="b", back=PRICE)
    assert facts(subscription) == before


# --- sellers that fail ------------------------------------------------------------------------------------------------


def test_seller_failure_does_not_delay_the_refund() -> None:
    subscription = service()
    before = balance(subscription)
    refund = asked(subscription, "no_reason")
    failed(open_call())
    operation = Operation.objects.get(line__order=refund.order)
    assert (operation.status, again(subscription).status) == ("stopped", "releasing")
    assert balance(subscription) == before + PRICE
    assert refund.order is not None
    assert not may_refund(Order.objects.get(pk=refund.order.pk)), "nothing is left to refund"


def test_release_waits_for_an_address() -> None:
    subscription = service()
    Binding.objects.all().delete()
    refund = asked(subscription, "no_reason")
    operation = Operation.objects.get(line__order=refund.order)
    assert (operation.status, again(subscription).status) == ("stopped", "releasing")
    assert not told("order_not_opened")


def test_late_answer_moves_nothing() -> None:
    """A cancelled renewal is not cancelled again when its seller answers."""
    subscription = service()
    renewed(subscription)
    done(open_call())
    refund = asked(subscription, "cancel_renewal")
    failed(open_call())
    passes(END + GRACE)
    assert again(subscription).status == "frozen", "the market keeps its own end"
    assert Call.objects.filter(kind="SetStatus").exists()
    operation = Operation.objects.get(line__order=refund.order)
    assert operation.status == "stopped"
    assert Period.objects.filter(subscription=subscription, cancelled_at=None).count() == 1


def test_free_service_is_unsubscribed_without_transfers() -> None:
    """operations.md §4: price 0: same path, no transfers."""
    from decimal import Decimal

    from tests.factories.products import MONTHLY, make_sku, make_spec
    from tradepost.market.base.values import replace

    subscription = service(specs=(make_spec(make_sku(replace(MONTHLY, amount=Decimal(0)))),))
    moved = Transfer.objects.count()
    refund = asked(subscription, "no_reason")
    assert (refund.total.minor, Transfer.objects.count()) == (0, moved)
    assert again(subscription).status == "releasing"
