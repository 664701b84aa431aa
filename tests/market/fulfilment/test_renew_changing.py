"""Renewed as something else: the seller is asked first, its word holds for a while, and what it refuses is not ordered."""

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
    Rules,
    Word,
    ask_seller,
    latest_check,
    may_renew_changed,
    order_changed,
)
from tradepost.market.fulfilment.restart import restart
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.convert import WithinSpec
from tradepost.market.orders.models import LimitUse, Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.refund_terms import Rules as TakenBack
from tradepost.market.orders.refund_terms import Way, Why
from tradepost.market.orders.refunds import what_may
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import CheckChange, Refresh, Rejected, Scene

pytestmark = pytest.mark.django_db
RULES = Rules(days_before=30, lasts_minutes=30, unpaid_timeout=timedelta(days=1))
MINUTE = timedelta(minutes=1)
NEAR = END - timedelta(days=30)
"""Exactly as many days before the end."""
TOO_BIG = Rejected(code="000005", message="12 users are active, 5 seats are too few")


def changeable(protocol: str = "saas_v2", *, proven: bool = True) -> Subscription:
    """A month of three seats, whose seller has saved a case of changeInstanceCheck."""
    held = service(protocol)
    if proven:
        address = held.product.binding.address
        address.proven = ["changeInstanceCheck"]
        address.save()
    Subscription.objects.filter(pk=held.pk).update(quantity=3)
    return again(held)


def choice(held: Subscription, offer: Offer | None = None, **other: Any) -> WithinSpec:
    """A month of five large seats, or of another offer."""
    fields: dict[str, Any] = {
        "subscription": held.pk, "quantity": 5, "periods": 1, "agreed": True,
        "product_id": (offer or offers(held)[2]).product_id,
    }  # fmt: skip
    return WithinSpec(**(fields | other))


def ask(held: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any) -> None:
    ask_seller(again(held), choice(held, offer, **other), actor=held.buyer.email, rules=RULES, now=now)


def agreed(held: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any) -> None:
    ask(held, offer, now=now, **other)
    done(open_call(), now=now)


def order(held: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any) -> Order:
    """Unpaid."""
    return order_changed(again(held), held.buyer, choice(held, offer, **other), rules=RULES, now=now)


def paid(held: Subscription, offer: Offer | None = None, *, now: datetime = NEAR, **other: Any) -> Order:
    placed = order(held, offer, now=now, **other)
    pay_order(placed, now=now)
    react(now=now)
    return Order.objects.select_related("buyer").get(pk=placed.pk)


def refused(act: Any, held: Subscription, **other: Any) -> str:
    """The code of the refusal; nothing is stored or asked then."""
    before = (Order.objects.count(), Job.objects.count(), Operation.objects.count(), Call.objects.count())
    with pytest.raises(Refused) as why:
        act(held, **other)
    assert (Order.objects.count(), Job.objects.count(), Operation.objects.count(), Call.objects.count()) == before
    return why.value.code


def word(held: Subscription) -> Word:
    latest = latest_check(held)
    assert latest is not None
    return latest.word


@pytest.mark.parametrize("now", [NEAR, END + MINUTE], ids=["before its end", "in its grace"])
def test_a_quantity_that_is_greater_after_the_renewal_counts_for_a_limit(now: datetime) -> None:
    """business-rules §3.7: per user, quantity per attribute; also where it holds until the resource expires, and the renewal
    comes after that."""
    held = changeable()
    PurchaseLimit.objects.create(product=held.product, maximum=4, until_expiry=True)
    agreed(held, now=now)
    assert refused(order, held, now=now) == "order.limit"
    assert not LimitUse.objects.exclude(used=0).exists()
    agreed(held, now=now, quantity=4)
    order(held, now=now, quantity=4)
    assert LimitUse.objects.get().used == 4
    with pytest.raises(Refused, match=r"order\.limit"):
        make_order(held.buyer, offer=held.offer, now=now)


def test_a_renewal_with_less_is_no_purchase_whatever_the_limit_is_by_now() -> None:
    held = changeable()
    PurchaseLimit.objects.create(product=held.product, maximum=2)
    agreed(held, quantity=2)
    assert order(held, quantity=2).status == "unpaid"


def test_agreed_ordered_paid_and_held() -> None:
    """saas-v2 §3.7, §8.1: changeInstanceCheck, then refreshInstance RENEWAL_CHANGE, which is told at once (operations.md §7)."""
    held = changeable()
    large = offers(held)[2]
    ask(held)
    check = open_call()
    assert command(check) == CheckChange(
        instance_id=held.instance_id, product_id=large.product_id, sku_code=large.sku.code,
        product_name=held.product.name, linear_value=5,
    )  # fmt: skip
    assert (check.order_number, word(held)) == ("", Word.ASKED)
    done(check, now=NEAR)
    latest = latest_check(held)
    assert latest is not None
    assert (latest.word, latest.until) == (Word.AGREED, NEAR + 30 * MINUTE)

    placed = paid(held, now=NEAR + 20 * MINUTE)
    assert (placed.order_type, placed.total_minor) == ("RENEW", 50_000), "the price of the target today"
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert (asked.scene, asked.order_id, asked.expires_at, asked.product_id) == (
        Scene.RENEWAL_CHANGE, placed.number, NEXT_END, large.product_id,
    )  # fmt: skip
    seen = order_of_seller(placed.number, held.seller_id)
    assert seen is not None
    assert (seen.lines[0].products[0].linear_value, seen.lines[0].expires_at) == (5, NEXT_END)
    assert again(held).quantity == 3, "nothing is true before the seller did it"
    done(open_call(), now=NEAR + 20 * MINUTE)
    found = again(held)
    assert (found.expires_at, found.offer_id, found.quantity) == (NEXT_END, large.pk, 5)
    kept = Period.objects.get(line_number=f"{placed.number}-000001")
    assert (kept.kind, kept.offer_id, kept.quantity, kept.starts_at, kept.ends_at) == (
        "base", large.pk, 5, END, NEXT_END,
    )  # fmt: skip
    assert (order_status(placed), told("service_renewed"), ledger.held_for(placed.number)) == ("completed", 1, 50_000)
    assert [call.kind for call in Call.objects.order_by("pk") if call.kind not in {"Create", "Query"}] == [
        "CheckChange", "Refresh",
    ]  # fmt: skip
    passes(END)
    assert ledger.held_for(placed.number) == 0, "earned when its time begins (business-rules §8.2)"
    assert ledger.verify().problems == ()


def test_down_and_fewer_is_a_change_too_and_the_quantity_alone_keeps_the_product() -> None:
    """saas-v2 §8.1: upgrade, downgrade, scale-out, scale-in; §3.3: productId only when it changes."""
    held = changeable()
    own = held.offer
    agreed(held, own, quantity=1)
    placed = paid(held, own, quantity=1)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert (asked.scene, asked.product_id, placed.total_minor) == (Scene.RENEWAL_CHANGE, "", 10_000)


def test_the_same_edition_and_quantity_is_a_plain_renewal() -> None:
    held = changeable()
    assert refused(ask, held, offer=held.offer, quantity=3) == "renewal_change.same"
    year = offers(held)[1]
    assert refused(ask, held, offer=year, quantity=3) == "renewal_change.same"
    renewed(held, now=NEAR)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert asked.scene is Scene.RENEWAL


# --- the seller's word ------------------------------------------------------------------------------------------------


def test_what_the_seller_refuses_is_not_ordered_and_its_words_are_kept() -> None:
    """saas-v2 §3.7: any code but 000000 blocks the change; §3.10: no retry."""
    held = changeable()
    failures = told("seller_call_failed")
    ask(held, quantity=1)
    failed(open_call(), TOO_BIG, now=NEAR)
    latest = latest_check(held)
    assert latest is not None
    assert (latest.word, latest.words) == (Word.REFUSED, TOO_BIG.message)
    assert refused(order, held, quantity=1) == "renewal_change.not_agreed"
    assert told("seller_call_failed") == failures, "an answer is no failure"
    assert not Call.objects.filter(kind="Refresh").exists()
    agreed(held)
    assert word(held) is Word.AGREED, "something else may be asked at once"


def test_no_valid_answer_is_no_agreement() -> None:
    """saas-v2 §3.10: change not offered."""
    held = changeable()
    ask(held)
    failed(open_call(), now=NEAR)
    assert word(held) is Word.SILENT
    assert refused(order, held) == "renewal_change.not_agreed"
    assert not Operation.objects.filter(kind="check_change", status="stopped").exists()


def test_the_word_holds_for_half_an_hour_and_for_what_was_asked_alone() -> None:
    """operations.md §7: check valid 30 min."""
    held = changeable()
    agreed(held)
    assert refused(order, held, quantity=6) == "renewal_change.not_agreed"
    assert refused(order, held, offer=offers(held)[3]) == "renewal_change.not_agreed"
    assert refused(order, held, now=NEAR + 30 * MINUTE) == "renewal_change.not_agreed"
    assert order(held, now=NEAR + 30 * MINUTE - timedelta(microseconds=1)).status == "unpaid"


def test_what_is_asked_or_agreed_is_not_asked_again() -> None:
    held = changeable()
    ask(held)
    ask(held)
    assert Operation.objects.filter(kind="check_change").count() == 1
    assert refused(ask, held, quantity=7) == "renewal_change.asked"
    done(open_call(), now=NEAR)
    ask(held, now=NEAR + 29 * MINUTE)
    assert Operation.objects.filter(kind="check_change").count() == 1
    ask(held, now=NEAR + 30 * MINUTE)
    assert Operation.objects.filter(kind="check_change").count() == 2


def test_paid_later_the_seller_is_asked_again() -> None:
    """operations.md §3: CheckChange again if stale (refused: refund)."""
    held = changeable()
    balance = ledger.buyer_account(held.buyer, "CNY").balance
    agreed(held)
    placed, later = order(held), NEAR + timedelta(hours=5)
    pay_order(placed, now=later)
    react(now=later)
    assert open_call().kind == "CheckChange"
    failed(open_call(), TOO_BIG, now=later)
    assert (order_status(placed), ledger.buyer_account(held.buyer, "CNY").balance) == ("refunded", balance)
    assert (again(held).expires_at, again(held).quantity, told("renewal_refunded")) == (END, 3, 1)
    [line] = progress_of(Order.objects.select_related("buyer").get(pk=placed.pk)).lines
    assert [one.checks for one in line.asked] == [True]
    assert not Call.objects.filter(kind="Refresh").exists()


def test_what_the_seller_agreed_to_and_then_did_not_do_stops_and_is_restarted() -> None:
    """saas-v2 §3.10: refreshInstance stops after its hour; manual restart."""
    held = changeable()
    agreed(held)
    placed = paid(held)
    failed(open_call(), now=NEAR)
    assert (order_status(placed), told("renewal_waits")) == ("processing", 1)
    restart(Operation.objects.get(line__order=placed), actor="seller", now=NEAR + timedelta(days=2))
    assert open_call().kind == "Refresh", "what was asked is asked again, not the check"
    done(open_call(), now=NEAR + timedelta(days=2))
    assert (again(held).expires_at, again(held).quantity) == (NEXT_END, 5)


def test_what_holds_already_is_not_taken_back_and_paid_back() -> None:
    """business-rules §4.7: an effective renewal is not refundable; decision 0043: or more would be had for nothing."""
    held = changeable()
    agreed(held)
    paid(held)
    done(open_call(), now=NEAR)
    rules = TakenBack(no_reason_days=0, no_reason_per_year=10, negotiable_days=30)
    offered = what_may(again(held), rules, now=NEAR)
    assert (offered.ways, offered.why) == ((), Why.CHANGED)
    renewed(held, now=NEAR + timedelta(hours=1))
    done(open_call(), now=NEAR + timedelta(hours=1))
    [way] = what_may(again(held), rules, now=NEAR + timedelta(hours=2)).ways
    assert (way.way, way.back.minor) == (Way.CANCEL_RENEWAL, 50_000), "a plain renewal after it is"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NEAR - timedelta(microseconds=1), "renewal_change.too_early"),
        (RELEASE, "renewal.too_late"),
    ],
)
def test_from_thirty_days_before_the_end_to_the_end_of_the_retention(now: datetime, code: str) -> None:
    """business-rules §4.5, saas-v2 §8.1: from 30 days before expiry."""
    held = changeable()
    assert refused(ask, held, now=now) == code
    assert refused(order, held, now=now) == code
    assert not may_renew_changed(held, now=now, days_before=30)
    assert may_renew_changed(held, now=NEAR, days_before=30)
    assert may_renew_changed(held, now=RELEASE - timedelta(microseconds=1), days_before=30)


@pytest.mark.parametrize(
    ("spoken", "proven"), [("saas_v1", True), ("license_v1", True), ("license_online", True), ("saas_v2", False)]
)
def test_only_who_can_be_asked_and_has_shown_it(spoken: str, proven: bool) -> None:
    """saas-v2 §8.1: SaaS 2.0 only; §8.2: its seller has debugged and saved changeInstanceCheck."""
    held = changeable(spoken, proven=proven)
    assert refused(ask, held) == "renewal_change.no_word"
    assert refused(order, held) == "renewal_change.no_word"
    assert not may_renew_changed(held, now=NEAR, days_before=30)


def test_only_what_is_sold_of_the_same_specification() -> None:
    """saas-v2 §8.1: SKUs of the same specification; withdrawn products cannot change."""
    held, other = changeable(), changeable()
    assert refused(ask, held, offer=offers(other)[2]) == "service.other_spec"
    assert refused(ask, held, quantity=51) == "order.quantity"
    assert refused(ask, held, periods=2) == "order.periods"
    Product.objects.filter(pk=held.product_id).update(status=Product.Status.STOPPED)
    assert refused(ask, held) == "offer.unknown"


def test_one_order_at_a_time_and_none_while_it_is_frozen_by_hand() -> None:
    """business-rules §4.1; operations.md §7: operator-frozen: no renewal."""
    held = changeable()
    agreed(held)
    assert refused(order, held, agreed=False) == "order.agreement"
    placed = order(held)
    assert refused(order, held) == refused(ask, held, quantity=9) == "service.open_order"
    assert placed.pay_before == NEAR + timedelta(days=1)
    other = changeable()
    add_reason([again(other)], Freeze.Reason.OPERATOR, actor="operator", now=NEAR)
    assert refused(ask, other) == "renewal.frozen"


def test_nobody_changes_what_another_holds() -> None:
    held = changeable()
    agreed(held)
    with pytest.raises(Subscription.DoesNotExist):
        order_changed(again(held), make_buyer(), choice(held), rules=RULES, now=NEAR)
    assert not Order.objects.filter(order_type="RENEW").exists()


def test_a_check_waits_for_its_turn_in_the_lane() -> None:
    held = changeable()
    add_reason([again(held)], Freeze.Reason.EXPIRED, actor="market", now=END)
    settle([again(held)], now=END)
    freeze = open_call()
    ask(held, now=END)
    assert Operation.objects.get(kind="check_change").status == "queued"
    assert word(held) is Word.ASKED
    done(freeze, now=END)
    check = open_call()
    assert (check.kind, check.give_up_at) == ("CheckChange", END)
    done(check, now=END)
    assert word(held) is Word.AGREED
