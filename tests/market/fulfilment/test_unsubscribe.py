"""Unsubscribe: the money is back at once, access closes at once, and the seller is told in its turn (business-rules §4.7)."""

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
from tradepost.market.fulfilment.pay_back import may_pay_back
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.auto_renew import AutoRule
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import LimitUse, Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refunds import what_may
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.models import Period
from tradepost.protocols.commands import Refresh, Release, Scene

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("spoken", "names_purchase"), [("saas_v2", False), ("saas_v1", True)]
)  # fmt: skip
def test_within_five_days_all_of_it_is_back_and_the_service_ends(spoken: str, names_purchase: bool) -> None:
    """business-rules §4.7: five-day no-reason full refund; saas-v2 §3.5: the release names the unsubscription order, in
    SaaS 1.0 that of the purchase."""
    subscription = service(spoken)
    before = balance(subscription)
    refund = asked(subscription, "no_reason", now=NOW + DAY)
    held = again(subscription)
    assert held.status == "releasing", "nobody enters it any more"
    assert (balance(held), owed(held)) == (before + PRICE, 0), "when asked, not when released (§7)"
    bought = subscription.order_line_number
    call = command(open_call())
    assert isinstance(call, Release)
    named = refund.order.number if refund.order else ""
    assert call.order_id == (bought.rpartition("-")[0] if names_purchase else named)
    assert call.order_line_id == ("" if names_purchase else f"{named}-000001")
    assert (Order.objects.get(number=bought.rpartition("-")[0]).status, refund.status) == ("refunded", "refunded")
    done(open_call(), now=NOW + DAY)
    assert (again(subscription).status, Order.objects.get(number=named).status) == ("released", "completed")
    assert (told("refund_paid"), told("seller_refund_paid")) == (1, 0), "nobody acts for this seller"
    assert ledger.verify().problems == ()


def test_the_seller_reads_what_was_unsubscribed() -> None:
    """saas-v1-license C: currency is empty for an unsubscription, currencyAfterDiscount negative."""
    subscription = service()
    refund = asked(subscription, "no_reason")
    assert refund.order is not None
    seen = order_of_seller(refund.order.number, subscription.seller_id)
    assert seen is not None
    [line] = seen.lines
    assert (seen.order_type, line.currency, line.currency_after_discount) == ("UNSUBSCRIBE", "", "-100")
    assert line.products[0].product_id == subscription.offer.product_id


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1", "license_online"])
def test_a_renewal_that_has_not_begun_is_taken_back(spoken: str) -> None:
    """saas-v2 §3.3: UNSUBSCRIBE_RENEWAL_PERIOD with the end before; saas-v1-license A2.3: told by the sign of the amount;
    business-rules §4.7: in full, uncounted."""
    subscription = service(spoken)
    order = renewed(subscription)
    done(open_call())
    before = balance(subscription)
    later = NOW + 20 * DAY
    refund = asked(subscription, "cancel_renewal", now=later)
    held = again(subscription)
    assert (held.status, held.expires_at, balance(held)) == ("active", END, before + PRICE)
    call = command(open_call())
    assert isinstance(call, Refresh)
    named = refund.order.number if refund.order else ""
    assert (call.scene, call.order_id, call.expires_at) == (Scene.UNSUBSCRIBE_RENEWAL_PERIOD, named, END)
    assert call.purchase is not None
    assert call.purchase.amount == Money(PRICE, "CNY").major
    with pytest.raises(Refused, match=r"renewal\.open"):
        ordered(subscription, now=later)
    done(open_call(), now=later)
    assert (order_status(order), Order.objects.get(number=named).status) == ("refunded", "completed")
    assert again(subscription).expires_at == END
    assert (owed(held), ledger.held_for(order.number), ledger.verify().problems) == (PRICE, 0, ())
    renewed(subscription, now=later)
    assert Period.objects.filter(subscription=subscription, cancelled_at=None).count() == 1


def test_from_year_back_to_month_the_product_of_before_is_held_and_told() -> None:
    subscription = service()
    monthly, yearly = offers(subscription)[:2]
    renewed(subscription, product_id=yearly.product_id)
    done(open_call())
    assert again(subscription).offer_id == yearly.pk
    asked(subscription, "cancel_renewal")
    call = command(open_call())
    assert isinstance(call, Refresh)
    assert (again(subscription).offer_id, call.product_id) == (monthly.pk, monthly.product_id)


def test_who_takes_a_renewal_back_gets_no_other_one_by_itself() -> None:
    subscription = service()
    wanted = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=Duration("month", 1))
    set_expiry_policy(subscription.buyer, wanted, rule=AutoRule(), now=NOW)
    passes(END - 6 * DAY)
    done(open_call(), now=END - 6 * DAY)
    assert again(subscription).expires_at == NEXT_END
    asked(subscription, "cancel_renewal", now=END - 6 * DAY)
    done(open_call(), now=END - 6 * DAY)
    passes(END - DAY)
    held = again(subscription)
    assert (held.expires_at, held.at_expiry, Order.objects.filter(order_type="RENEW").count()) == (END, "keep", 1)


def test_with_a_renewal_both_ways_are_open_and_the_whole_returns_each_fen() -> None:
    """operations.md §7: the buyer chooses which of the two refunds."""
    subscription = service()
    order, start = renewed(subscription), balance(subscription) + 2 * PRICE - PRICE
    done(open_call())
    assert {str(one.way) for one in what_may(again(subscription), RULES, now=NOW).ways} == {
        "cancel_renewal", "no_reason",
    }  # fmt: skip
    refund = asked(subscription, "no_reason")
    assert balance(subscription) == start + PRICE
    assert (refund.total.minor, order_status(order), owed(subscription)) == (2 * PRICE, "refunded", 0)
    assert {line.back_minor for line in refund.lines.all()} == {PRICE}
    assert not Period.objects.filter(subscription=subscription, cancelled_at=None).exists(), (
        "nothing refunded is live (§6)"
    )
    done(open_call())
    assert again(subscription).status == "released"
    passes(NEXT_END + 40 * DAY)
    assert ledger.verify().problems == ()
    assert balance(subscription) == start + PRICE


def test_what_was_reserved_is_free_again() -> None:
    """business-rules §3.7: refunded orders are not counted."""
    from tradepost.market.catalog.models import PurchaseLimit
    from tradepost.market.orders.reserve import used

    subscription = service()
    limit = PurchaseLimit.objects.create(product=subscription.product, maximum=1)
    LimitUse.objects.create(limit=limit, buyer=subscription.buyer, used=1)
    assert used(limit, subscription.buyer_id, now=NOW) == 1
    asked(subscription, "no_reason")
    assert LimitUse.objects.get().used == 0


def test_a_change_in_use_returns_its_share_with_the_renewal_and_all_of_it_with_the_service() -> None:
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
    begun, later = shares.values_list("paid_minor", flat=True)
    assert begun + later == fee
    refund = asked(subscription, "cancel_renewal", now=LATER)
    done(open_call(), now=LATER)
    assert (refund.total.minor, balance(subscription)) == (PRICE + later, start - PRICE - begun)
    assert (order_status(order), again(subscription).offer_id) == ("completed", large_of(subscription).pk)
    refund = asked(subscription, "no_reason", now=LATER)
    assert (refund.total.minor, balance(subscription), owed(subscription)) == (PRICE + begun, start, 0)
    assert order_status(order) == "refunded"
    assert ledger.verify().problems == ()


def test_a_conversion_that_has_not_begun_makes_it_a_trial_again() -> None:
    """operations.md §4: the latest period has not begun; a trial itself is not refundable (business-rules §3.5)."""
    subscription = on_trial()
    trial, before = again(subscription).offer, balance(subscription)
    order = converted(subscription)
    done(open_call())
    assert again(subscription).offer_id != trial.pk
    asked(subscription, "cancel_renewal")
    call = command(open_call())
    assert isinstance(call, Refresh)
    held = again(subscription)
    assert (held.offer_id, call.product_id, held.expires_at) == (trial.pk, trial.product_id, call.expires_at)
    assert (order_status(order), balance(subscription)) == ("refunded", before)
    done(open_call())
    with pytest.raises(Refused, match=r"unsubscribe\.trial"):
        asked(subscription, "no_reason", back=0)
    assert ledger.verify().problems == ()


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "why"), [(NOW + 5 * DAY, "too_late"), (END, "expired"), (END + 400 * DAY, "ended")]
)  # fmt: skip
def test_what_is_too_late_changes_nothing(now: datetime, why: str) -> None:
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


def test_another_amount_than_the_one_shown_is_never_paid() -> None:
    subscription = service()
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.moved"):
        asked(subscription, "no_reason", back=PRICE - 1)
    assert facts(subscription) == before


def test_a_license_is_not_returned_without_its_seller() -> None:
    subscription = service("license_v1")
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.moved"):
        asked(subscription, "negotiated", back=PRICE)
    assert facts(subscription) == before


def test_while_an_order_is_worked_on_nothing_is_taken_back() -> None:
    subscription = service()
    renewed(subscription)
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.under_way"):
        asked(subscription, "no_reason", back=PRICE)
    assert facts(subscription) == before


def test_a_seller_who_is_not_told_yet_holds_up_nobody_who_leaves() -> None:
    """A renewal was taken back and its seller does not answer: no other one is taken back meanwhile, the service may end."""
    subscription = service()
    for _ in range(2):
        renewed(subscription)
        done(open_call())
    first = asked(subscription, "cancel_renewal")
    failed(open_call())
    assert {str(one.way) for one in what_may(again(subscription), RULES, now=NOW).ways} == {"no_reason"}
    with pytest.raises(Refused, match=r"unsubscribe\.moved"):
        asked(subscription, "cancel_renewal", back=PRICE)
    refund = asked(subscription, "no_reason")
    assert refund.total.minor == 2 * PRICE
    done(open_call())
    assert first.order is not None
    assert (again(subscription).status, Order.objects.get(pk=first.order.pk).status) == ("released", "completed")
    assert not Operation.objects.filter(status__in=["queued", "running", "stopped"]).exists()
    assert ledger.verify().problems == ()


def test_ten_a_year_and_the_eleventh_is_refused() -> None:
    """business-rules §4.7: 10 per account per calendar year, counted under the buyer's lock."""
    subscription = service()
    other = service()
    for _ in range(10):
        Refund.objects.create(
            kind="no_reason", status="refunded", buyer=subscription.buyer, seller=other.seller, subscription=other,
            amount_minor=0, currency="CNY", requested_at=NOW - 30 * DAY,
        )  # fmt: skip
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.too_often"):
        asked(subscription, "no_reason", back=PRICE)
    assert facts(subscription) == before
    Refund.objects.filter(pk=Refund.objects.latest("pk").pk).update(requested_at=NOW - 400 * DAY)
    assert asked(subscription, "no_reason").status == "refunded", "that one was another year's"


def test_the_same_request_is_done_once() -> None:
    subscription = service()
    first = asked(subscription, "no_reason", key="a")
    before = facts(subscription)
    assert asked(subscription, "no_reason", key="a", back=PRICE) == first
    with pytest.raises(Refused, match=r"unsubscribe\.ended"):
        asked(subscription, "no_reason", key="b", back=PRICE)
    assert facts(subscription) == before


# --- when the seller does not -----------------------------------------------------------------------------------------


def test_a_seller_who_does_not_delete_it_holds_up_no_money() -> None:
    subscription = service()
    before = balance(subscription)
    refund = asked(subscription, "no_reason")
    failed(open_call())
    operation = Operation.objects.get(line__order=refund.order)
    assert (operation.status, again(subscription).status) == ("stopped", "releasing")
    assert balance(subscription) == before + PRICE
    assert refund.order is not None
    assert not may_pay_back(Order.objects.get(pk=refund.order.pk)), "there is nothing left to pay back"


def test_without_an_address_it_waits_for_one() -> None:
    subscription = service()
    Binding.objects.all().delete()
    refund = asked(subscription, "no_reason")
    operation = Operation.objects.get(line__order=refund.order)
    assert (operation.status, again(subscription).status) == ("stopped", "releasing")
    assert not told("order_not_opened")


def test_what_is_told_too_late_moves_nothing() -> None:
    """A renewal that was taken back is not cancelled a second time when its seller answers."""
    subscription = service()
    renewed(subscription)
    done(open_call())
    refund = asked(subscription, "cancel_renewal")
    failed(open_call())
    passes(END + GRACE)
    assert again(subscription).status == "frozen", "the market's own end holds"
    assert Call.objects.filter(kind="SetStatus").exists()
    operation = Operation.objects.get(line__order=refund.order)
    assert operation.status == "stopped"
    assert Period.objects.filter(subscription=subscription, cancelled_at=None).count() == 1


def test_what_costs_nothing_goes_the_same_way_without_transfers() -> None:
    """operations.md §4: price 0: same path, no transfers."""
    from decimal import Decimal

    from tests.factories.products import MONTHLY, make_sku, make_spec
    from tradepost.market.base.values import replace

    subscription = service(specs=(make_spec(make_sku(replace(MONTHLY, amount=Decimal(0)))),))
    moved = Transfer.objects.count()
    refund = asked(subscription, "no_reason")
    assert (refund.total.minor, Transfer.objects.count()) == (0, moved)
    assert again(subscription).status == "releasing"
