"""Prices of each model: every example of the specification; quote, order, renewal and refund agree to the minor unit."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from tests import sampling
from tests.factories import NOW, make_buyer, make_product
from tests.factories.products import MONTHLY, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Band, Price, Sku
from tradepost.market.catalog.models import Offer
from tradepost.market.catalog.price_models import PriceModel, accumulated, corners
from tradepost.market.identity.models import User
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder, place_order, price_choice
from tradepost.market.orders.pricing import PriceLine, Tariff, as_stored, calculate_price, price_lines, read_stored
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Entry

SMALL = ((3, 30), (None, 20))
LARGE = ((10, 500), (50, 400), (None, 300))
TIER, STEP, LINEAR = PriceModel.TIER, PriceModel.STEP, PriceModel.LINEAR


def tariff(model: PriceModel, bands: tuple[tuple[int | None, int], ...] = (), unit: int = 0) -> Tariff:
    return Tariff(currency="CNY", model=model, bands=bands, unit_minor=unit)


@pytest.mark.parametrize(
    ("case", "quantity", "periods", "total"),
    [
        # business-rules §3.3: first 3 min at 0.3, rest at 0.2, 8 min → 3×0.3 + 5×0.2 = 1.90
        (tariff(STEP, SMALL), 8, 1, 190),
        # shelf §4
        (tariff(STEP, SMALL), 4, 1, 110),
        (tariff(TIER, SMALL), 3, 1, 90),
        (tariff(TIER, SMALL), 4, 1, 80),
        (tariff(TIER, SMALL), 8, 1, 160),
        (tariff(TIER, LARGE), 11, 1, 4400),
        (tariff(STEP, LARGE), 11, 1, 5400),
        (tariff(TIER, LARGE), 51, 1, 15300),
        (tariff(STEP, LARGE), 51, 1, 21300),
        # linear q·p·n, and n periods of the others
        (tariff(LINEAR, unit=100), 7, 3, 2100),
        (tariff(TIER, LARGE), 11, 12, 52800),
        (tariff(STEP, LARGE), 51, 3, 63900),
        (tariff(LINEAR, unit=0), 1, 15, 0),
    ],
)
def test_price_of_each_model(case: Tariff, quantity: int, periods: int, total: int) -> None:
    priced = calculate_price(case, quantity=quantity, periods=periods)
    assert priced.total == Money(total, "CNY")
    assert sum(line.amount_minor for line in priced.lines) == total
    assert sum(line.units for line in priced.lines) == quantity


def test_tier_price_can_fall_with_the_quantity() -> None:
    """shelf §4: 10 → 11 units cost 600 less; the parts of a step add up to the whole."""
    assert calculate_price(tariff(TIER, LARGE), quantity=11, periods=1).total.minor - 5000 == -600
    bands = [(upto, Decimal(each)) for upto, each in ((Decimal(10), 500), (Decimal(50), 400), (None, 300))]
    intervals = [(0, 40), (40, 70), (70, 100)]
    charged = [accumulated(STEP, Decimal(0), bands, Decimal(a), Decimal(b)) for a, b in intervals]
    assert charged == [17000, 10000, 9000]
    assert sum(charged) == accumulated(STEP, Decimal(0), bands, Decimal(0), Decimal(100))


def test_price_lines_name_band_units_and_amount() -> None:
    assert list(price_lines(tariff(STEP, LARGE), quantity=51, periods=2)) == [
        PriceLine(units=10, unit_minor=500, periods=2, amount_minor=10_000, above=0, upto=10),
        PriceLine(units=40, unit_minor=400, periods=2, amount_minor=32_000, above=10, upto=50),
        PriceLine(units=1, unit_minor=300, periods=2, amount_minor=600, above=50, upto=None),
    ]
    assert list(price_lines(tariff(TIER, LARGE), quantity=50, periods=1)) == [
        PriceLine(units=50, unit_minor=400, periods=1, amount_minor=20_000, above=10, upto=50)
    ]
    lines = calculate_price(tariff(LINEAR, unit=9), quantity=2, periods=3).lines
    assert lines == (PriceLine(units=2, unit_minor=9, periods=3, amount_minor=54),)
    assert read_stored(as_stored(lines)) == lines
    assert read_stored(None) == ()


edges = st.lists(st.integers(1, 10_000), min_size=1, max_size=9, unique=True).map(sorted)
amounts = st.integers(0, 10**10)


@given(edges, st.lists(amounts, min_size=10, max_size=10), st.integers(1, 20_000), st.integers(1, 120))
def test_each_unit_is_priced_once(upto: list[int], each: list[int], quantity: int, periods: int) -> None:
    """A step is the sum of its units' prices; a tier applies the price of its band to all units. Both are linear between corners."""
    bands = [*zip(upto, each, strict=False), (None, each[len(upto)])]

    def unit_price(n: int) -> int:
        return next(amount for edge, amount in bands if edge is None or n <= edge)

    step = calculate_price(Tariff(currency="CNY", model=STEP, bands=bands), quantity=quantity, periods=periods)
    tier = calculate_price(Tariff(currency="CNY", model=TIER, bands=bands), quantity=quantity, periods=periods)
    assert tier.total.minor == unit_price(quantity) * quantity * periods
    assert step.total.minor % periods == 0
    if quantity <= 300:
        assert step.total.minor == sum(unit_price(n) for n in range(1, quantity + 1)) * periods
    corner_quantities = corners(bands, least=1, most=20_000, step=1)
    assert {1, 20_000} <= set(corner_quantities) <= set(range(1, 20_001))


# --- page, order, renewal and refund ----------------------------------------------------------------------------------


def banded(price_: Price, model: PriceModel, *bands: tuple[int | None, str]) -> Price:
    return replace(
        price_, model=model, amount=None, bands=tuple(Band(upto=upto, amount=Decimal(each)) for upto, each in bands)
    )


PRICES = (
    MONTHLY, YEARLY, ONCE,
    banded(replace(MONTHLY, period_type="day", period_numbers=(1, 7, 30)), STEP, (3, "0.3"), (None, "0.2")),
)  # fmt: skip
TIERED = tuple(banded(p, TIER, (10, "5.01"), (50, "4.03"), (None, "3.07")) for p in (MONTHLY, YEARLY, ONCE))


def sku_by_seats(*prices: Price) -> Sku:
    return make_sku(*prices, quantity_name="席位", quantity_name_en="Seats", quantity_max=100_000)


PARTS, CHOICES, BATCH_SIZE = 20, 100_000, 100
"""Each part has its own market, so that the workers of a soak share the parts: placing, paying and refunding take fifty
statements, 12 ms of a core per choice. ``BATCH_SIZE``: choices per transaction, which is rolled back."""


def _check_random_choices(number: int, *, seed: int) -> None:
    """Check that quote, order, order line and full refund have the same amount."""
    sold = [make_product(specs=(make_spec(sku_by_seats(*prices)),)) for prices in (PRICES, TIERED)]
    offers = list(Offer.objects.select_related("sku").filter(sku__spec__product__in=sold).order_by("pk"))
    buyer, chance = make_buyer(balance="1000000000000"), random.Random(seed)
    for first in range(0, number, BATCH_SIZE):
        chosen = [_random_choice(offers, chance) for _ in range(min(BATCH_SIZE, number - first))]
        with transaction.atomic():
            _order_and_give_up(buyer, chosen)
            transaction.set_rollback(True)


def _random_choice(offers: list[Offer], chance: random.Random) -> tuple[Offer, int, int]:
    offer = chance.choice(offers)
    return offer, chance.randint(1, 100_000), chance.choice(offer.period_numbers or [1])


def _order_and_give_up(buyer: User, chosen: list[tuple[Offer, int, int]]) -> None:
    account, quoted = ledger.buyer_account(buyer, "CNY"), {}
    for offer, quantity, periods in chosen:
        command = PlaceOrder(product_id=offer.product_id, quantity=quantity, periods=periods, agreed=True)
        order = place_order(buyer, command, now=NOW, unpaid_timeout=timedelta(days=1))
        pay_order(order, now=NOW)
        quoted[order.number] = price_choice(offer, quantity=quantity, periods=periods).total.minor
    for line in OrderLine.objects.select_related("order__buyer").filter(order__number__in=quoted):
        give_up_order(line.order, now=NOW, reason="test")
        line_total = sum(part.amount_minor for part in read_stored(line.price_lines))
        assert quoted[line.order.number] == line.order.total_minor == line.amount_minor == line_total
    booked = Entry.objects.filter(account=account, transfer__order_number__in=quoted)
    booked_amounts = {
        (entry.transfer.reason, entry.transfer.order_number): entry.amount_minor
        for entry in booked.select_related("transfer")
    }
    assert booked_amounts == {("payment", number): -total for number, total in quoted.items()} | {
        ("refund", number): total for number, total in quoted.items()
    }
    assert ledger.buyer_account(buyer, "CNY").balance == account.balance


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_quote_order_line_and_full_refund_agree(part: int) -> None:
    """Must show 4: for 100,000 random choices in a soak, for fifty of them otherwise."""
    _check_random_choices(sampling.size(CHOICES // PARTS, share=0.01), seed=part)
