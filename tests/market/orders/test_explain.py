"""Explanations of amounts: every part is recomputed, and every difference is reported."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from tests.market.fulfilment.given_back import agreed_on
from tests.market.fulfilment.services import again, done, open_call, passes, renewed, service
from tests.market.fulfilment.trials import TRIAL_END, converted, on_trial
from tests.market.orders.explained_lives import (
    LIVES,
    REFUNDED_LIVES,
    _ended_by_operator,
    _renewal_refunded,
    _renewed_ahead,
    _renewed_changed_and_ended,
)
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.orders.explain import explain_for_seller, explain_order, explain_service
from tradepost.market.orders.explain_prices import by_price_lines
from tradepost.market.orders.explain_queries import facts_of, find, service_facts
from tradepost.market.orders.explained import Kind, OrderFacts, Verdict
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pricing import Tariff, as_stored, calculate_price
from tradepost.market.subscriptions.models import Subscription


def order_line(priced, **fields: object) -> OrderLine:
    order = Order(number="CS1", order_type="NEW", currency="CNY", total_minor=priced.total.minor)
    values = {"number": "CS1-000001", "amount_minor": priced.total.minor, "price_lines": as_stored(priced.lines)}
    return OrderLine(order=order, **(values | fields))


BANDS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10**6)), min_size=1, max_size=4)


@settings(max_examples=100)
@given(st.sampled_from(PriceModel), st.integers(0, 10**8), BANDS, st.integers(1, 200), st.integers(1, 36))
def test_prices_are_explained_to_the_minor_unit(
    model: PriceModel, unit: int, bands: list[tuple[int, int]], quantity: int, periods: int
) -> None:
    """business-rules §3.3: linear, tier and step."""
    uptos, above = [], 0
    for width, each in bands:
        above += width
        uptos.append((above, each))
    tariff = Tariff(currency="CNY", unit_minor=unit, model=model, bands=[*uptos[:-1], (None, uptos[-1][1])])
    priced_line = order_line(calculate_price(tariff, quantity=quantity, periods=periods))
    explanation = by_price_lines(priced_line, OrderFacts(order=priced_line.order, lines=[priced_line]))
    assert explanation.verdict is Verdict.SAME
    wrong_explanation = by_price_lines(
        order_line(
            calculate_price(tariff, quantity=quantity, periods=periods), amount_minor=priced_line.amount_minor + 1
        ),
        OrderFacts(order=priced_line.order, lines=[]),
    )
    assert wrong_explanation.verdict is Verdict.DIFFERS


def test_order_without_stored_parts_is_unknown() -> None:
    old_line = order_line(
        calculate_price(Tariff(currency="CNY", unit_minor=100), quantity=1, periods=1), price_lines=None
    )
    assert by_price_lines(old_line, OrderFacts(order=old_line.order, lines=[old_line])).verdict is Verdict.UNKNOWN


def test_order_of_an_unknown_type_is_unknown() -> None:
    old_line = order_line(calculate_price(Tariff(currency="CNY", unit_minor=100), quantity=1, periods=1))
    old_line.order.order_type = "BARTER"
    [explanation, *_] = explain_for_seller(OrderFacts(order=old_line.order, lines=[old_line]))
    assert explanation.verdict is Verdict.UNKNOWN


def verdicts_by_kind(subscription: Subscription) -> dict[str, set[str]]:
    """Return the verdicts by kind, for the service and all its orders."""
    verdicts: dict[str, set[str]] = {}
    for explanation in explain_service(service_facts(again(subscription))):
        verdicts.setdefault(explanation.kind.value, set()).add(explanation.verdict.value)
    return verdicts


@pytest.mark.django_db
@pytest.mark.parametrize("life", LIVES)
def test_each_amount_of_each_history_is_explained(life: Callable[[Subscription], None]) -> None:
    subscription = service()
    life(subscription)
    by_kind = verdicts_by_kind(subscription)
    assert {verdict for verdicts in by_kind.values() for verdict in verdicts} == {"same"}
    assert {"price", "total", "paid", "earned", "held"} <= set(by_kind)
    refunded_lives = {_renewal_refunded, _ended_by_operator, _renewed_changed_and_ended, *REFUNDED_LIVES}
    assert ("refund" in by_kind) == (life in refunded_lives)


@pytest.mark.django_db
def test_converted_trial_is_explained() -> None:
    """business-rules §3.5: the days of the trial cost nothing."""
    subscription = on_trial("saas_v2")
    converted(subscription, now=NOW)
    done(open_call())
    passes(TRIAL_END)
    by_kind = verdicts_by_kind(subscription)
    assert {verdict for verdicts in by_kind.values() for verdict in verdicts} == {"same"}
    assert {"price", "total", "paid", "earned", "held"} <= set(by_kind)


@pytest.mark.django_db
def test_negotiated_refund_is_explained() -> None:
    """business-rules §4.7: negotiated; periods that have not started are refunded in addition."""
    subscription = service("license_v1", members=1)
    _renewed_ahead(subscription)
    agreed_on(subscription, 3_000)
    by_kind = verdicts_by_kind(subscription)
    assert {verdict for verdicts in by_kind.values() for verdict in verdicts} == {"same"}
    assert "refund" in by_kind


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "change", "kind"),
    [
        (OrderLine, {"amount_minor": 1}, Kind.PRICE),
        (Order, {"total_minor": 1}, Kind.TOTAL),
        (Order, {"total_minor": 1}, Kind.PAID),
    ],
)
def test_manually_changed_amount_is_reported(
    table: type[OrderLine | Order], change: dict[str, int], kind: Kind
) -> None:
    service()
    table._default_manager.update(**change)
    [facts] = facts_of(list(Order.objects.all()))
    assert {explanation.verdict for explanation in explain_order(facts) if explanation.kind is kind} == {
        Verdict.DIFFERS
    }


@pytest.mark.django_db
def test_order_line_and_service_are_found_by_their_numbers() -> None:
    subscription = service()
    number = subscription.order_line_number
    order = number.rpartition("-")[0]
    assert find(order.lower()) == find(number) == Order.objects.get(number=order)
    assert find(str(subscription.pk)) == find(subscription.instance_id) == subscription
    assert find("nothing") is find("9" * 30) is None


@pytest.mark.django_db
def test_query_count_does_not_grow_with_the_orders(django_assert_num_queries) -> None:
    subscription = service()
    for _ in range(2):
        with django_assert_num_queries(8):
            explain_service(service_facts(subscription))
        renewed(subscription)
        done(open_call())
