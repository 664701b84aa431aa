"""How amounts came about: every part computed anew, and a difference is never passed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.changes import LATER, change_ordered, changeable, large_of, quoted
from tests.market.fulfilment.given_back import agreed_on, taken_back
from tests.market.fulfilment.services import END, again, done, failed, open_call, passes, renewed, service, tried
from tests.market.fulfilment.trials import TRIAL_END, converted, on_trial
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.fulfilment.by_operator import release
from tradepost.market.fulfilment.pay_back import pay_back
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.orders.explain import explained, for_seller, service_explained
from tradepost.market.orders.explain_prices import by_price_lines
from tradepost.market.orders.explain_queries import facts_of, find, service_facts
from tradepost.market.orders.explained import Kind, OrderFacts, Verdict
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.pricing import Tariff, as_stored, price
from tradepost.market.orders.renew import RenewService, place_renewal
from tradepost.market.subscriptions.models import Subscription


def line(priced, **fields: object) -> OrderLine:
    order = Order(number="CS1", order_type="NEW", currency="CNY", total_minor=priced.total.minor)
    values = {"number": "CS1-000001", "amount_minor": priced.total.minor, "price_lines": as_stored(priced.lines)}
    return OrderLine(order=order, **(values | fields))


BANDS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10**6)), min_size=1, max_size=4)


@settings(max_examples=100)
@given(st.sampled_from(PriceModel), st.integers(0, 10**8), BANDS, st.integers(1, 200), st.integers(1, 36))
def test_what_was_priced_is_explained_to_the_same_coin(
    model: PriceModel, unit: int, bands: list[tuple[int, int]], quantity: int, periods: int
) -> None:
    """business-rules §3.3: linear, tier and step."""
    uptos, above = [], 0
    for width, each in bands:
        above += width
        uptos.append((above, each))
    tariff = Tariff(currency="CNY", unit_minor=unit, model=model, bands=[*uptos[:-1], (None, uptos[-1][1])])
    bought = line(price(tariff, quantity=quantity, periods=periods))
    found = by_price_lines(bought, OrderFacts(order=bought.order, lines=[bought]))
    assert found.verdict is Verdict.SAME
    wrong = by_price_lines(
        line(price(tariff, quantity=quantity, periods=periods), amount_minor=bought.amount_minor + 1),
        OrderFacts(order=bought.order, lines=[]),
    )
    assert wrong.verdict is Verdict.DIFFERS


def test_what_was_ordered_before_parts_were_kept_is_unknown() -> None:
    bought = line(price(Tariff(currency="CNY", unit_minor=100), quantity=1, periods=1), price_lines=None)
    assert by_price_lines(bought, OrderFacts(order=bought.order, lines=[bought])).verdict is Verdict.UNKNOWN


def test_an_order_of_a_type_that_nobody_knows_is_unknown() -> None:
    bought = line(price(Tariff(currency="CNY", unit_minor=100), quantity=1, periods=1))
    bought.order.order_type = "BARTER"
    [found, *_] = for_seller(OrderFacts(order=bought.order, lines=[bought]))
    assert found.verdict is Verdict.UNKNOWN


def all_of(subscription: Subscription) -> dict[str, set[str]]:
    """Verdicts by kind, of the service and of every order about it."""
    found: dict[str, set[str]] = {}
    for one in service_explained(service_facts(again(subscription))):
        found.setdefault(one.kind.value, set()).add(one.verdict.value)
    return found


def _used(subscription: Subscription) -> None:
    """Nothing more happens."""


def _renewed_ahead(subscription: Subscription) -> None:
    renewed(subscription)
    done(open_call())


def _renewed_and_begun(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    passes(END + timedelta(hours=1))


def _renewal_waits(subscription: Subscription) -> None:
    renewed(subscription)


def _paid_back(subscription: Subscription) -> None:
    order = renewed(subscription)
    failed(open_call())
    pay_back(order, reason="Agreed.", actor="op", now=NOW)
    react(now=NOW)


def _ended_by_an_operator(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    release(again(subscription), reason="Agreed.", actor="op", now=NOW)


def _tried_out(subscription: Subscription) -> None:
    tried(subscription, Act.RENEW)
    done(open_call())


def _changed(subscription: Subscription) -> None:
    changeable(subscription)
    quote = quoted(subscription, large_of(subscription), 1)
    pay_order(change_ordered(subscription, quote=quote), now=LATER)
    react(now=LATER)
    done(open_call(), now=LATER)


def _renewed_changed_and_ended(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    _changed(subscription)
    release(again(subscription), reason="Agreed.", actor="op", now=LATER)


def _unsubscribed(subscription: Subscription) -> None:
    """All of it, with a renewal that has not begun."""
    _renewed_ahead(subscription)
    taken_back(subscription, "no_reason")


def _renewal_taken_back(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    taken_back(subscription, "cancel_renewal")


def _changed_and_renewal_taken_back(subscription: Subscription) -> None:
    """The fee of the change was paid for both periods."""
    _renewed_ahead(subscription)
    _changed(subscription)
    taken_back(subscription, "cancel_renewal", now=LATER)


def _aligned(subscription: Subscription) -> None:
    choice = RenewService(
        subscription=subscription.pk,
        product_id=again(subscription).offer.product_id,
        periods=1,
        agreed=True,
        align_day=15,
    )
    order = place_renewal(subscription.buyer, choice, now=NOW, unpaid_timeout=timedelta(days=1))
    pay_order(order, now=NOW)
    react(now=NOW)
    done(open_call())


REFUNDED = [_unsubscribed, _renewal_taken_back, _changed_and_renewal_taken_back]
LIVES = [
    *REFUNDED,
    _aligned,
    _changed,
    _renewed_changed_and_ended,
    _used,
    _renewed_ahead,
    _renewed_and_begun,
    _renewal_waits,
    _paid_back,
    _ended_by_an_operator,
    _tried_out,
]


@pytest.mark.django_db
@pytest.mark.parametrize("life", LIVES)
def test_whatever_happens_to_a_service_each_amount_is_explained(life: Callable[[Subscription], None]) -> None:
    subscription = service()
    life(subscription)
    found = all_of(subscription)
    assert {verdict for verdicts in found.values() for verdict in verdicts} == {"same"}
    assert {"price", "total", "paid", "earned", "held"} <= set(found)
    back = {_paid_back, _ended_by_an_operator, _renewed_changed_and_ended, *REFUNDED}
    assert ("refund" in found) == (life in back)


@pytest.mark.django_db
def test_a_trial_that_became_formal_is_explained() -> None:
    """business-rules §3.5: the days of the trial cost nothing."""
    held = on_trial("saas_v2")
    converted(held, now=NOW)
    done(open_call())
    passes(TRIAL_END)
    found = all_of(held)
    assert {verdict for verdicts in found.values() for verdict in verdicts} == {"same"}
    assert {"price", "total", "paid", "earned", "held"} <= set(found)


@pytest.mark.django_db
def test_a_refund_that_was_agreed_on_is_explained() -> None:
    """business-rules §4.7: negotiated; what has not begun comes on top."""
    subscription = service("license_v1", members=1)
    _renewed_ahead(subscription)
    agreed_on(subscription, 3_000)
    found = all_of(subscription)
    assert {verdict for verdicts in found.values() for verdict in verdicts} == {"same"}
    assert "refund" in found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "change", "kind"),
    [
        (OrderLine, {"amount_minor": 1}, Kind.PRICE),
        (Order, {"total_minor": 1}, Kind.TOTAL),
        (Order, {"total_minor": 1}, Kind.PAID),
    ],
)
def test_an_amount_that_was_changed_by_hand_is_found(
    table: type[OrderLine | Order], change: dict[str, int], kind: Kind
) -> None:
    service()
    table._default_manager.update(**change)
    [facts] = facts_of(list(Order.objects.all()))
    assert {one.verdict for one in explained(facts) if one.kind is kind} == {Verdict.DIFFERS}


@pytest.mark.django_db
def test_an_order_a_line_and_a_service_are_found_by_what_people_have() -> None:
    subscription = service()
    number = subscription.order_line_number
    order = number.rpartition("-")[0]
    assert find(order.lower()) == find(number) == Order.objects.get(number=order)
    assert find(str(subscription.pk)) == find(subscription.instance_id) == subscription
    assert find("nothing") is find("9" * 30) is None


@pytest.mark.django_db
def test_a_service_with_many_orders_takes_as_many_queries_as_one(django_assert_num_queries) -> None:
    subscription = service()
    for _ in range(2):
        with django_assert_num_queries(8):
            service_explained(service_facts(subscription))
        renewed(subscription)
        done(open_call())
