"""Stored prices and fees are billed as they were quoted: a million random prices, aligned renewals and changes in use in a soak
(issue: every change a buyer may want, must show 2). ``test_prices`` checks the rows and the ledger of 100,000 of them.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests import sampling
from tradepost.market.base.money import Money
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.orders import change_fee
from tradepost.market.orders.align import DAYS, align, with_alignment
from tradepost.market.orders.explain_prices import computed_amount
from tradepost.market.orders.pricing import PricedChoice, Tariff, as_stored, calculate_price, read_stored
from tradepost.market.subscriptions.paid_time import prolonged

PARTS, QUOTES, FEES = 10, 900_000, 100_000
ZONE = ZoneInfo("Asia/Shanghai")
UNITS = ("day", "month", "year")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def to_json(value: object) -> str:
    """Encode a value as the database stores it."""
    return json.dumps(value)


def bands(chance: random.Random) -> tuple[tuple[int | None, int], ...]:
    ends = sorted(chance.sample(range(1, 5_000), chance.randint(0, 4)))
    return tuple((end, chance.randint(0, 10_000_000)) for end in [*ends, None])


def billed_minor(priced: PricedChoice) -> int:
    """Compute the total from the stored price lines by the rule of ``explain``, without reading the stored amounts."""
    lines = read_stored(json.loads(to_json(as_stored(priced.lines))))
    return sum(computed_amount(line, priced.total.currency).minor for line in lines)


def random_quote(chance: random.Random) -> PricedChoice:
    model = chance.choice(list(PriceModel))
    tariff = Tariff(
        currency="CNY", unit_minor=chance.randint(0, 100_000_000), model=model,
        bands=() if model is PriceModel.LINEAR else bands(chance), quota=Decimal(0),
    )  # fmt: skip
    quantity = chance.choice((1, chance.randint(1, 50), chance.randint(1, 100_000)))
    priced = calculate_price(tariff, quantity=quantity, periods=chance.randint(1, 36))
    if chance.random() < 0.2:
        end = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(5 * 365 * 24 * 60))
        month = calculate_price(tariff, quantity=quantity, periods=1).total
        aligned = align(end, chance.choice(DAYS), month=month)
        return priced if aligned is None else with_alignment(priced, aligned)
    return priced


@pytest.mark.parametrize("part", range(PARTS))
def test_price_is_billed_as_quoted(part: int) -> None:
    """business-rules §3.3, §4.5."""
    chance = random.Random(f"{sampling.SEED}/prices/{part}")
    for _ in range(sampling.size(QUOTES // PARTS, share=0.01)):
        quoted = random_quote(chance)
        assert billed_minor(quoted) == quoted.total.minor, (sampling.SEED, quoted)


def random_rate(chance: random.Random, unit: str) -> change_fee.Rate:
    model = chance.choice(list(PriceModel))
    return change_fee.Rate(
        unit=unit, model=model, price_minor=chance.randint(0, 10_000_000),
        bands=() if model is PriceModel.LINEAR else bands(chance),
    )  # fmt: skip


def random_terms(chance: random.Random) -> change_fee.Terms:
    """Return terms of a service with consecutive periods that is changed at a random moment of them."""
    begun = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(3 * 365 * 24 * 60))
    periods, start = [], begun
    for number in range(chance.randint(1, 4)):
        unit = chance.choice(UNITS)
        end = prolonged(begun, start, unit, chance.randint(1, 3))
        periods.append(change_fee.PaidTime(line_number=f"L{number}", unit=unit, starts_at=start, ends_at=end))
        start = end
    now = begun + (start - begun) * chance.random()
    since = change_fee.effective_from(now, begun, ZONE)
    before = chance.randint(1, 500)
    return change_fee.Terms(
        currency="CNY", zone=str(ZONE), begun=begun, counts_from=since,
        periods=tuple(period for period in periods if period.ends_at > since),
        held=tuple(random_rate(chance, unit) for unit in UNITS), target=tuple(random_rate(chance, unit) for unit in UNITS),
        quantity_before=before, quantity_after=before + chance.randint(0, 500), adds=chance.random() < 0.5,
        step_change=chance.choice(list(change_fee.StepChange)),
    )  # fmt: skip


@pytest.mark.parametrize("part", range(PARTS))
def test_change_is_billed_as_quoted(part: int) -> None:
    """business-rules §4.6, §17.1, §17.2: the parts, which are earned separately, add up to the fee."""
    chance = random.Random(f"{sampling.SEED}/fees/{part}")
    for _ in range(sampling.size(FEES // PARTS, share=0.01)):
        change = random_terms(chance)
        if not change.periods:
            continue
        quoted = change_fee.fee_of(change)
        recomputed = change_fee.recompute(json.loads(to_json(change_fee.as_stored(change))))
        assert (recomputed.minor, recomputed.lines, recomputed.parts) == (quoted.minor, quoted.lines, quoted.parts)
        if quoted.minor >= 0:
            booked = Money(sum(part.minor for part in quoted.parts), "CNY")
            line_total = sum(line.minor for line in quoted.lines) + quoted.discount_minor + quoted.rounding_minor
            assert booked.minor == quoted.minor == line_total, (sampling.SEED, change)
