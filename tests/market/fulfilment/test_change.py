"""A change of a service in use: requested in its turn, effective when the seller did it, refunded in full when not."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from tests import sampling
from tests.factories import make_operator
from tests.market.engine import react
from tests.market.fulfilment.changes import (
    LATER,
    change_ordered,
    changeable,
    changeable_since,
    changed,
    freeze,
    large_of,
    quoted,
)
from tests.market.fulfilment.services import (
    BY,
    END,
    NEXT_END,
    again,
    command,
    done,
    failed,
    offers,
    open_call,
    order_status,
    passes,
    renewed,
    service,
    told,
    tried,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.cancel import cancel_order, time_out
from tradepost.market.orders.change import change_targets
from tradepost.market.orders.change_fee import recompute
from tradepost.market.orders.models import Order, OrderLine, Quote
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import Refresh, Upgrade

pytestmark = pytest.mark.django_db
FEE = 90_18
"""100 more a month, over 671 of 744 hours."""


def balance(subscription: Subscription) -> int:
    return ledger.buyer_account(subscription.buyer, "CNY").balance.minor


def earned(subscription: Subscription) -> int:
    return ledger.seller_account(subscription.seller, "CNY").balance.minor


def fee_periods(order: Order) -> list[Period]:
    return list(Period.objects.filter(line_number__startswith=order.number).order_by("starts_at"))


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_paid_change_is_sent_to_the_seller_and_then_takes_effect(spoken: str) -> None:
    """saas-v2 §3.6, saas-v1-license A2.6: a new order; instance and expiry stay; skuCode and productId are the new ones."""
    subscription = changeable(service(spoken))
    before, large = earned(subscription), large_of(subscription)
    order = changed(subscription)
    sent_command = command(open_call())
    assert isinstance(sent_command, Upgrade)
    assert (sent_command.instance_id, sent_command.order_id) == (subscription.instance_id, order.number)
    assert sent_command.purchase is not None
    assert (sent_command.purchase.product_id, sent_command.purchase.sku_code) == (large.product_id, large.sku.code)
    seller_order = order_of_seller(order.number, subscription.seller_id)
    assert seller_order is not None
    assert (seller_order.order_type, seller_order.lines[0].expires_at, seller_order.lines[0].currency) == (
        "CHANGE",
        END,
        "90.18",
    )
    assert (again(subscription).offer_id, ledger.money_in_clearing(order.number)) == (subscription.offer_id, FEE), (
        "unchanged until the seller did it"
    )

    done(open_call(), now=LATER)
    now_held = again(subscription)
    assert (now_held.offer_id, now_held.expires_at, now_held.status) == (large.pk, END, "active")
    assert (order_status(order), ledger.money_in_clearing(order.number), earned(subscription) - before) == (
        "completed",
        0,
        FEE,
    )
    [part] = fee_periods(order)
    assert (part.kind, part.paid_minor, part.ends_at, part.earned_at) == ("change", FEE, END, LATER)
    assert (told("service_changed"), told("order_completed")) == (1, 1)
    assert ledger.verify().problems == ()


def test_larger_quantity_keeps_product_and_sku() -> None:
    """saas-v1-license A2.6: a pure expansion keeps skuCode and productId; saas-v2 §3.6: linearValue is the target's."""
    subscription = changeable(service("saas_v1"))
    order = changed(subscription, subscription.offer, 5)
    sent_command = command(open_call())
    assert isinstance(sent_command, Upgrade)
    assert sent_command.purchase is not None
    assert (sent_command.purchase.product_id, sent_command.purchase.quantity) == (subscription.offer.product_id, 5)
    seller_order = order_of_seller(order.number, subscription.seller_id)
    assert seller_order is not None
    assert seller_order.lines[0].products[0].linear_value == 5
    done(open_call(), now=LATER)
    assert (again(subscription).quantity, again(subscription).offer_id) == (5, subscription.offer_id)
    assert order.total_minor == 4 * 10_000 * 671 // 744


def test_given_up_change_is_refunded_in_full_and_changes_nothing() -> None:
    """saas-v2 §3.10: "order fails, automatic refund"; business-rules §4.6: retried for 3 h. Operators and the seller
    learn that the seller may have acted."""
    make_operator()
    subscription = changeable(service(members=1))
    money, seller_earnings = balance(subscription), earned(subscription)
    order = changed(subscription)
    call = open_call()
    assert balance(subscription) == money - FEE
    failed(call, now=LATER)
    now_held = again(subscription)
    assert (order_status(order), balance(subscription), earned(subscription)) == ("refunded", money, seller_earnings)
    assert (now_held.offer_id, now_held.quantity, now_held.expires_at, now_held.status) == (
        subscription.offer_id, 1, END, "active",
    )  # fmt: skip
    assert fee_periods(order) == []
    assert (told("change_refunded"), told("seller_change_doubtful"), told("operator_change_doubtful")) == (1, 1, 1)
    assert told("order_refunded") == 0
    assert ledger.verify().problems == ()
    changed(subscription)
    assert open_call().kind == "Upgrade", "it can be changed again"


def test_fee_for_a_future_renewal_is_earned_when_it_begins() -> None:
    """business-rules §8.2; operations §4: booked over the periods it covers, in proportion."""
    subscription = changeable(service())
    renewed(subscription)
    done(open_call())
    before = earned(subscription)
    order = changed(subscription)
    done(open_call(), now=LATER)
    first, second = fee_periods(order)
    assert (first.ends_at, second.starts_at, second.ends_at) == (END, END, NEXT_END)
    assert (first.earned_at, second.earned_at) == (LATER, None)
    assert first.paid_minor + second.paid_minor == order.total_minor == FEE + 10_000
    assert (earned(subscription) - before, ledger.money_in_clearing(order.number)) == (
        first.paid_minor,
        second.paid_minor,
    )
    passes(END)
    assert earned(subscription) - before == order.total_minor + 10_000, "together with the renewal"
    assert ledger.money_in_clearing(order.number) == 0
    assert ledger.verify().problems == ()


def test_cancelled_renewal_returns_its_share_of_the_fee() -> None:
    """operations §4: "so a cancelled renewal returns its share"."""
    subscription = changeable(service())
    tried(subscription, Act.RENEW)
    done(open_call())
    order = changed(subscription)
    done(open_call(), now=LATER)
    first, second = fee_periods(order)
    money = balance(subscription)
    tried(subscription, Act.CANCEL_RENEWAL, now=LATER)
    done(open_call(), now=LATER)
    assert balance(subscription) == money + second.paid_minor
    assert again(subscription).expires_at == END
    assert [part.cancelled_at for part in fee_periods(order)] == [None, LATER]
    assert again(subscription).offer_id == large_of(subscription).pk, "the change stays"
    assert ledger.money_in_clearing(order.number) == 0
    assert first.earned_at == LATER
    assert ledger.verify().problems == ()


def test_release_before_a_renewal_returns_its_share_of_the_fee() -> None:
    """business-rules §4.7: a renewal that has not become effective is paid back in full."""
    subscription = changeable(service())
    renewed(subscription)
    done(open_call())
    order = changed(subscription)
    done(open_call(), now=LATER)
    _first, second = fee_periods(order)
    money = balance(subscription)
    tried(subscription, Act.RELEASE, now=LATER)
    assert balance(subscription) == money + second.paid_minor + 10_000
    done(open_call(), now=LATER)
    assert (again(subscription).status, ledger.money_in_clearing(order.number)) == ("released", 0)
    assert ledger.verify().problems == ()


def test_renewal_after_a_change_uses_the_new_product() -> None:
    subscription = changeable(service())
    changed(subscription)
    done(open_call(), now=LATER)
    order = renewed(again(subscription), now=LATER)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (order.total_minor, sent_command.product_id, sent_command.expires_at) == (20_000, "", NEXT_END)


def test_second_change_is_priced_from_the_current_product() -> None:
    """business-rules §17.1: the current price of the product held now."""
    subscription = changeable(service())
    changed(subscription)
    done(open_call(), now=LATER)
    order = changed(subscription, large_of(subscription), 3)
    done(open_call(), now=LATER)
    assert order.total_minor == 2 * 20_000 * 671 // 744
    assert len(Period.objects.filter(subscription=subscription, kind="change")) == 2


def test_free_change_starts_at_once() -> None:
    """operations §4: "Zero: goes on at once"."""
    subscription = changeable(service(members=1), price_minor=10_000)
    order = change_ordered(subscription)
    react(now=LATER)
    assert (order.total_minor, order_status(order), open_call().kind) == (0, "processing", "Upgrade")
    done(open_call(), now=LATER)
    assert again(subscription).offer_id == large_of(subscription).pk
    assert (told("service_changed"), told("seller_free_change")) == (1, 1)


# --- between order and call -----------------------------------------------------------------------------------------


def test_unpaid_change_keeps_its_price_and_times_out() -> None:
    """saas-v2 §8.3: "Unpaid change orders keep the fee computed when the change was requested"."""
    subscription = changeable(service())
    order = change_ordered(subscription)
    Offer.objects.filter(pk=large_of(subscription).pk).update(price_minor=30_000)
    time_out({"order": order.number}, LATER + timedelta(days=1))
    assert order_status(order) == "cancelled"
    again_ordered = change_ordered(subscription)
    assert again_ordered.total_minor == 2 * FEE + 1
    Offer.objects.filter(pk=large_of(subscription).pk).update(price_minor=20_000)
    pay_order(again_ordered, now=LATER)
    assert ledger.money_in_clearing(again_ordered.number) == 2 * FEE + 1


def test_change_must_be_paid_before_the_paid_time_ends() -> None:
    subscription = changeable(service())
    order = change_ordered(subscription, now=END - timedelta(hours=3))
    assert order.pay_before == END


def test_frozen_service_cannot_pay_a_change() -> None:
    subscription = changeable(service())
    order, money = change_ordered(subscription), balance(subscription)
    freeze(subscription)
    with pytest.raises(Refused) as refusal:
        pay_order(order, now=LATER)
    assert (refusal.value.code, order_status(order), balance(subscription)) == ("change.frozen", "unpaid", money)
    cancel_order(order, actor=BY, now=LATER)


@pytest.mark.parametrize("when", ["before it was looked at", "while it waits in its lane"])
def test_change_is_refunded_when_frozen_before_its_turn(when: str) -> None:
    """Issue 11: "upgrade while frozen": one outcome, nothing paid twice."""
    subscription = changeable(service())
    money = balance(subscription)
    if when.startswith("while"):
        tried(subscription, Act.FREEZE, now=LATER)
        done(open_call(), now=LATER)
        tried(again(subscription), Act.UNFREEZE, now=LATER)
    order = change_ordered(subscription)
    pay_order(order, now=LATER)
    if when.startswith("while"):
        react(now=LATER)
        assert Operation.objects.get(line__order=order).status == "queued"
        freeze(subscription)
    else:
        freeze(subscription)
        react(now=LATER)
    assert (order_status(order), balance(subscription)) == ("refunded", money)
    assert not Call.objects.filter(kind="Upgrade").exists()
    assert again(subscription).offer_id == subscription.offer_id
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("seed", range(sampling.size(3)))
def test_quoted_fee_is_ordered_and_booked(seed: int) -> None:
    """Issue 11: the charge equals the quote to the smallest unit, after any choice and renewal before it."""
    draw = Random(seed)
    subscription = changeable(service(), price_minor=draw.randint(20_000, 10**6))
    for _ in range(draw.randint(0, 2)):
        renewed(subscription, product_id=draw.choice(offers(subscription)[:2]).product_id)
        done(open_call())
    ledger.top_up(subscription.buyer, Money(10**10, "CNY"), reference="B-1", actor=BY, now=LATER)
    seller_earnings, now = earned(subscription), LATER + timedelta(seconds=draw.randint(0, 20 * 86_400))
    larger, *alternatives = change_targets(again(subscription))
    offer, quantity = draw.choice([(larger.offer, draw.randint(2, 50)), *((other.offer, 1) for other in alternatives)])
    quote = quoted(subscription, offer, quantity, now=now)
    order = change_ordered(subscription, offer, quantity, quote=quote, now=now + timedelta(minutes=draw.randint(0, 59)))
    line = OrderLine.objects.get(order=order)
    assert line.change_terms is not None
    assert (
        Quote.objects.get().total_minor == order.total_minor == line.amount_minor == recompute(line.change_terms).minor
    )
    before = balance(subscription)
    pay_order(order, now=now)
    react(now=now)
    done(open_call(), now=now)
    assert before - balance(subscription) == order.total_minor
    assert sum(part.paid_minor for part in fee_periods(order)) == order.total_minor
    end = again(subscription).expires_at
    assert end is not None
    passes(end - timedelta(seconds=1))
    assert ledger.money_in_clearing(order.number) == 0
    assert earned(subscription) - seller_earnings == order.total_minor + sum(
        Order.objects.filter(order_type="RENEW").values_list("total_minor", flat=True)
    )
    assert ledger.verify().problems == ()


def test_service_opened_in_the_same_second_can_be_changed() -> None:
    """Quotes have whole seconds; a service begins at any fraction of one."""
    subscription = changeable_since(timedelta(0))
    assert subscription.started_at is not None
    assert (
        change_ordered(subscription, now=subscription.started_at + timedelta(microseconds=1)).order_type
        == Order.Type.CHANGE
    )
