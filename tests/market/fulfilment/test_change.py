"""A change in use: asked of the seller in its turn, true when the seller did it, paid back in full when it did not."""

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
from tradepost.market.orders.change import targets
from tradepost.market.orders.change_fee import recompute
from tradepost.market.orders.models import Order, OrderLine, Quote
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import Refresh, Upgrade

pytestmark = pytest.mark.django_db
FEE = 90_18
"""100 a month more over 671 of 744 hours."""


def balance(subscription: Subscription) -> int:
    return ledger.buyer_account(subscription.buyer, "CNY").balance.minor


def earned(subscription: Subscription) -> int:
    return ledger.seller_account(subscription.seller, "CNY").balance.minor


def parts_of(order: Order) -> list[Period]:
    return list(Period.objects.filter(line_number__startswith=order.number).order_by("starts_at"))


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_what_was_paid_is_told_to_the_seller_and_becomes_true_when_it_did_it(spoken: str) -> None:
    """saas-v2 §3.6, saas-v1-license A2.6: a new order; instance and expiry stay; skuCode and productId are the new ones."""
    held = changeable(service(spoken))
    before, large = earned(held), large_of(held)
    order = changed(held)
    asked = command(open_call())
    assert isinstance(asked, Upgrade)
    assert (asked.instance_id, asked.order_id) == (held.instance_id, order.number)
    assert asked.purchase is not None
    assert (asked.purchase.product_id, asked.purchase.sku_code) == (large.product_id, large.sku.code)
    seen = order_of_seller(order.number, held.seller_id)
    assert seen is not None
    assert (seen.order_type, seen.lines[0].expires_at, seen.lines[0].currency) == ("CHANGE", END, "90.18")
    assert (again(held).offer_id, ledger.held_for(order.number)) == (held.offer_id, FEE), "not before the seller did it"

    done(open_call(), now=LATER)
    now_held = again(held)
    assert (now_held.offer_id, now_held.expires_at, now_held.status) == (large.pk, END, "active")
    assert (order_status(order), ledger.held_for(order.number), earned(held) - before) == ("completed", 0, FEE)
    [part] = parts_of(order)
    assert (part.kind, part.paid_minor, part.ends_at, part.earned_at) == ("change", FEE, END, LATER)
    assert (told("service_changed"), told("order_completed")) == (1, 1)
    assert ledger.verify().problems == ()


def test_more_of_the_same_keeps_product_and_sku_and_says_the_quantity() -> None:
    """saas-v1-license A2.6: a pure expansion keeps skuCode and productId; saas-v2 §3.6: linearValue is the target's."""
    held = changeable(service("saas_v1"))
    order = changed(held, held.offer, 5)
    asked = command(open_call())
    assert isinstance(asked, Upgrade)
    assert asked.purchase is not None
    assert (asked.purchase.product_id, asked.purchase.quantity) == (held.offer.product_id, 5)
    seen = order_of_seller(order.number, held.seller_id)
    assert seen is not None
    assert seen.lines[0].products[0].linear_value == 5
    done(open_call(), now=LATER)
    assert (again(held).quantity, again(held).offer_id) == (5, held.offer_id)
    assert order.total_minor == 4 * 10_000 * 671 // 744


def test_when_the_plan_is_over_it_is_paid_back_in_full_and_the_service_is_as_before() -> None:
    """saas-v2 §3.10: "order fails, automatic refund"; business-rules §4.6: retried for 3 h. That the seller may have done it
    all the same its operators and the seller are told."""
    make_operator()
    held = changeable(service(members=1))
    money, mine = balance(held), earned(held)
    order = changed(held)
    call = open_call()
    assert balance(held) == money - FEE
    failed(call, now=LATER)
    now_held = again(held)
    assert (order_status(order), balance(held), earned(held)) == ("refunded", money, mine)
    assert (now_held.offer_id, now_held.quantity, now_held.expires_at, now_held.status) == (
        held.offer_id, 1, END, "active",
    )  # fmt: skip
    assert parts_of(order) == []
    assert (told("change_refunded"), told("seller_change_doubtful"), told("operator_change_doubtful")) == (1, 1, 1)
    assert told("order_refunded") == 0
    assert ledger.verify().problems == ()
    changed(held)
    assert open_call().kind == "Upgrade", "and it can be changed again"


def test_the_fee_of_a_renewal_that_has_not_begun_is_earned_when_it_begins() -> None:
    """business-rules §8.2; operations §4: booked over the periods it covers, in proportion."""
    held = changeable(service())
    renewed(held)
    done(open_call())
    before = earned(held)
    order = changed(held)
    done(open_call(), now=LATER)
    first, second = parts_of(order)
    assert (first.ends_at, second.starts_at, second.ends_at) == (END, END, NEXT_END)
    assert (first.earned_at, second.earned_at) == (LATER, None)
    assert first.paid_minor + second.paid_minor == order.total_minor == FEE + 10_000
    assert (earned(held) - before, ledger.held_for(order.number)) == (first.paid_minor, second.paid_minor)
    passes(END)
    assert earned(held) - before == order.total_minor + 10_000, "with the renewal itself"
    assert ledger.held_for(order.number) == 0
    assert ledger.verify().problems == ()


def test_a_cancelled_renewal_returns_its_share_of_the_fee() -> None:
    """operations §4: "so a cancelled renewal returns its share"."""
    held = changeable(service())
    tried(held, Act.RENEW)
    done(open_call())
    order = changed(held)
    done(open_call(), now=LATER)
    first, second = parts_of(order)
    money = balance(held)
    tried(held, Act.CANCEL_RENEWAL, now=LATER)
    done(open_call(), now=LATER)
    assert balance(held) == money + second.paid_minor
    assert again(held).expires_at == END
    assert [one.cancelled_at for one in parts_of(order)] == [None, LATER]
    assert again(held).offer_id == large_of(held).pk, "what was changed stays"
    assert ledger.held_for(order.number) == 0
    assert first.earned_at == LATER
    assert ledger.verify().problems == ()


def test_when_the_service_ends_before_a_renewal_its_share_comes_back_too() -> None:
    """business-rules §4.7: a renewal that has not become effective is paid back in full."""
    held = changeable(service())
    renewed(held)
    done(open_call())
    order = changed(held)
    done(open_call(), now=LATER)
    _first, second = parts_of(order)
    money = balance(held)
    tried(held, Act.RELEASE, now=LATER)
    assert balance(held) == money + second.paid_minor + 10_000
    done(open_call(), now=LATER)
    assert (again(held).status, ledger.held_for(order.number)) == ("released", 0)
    assert ledger.verify().problems == ()


def test_a_renewal_after_the_change_renews_what_is_held_then() -> None:
    held = changeable(service())
    changed(held)
    done(open_call(), now=LATER)
    order = renewed(again(held), now=LATER)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert (order.total_minor, asked.product_id, asked.expires_at) == (20_000, "", NEXT_END)


def test_a_second_change_starts_from_what_is_held_then() -> None:
    """business-rules §17.1: the current price of the product held now."""
    held = changeable(service())
    changed(held)
    done(open_call(), now=LATER)
    order = changed(held, large_of(held), 3)
    done(open_call(), now=LATER)
    assert order.total_minor == 2 * 20_000 * 671 // 744
    assert len(Period.objects.filter(subscription=held, kind="change")) == 2


def test_what_costs_nothing_goes_on_at_once() -> None:
    """operations §4: "Zero: goes on at once"."""
    held = changeable(service(members=1), price_minor=10_000)
    order = change_ordered(held)
    react(now=LATER)
    assert (order.total_minor, order_status(order), open_call().kind) == (0, "processing", "Upgrade")
    done(open_call(), now=LATER)
    assert again(held).offer_id == large_of(held).pk
    assert (told("service_changed"), told("seller_free_change")) == (1, 1)


# --- between the order and the seller ---------------------------------------------------------------------------------


def test_an_unpaid_change_keeps_its_price_and_times_out() -> None:
    """saas-v2 §8.3: "Unpaid change orders keep the fee computed when the change was requested"."""
    held = changeable(service())
    order = change_ordered(held)
    Offer.objects.filter(pk=large_of(held).pk).update(price_minor=30_000)
    time_out({"order": order.number}, LATER + timedelta(days=1))
    assert order_status(order) == "cancelled"
    again_ordered = change_ordered(held)
    assert again_ordered.total_minor == 2 * FEE + 1
    Offer.objects.filter(pk=large_of(held).pk).update(price_minor=20_000)
    pay_order(again_ordered, now=LATER)
    assert ledger.held_for(again_ordered.number) == 2 * FEE + 1


def test_it_must_be_paid_before_the_paid_time_ends() -> None:
    held = changeable(service())
    order = change_ordered(held, now=END - timedelta(hours=3))
    assert order.pay_before == END


def test_frozen_before_it_is_paid_it_is_not_paid() -> None:
    held = changeable(service())
    order, money = change_ordered(held), balance(held)
    freeze(held)
    with pytest.raises(Refused) as refused:
        pay_order(order, now=LATER)
    assert (refused.value.code, order_status(order), balance(held)) == ("change.frozen", "unpaid", money)
    cancel_order(order, actor=BY, now=LATER)


@pytest.mark.parametrize("when", ["before it was looked at", "while it waits in its lane"])
def test_frozen_between_payment_and_its_turn_it_is_paid_back(when: str) -> None:
    """Issue 11: "upgrade while frozen": one outcome, nothing paid twice."""
    held = changeable(service())
    money = balance(held)
    if when.startswith("while"):
        tried(held, Act.FREEZE, now=LATER)
        done(open_call(), now=LATER)
        tried(again(held), Act.UNFREEZE, now=LATER)
    order = change_ordered(held)
    pay_order(order, now=LATER)
    if when.startswith("while"):
        react(now=LATER)
        assert Operation.objects.get(line__order=order).status == "queued"
        freeze(held)
    else:
        freeze(held)
        react(now=LATER)
    assert (order_status(order), balance(held)) == ("refunded", money)
    assert not Call.objects.filter(kind="Upgrade").exists()
    assert again(held).offer_id == held.offer_id
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("seed", range(sampling.size(3)))
def test_what_is_quoted_is_ordered_and_booked(seed: int) -> None:
    """Issue 11: what is charged is what was quoted, to the smallest coin, whatever was chosen and renewed before."""
    draw = Random(seed)
    held = changeable(service(), price_minor=draw.randint(20_000, 10**6))
    for _ in range(draw.randint(0, 2)):
        renewed(held, product_id=draw.choice(offers(held)[:2]).product_id)
        done(open_call())
    ledger.top_up(held.buyer, Money(10**10, "CNY"), reference="B-1", actor=BY, now=LATER)
    mine, now = earned(held), LATER + timedelta(seconds=draw.randint(0, 20 * 86_400))
    more, *others = targets(again(held))
    offer, quantity = draw.choice([(more.offer, draw.randint(2, 50)), *((one.offer, 1) for one in others)])
    quote = quoted(held, offer, quantity, now=now)
    order = change_ordered(held, offer, quantity, quote=quote, now=now + timedelta(minutes=draw.randint(0, 59)))
    line = OrderLine.objects.get(order=order)
    assert line.change_terms is not None
    assert (
        Quote.objects.get().total_minor == order.total_minor == line.amount_minor == recompute(line.change_terms).minor
    )
    before = balance(held)
    pay_order(order, now=now)
    react(now=now)
    done(open_call(), now=now)
    assert before - balance(held) == order.total_minor
    assert sum(part.paid_minor for part in parts_of(order)) == order.total_minor
    end = again(held).expires_at
    assert end is not None
    passes(end - timedelta(seconds=1))
    assert ledger.held_for(order.number) == 0
    assert earned(held) - mine == order.total_minor + sum(
        Order.objects.filter(order_type="RENEW").values_list("total_minor", flat=True)
    )
    assert ledger.verify().problems == ()


def test_what_was_opened_in_this_very_second_can_be_changed() -> None:
    """Quotes carry whole seconds; a service begins at any part of one."""
    held = changeable_since(timedelta(0))
    assert held.started_at is not None
    assert change_ordered(held, now=held.started_at + timedelta(microseconds=1)).order_type == Order.Type.CHANGE
