"""Placing, paying, cancelling and timing out orders: allowed and refused cases. A refusal names its field and changes nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product
from tests.factories.products import MONTHLY, ONCE, SEATS, make_sku, make_spec
from tradepost.market.base import jobs
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.orders import cancel
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import UNPAID_TIMEOUT, PlaceOrder, place_order
from tradepost.market.orders.pricing import Tariff, calculate_price
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.paid_time import period_end

HOUR = timedelta(hours=1)


def place(command: PlaceOrder) -> Order:
    return place_order(make_buyer(), command, now=NOW, unpaid_timeout=HOUR)


@pytest.mark.django_db
def test_order_stores_number_price_and_choice() -> None:
    """business-rules §4.1: numbers start CS, lines end -000001."""
    offer = make_offer(specs=(make_spec(SEATS, name="标准版", name_en="Standard"),))
    order = place(PlaceOrder(product_id=offer.product_id, quantity=7, periods=3, agreed=True))
    line = OrderLine.objects.get(order=order)
    assert re.fullmatch(r"CS2603011600[A-Z2-9]{7}", order.number)  # 08:00 UTC is 16:00 in Shanghai
    assert line.number == f"{order.number}-000001"
    assert (order.total, line.amount) == (Money.of(100 * 7 * 3, "CNY"), Money.of(2100, "CNY"))
    assert (line.quantity, line.period_type, line.period_number, line.linear) == (7, "month", 3, True)
    assert (order.status, order.pay_before) == ("unpaid", NOW + HOUR)
    assert Job.objects.get(kind=UNPAID_TIMEOUT, key=order.number).due_at == NOW + HOUR


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"agreed": False}, "agreed"),
        ({"product_id": "OFFI000"}, "product_id"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 51}, "quantity"),
        ({"periods": 2}, "periods"),
        ({"periods": 0}, "periods"),
    ],
)
@pytest.mark.django_db
def test_invalid_choice_is_refused_for_its_field_and_stores_nothing(change: dict[str, object], field: str) -> None:
    offer = make_offer(specs=(make_spec(SEATS, name="标准版", name_en="Standard"),))
    fields = {"product_id": offer.product_id, "agreed": True} | change
    with pytest.raises(Refused) as error:
        place(PlaceOrder(**fields))  # type: ignore[arg-type]  # a form may hold any value
    assert error.value.field == field
    assert (Order.objects.count(), Job.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_quantity_steps_count_from_the_minimum() -> None:
    sku = make_sku(MONTHLY, quantity_name="a", quantity_name_en="a", quantity_min=5, quantity_max=20, quantity_step=5)
    offer = make_offer(specs=(make_spec(sku, name="a", name_en="a"),))
    assert place(PlaceOrder(product_id=offer.product_id, quantity=15, agreed=True)).total == Money.of(1500, "CNY")
    with pytest.raises(Refused, match=r"order\.quantity"):
        place(PlaceOrder(product_id=offer.product_id, quantity=12, agreed=True))


@pytest.mark.django_db
def test_withdrawn_offer_cannot_be_ordered() -> None:
    offer = make_offer()
    Offer.objects.filter(pk=offer.pk).update(on_sale=False)
    with pytest.raises(Refused, match=r"offer\.unknown"):
        place(PlaceOrder(product_id=offer.product_id, agreed=True))


@pytest.mark.django_db
def test_extension_parameters_must_match_the_product() -> None:
    parameters = [{"name": "emailDomainName", "label": "域名", "label_en": "Domain", "required": True}]
    offer = make_offer(make_product(extend_params=parameters))
    for params, code in (((), "order.param_missing"), ((("other", "x"), ("emailDomainName", "a")), "order.param_unknown"),
                         ((("emailDomainName", "x" * 201),), "order.param_long")):  # fmt: skip
        with pytest.raises(Refused) as error:
            place(PlaceOrder(product_id=offer.product_id, extend_params=params, agreed=True))
        assert error.value.code == code
    order = place(
        PlaceOrder(product_id=offer.product_id, extend_params=(("emailDomainName", " a.example "),), agreed=True)
    )
    assert OrderLine.objects.get(order=order).extend_params == [{"name": "emailDomainName", "value": "a.example"}]


@pytest.mark.django_db
def test_payment_moves_money_status_and_event_once() -> None:
    order = make_order(make_buyer(balance="150"))
    pay_order(order, now=NOW)
    assert Order.objects.get(pk=order.pk).status == "processing"
    assert ledger.buyer_account(order.buyer, "CNY").balance == Money.of(50, "CNY")
    assert Event.objects.get(name="order_paid").facts == {"v": 1, "order": order.number}
    assert not Job.objects.filter(kind=UNPAID_TIMEOUT).exists()
    with pytest.raises(IllegalTransition):
        pay_order(order, now=NOW)
    assert ledger.buyer_account(order.buyer, "CNY").balance == Money.of(50, "CNY")


@pytest.mark.django_db
def test_order_stays_unpaid_if_the_balance_is_too_low() -> None:
    order = make_order(make_buyer(balance="99.99"))
    with pytest.raises(Refused, match=r"balance\.too_low"):
        pay_order(order, now=NOW)
    assert Order.objects.get(pk=order.pk).status == "unpaid"
    assert not Event.objects.filter(name="order_paid").exists()


@pytest.mark.django_db
def test_order_is_cancelled_after_its_payment_deadline() -> None:
    """business-rules §4.1: unpaid after the time shown is cancelled, not restorable."""
    order = make_order(unpaid_timeout=HOUR)
    with pytest.raises(Refused, match=r"order\.pay_deadline"):
        pay_order(order, now=NOW + HOUR)
    jobs.run_due({UNPAID_TIMEOUT: cancel.time_out}, now=NOW + HOUR)
    assert Order.objects.get(pk=order.pk).status == "cancelled"
    with pytest.raises(IllegalTransition):
        pay_order(order, now=NOW)


@pytest.mark.django_db
def test_only_an_unpaid_order_can_be_cancelled() -> None:
    """business-rules §4.1: error otherwise."""
    order = make_order()
    cancel.cancel_order(order, actor="buyer", now=NOW)
    assert not Job.objects.filter(kind=UNPAID_TIMEOUT).exists()
    paid = make_order(paid=True)
    with pytest.raises(IllegalTransition):
        cancel.cancel_order(paid, actor="buyer", now=NOW)
    assert Order.objects.get(pk=paid.pk).status == "processing"


@pytest.mark.django_db
def test_one_time_purchase_has_no_period() -> None:
    order = place(PlaceOrder(product_id=make_offer(prices=(ONCE,)).product_id, periods=9, agreed=True))
    line = OrderLine.objects.get(order=order)
    assert (order.total, line.period_type, line.period_number) == (Money.of(5000, "CNY"), "", 0)


@given(st.integers(0, 10**9), st.integers(1, 10**4), st.integers(1, 120))
def test_linear_price_is_unit_times_quantity_times_periods(unit: int, quantity: int, periods: int) -> None:
    """business-rules §3.3, linear."""
    assert (
        calculate_price(Tariff(currency="CNY", unit_minor=unit), quantity=quantity, periods=periods).total.minor
        == unit * quantity * periods
    )


@pytest.mark.parametrize(
    ("start", "kind", "number", "end"),
    [
        ("2026-01-31", "month", 1, "2026-02-28"),
        ("2028-01-31", "month", 1, "2028-02-29"),
        ("2026-11-30", "month", 3, "2027-02-28"),
        ("2028-02-29", "year", 1, "2029-02-28"),
        ("2026-12-15", "month", 1, "2027-01-15"),
    ],
)
def test_period_ends_on_the_same_day_or_the_last_of_the_month(start: str, kind: str, number: int, end: str) -> None:
    at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert period_end(at, kind, number) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)), st.integers(1, 60), st.integers(1, 60))  # noqa: DTZ001
def test_longer_periods_end_later(start: datetime, a: int, b: int) -> None:
    shorter, longer = sorted((a, b))
    start = start.replace(tzinfo=UTC)
    assert start < period_end(start, "month", shorter) <= period_end(start, "month", longer)
    assert Decimal((period_end(start, "year", a) - start).days) / a >= 365
