"""Issue 27, 4: usage and money are listed by the time of use (decision 0097); charges are listed by day and expand on
request."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_member, make_operator
from tests.factories.metering import ZONE, item, make_metered, on_demand, push
from tests.market.billing.tallying import collected
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.billing.attribution import average_price, by_time_of_use
from tradepost.market.billing.chart_queries import chart_of_service
from tradepost.market.billing.models import Charge, ProductHour, TalliedCollection
from tradepost.market.billing.queries import ChargeFilter, by_day, charges_of_buyer, charges_of_seller
from tradepost.market.billing.spans import Span
from tradepost.market.metering.models import Collection, Record
from tradepost.market.metering.void import void
from tradepost.market.subscriptions.models import Subscription

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 12 * HOUR
YUAN = on_demand(amount=Decimal(1))
DAY_OF_USE = Span.day_of(NOW.astimezone(ZONE).date(), ZONE)


@given(
    st.integers(-(10**9), 10**9),
    st.dictionaries(st.integers(0, 800).map(lambda n: NOW + n * HOUR), st.integers(-(10**6), 10**6), max_size=30),
)
def test_parts_add_up_to_the_charge_and_need_usage(minor: int, used: dict[datetime, int]) -> None:
    parts = by_time_of_use(Money(minor, "CNY"), used, charged_at=LATER)
    assert sum(part.minor for part in parts.values()) == minor
    if any(used.values()):
        assert set(parts) == {time for time, quantity in used.items() if quantity}
        if len({quantity > 0 for quantity in used.values() if quantity}) == 1:
            assert all(part.minor * minor >= 0 for part in parts.values())
    else:
        assert parts == {LATER: Money(minor, "CNY")}


@given(
    st.decimals("0.01", "99.99", places=2),
    st.dictionaries(st.integers(0, 800).map(lambda n: NOW + n * HOUR), st.integers(-500, 500), min_size=1, max_size=30),
)
def test_each_hour_has_its_own_price_even_with_withdrawals(price: Decimal, used: dict[datetime, int]) -> None:
    """Formerly ten units in one hour and four withdrawn in another shared the charge of six as 10 : 4, both above zero."""
    amount = Money.of(price * sum(used.values()), "CNY")
    parts = by_time_of_use(amount, used, charged_at=LATER, price=average_price(price * 1000, 1000))
    prices = {time: Money.of(price * quantity, "CNY") for time, quantity in used.items() if quantity}
    assert parts == (prices or {LATER: amount})


def charged(
    subscription: Subscription, span: Span = DAY_OF_USE, *, now: datetime = LATER
) -> dict[datetime, tuple[int, int, int]]:
    """Return the nonempty bars: units used, minor units of money, and units not charged yet."""
    chart = chart_of_service(subscription, span, now=now)
    assert chart is not None
    bars = {bar.at.astimezone(NOW.tzinfo): (int(bar.used), bar.charged.minor, int(bar.waits)) for bar in chart.bars}
    return {at: bar for at, bar in bars.items() if any(bar)}


@pytest.mark.django_db
def test_money_is_shown_with_its_usage() -> None:
    subscription = make_metered(price=YUAN, buyer=make_buyer())
    first = NOW.replace(minute=0)
    push(subscription.seller, [item(subscription, NOW, 3), item(subscription, NOW + 2 * HOUR, 1)], now=LATER)
    assert charged(subscription) == {first: (3, 0, 3), first + 2 * HOUR: (1, 0, 1)}, "¥0.00 is not its price"
    collected()
    assert charged(subscription) == {first: (3, 300, 0), first + 2 * HOUR: (1, 100, 0)}
    push(subscription.seller, [item(subscription, NOW + HOUR, 5)], now=LATER)
    assert charged(subscription)[first + HOUR] == (5, 0, 5)
    collected()
    assert charged(subscription)[first + HOUR] == (5, 500, 0)
    void(Record.objects.earliest("pk"), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    collected()
    assert charged(subscription) == {first + HOUR: (5, 500, 0), first + 2 * HOUR: (1, 100, 0)}, (
        "a credit is shown at its time of use"
    )
    month = Span.month_of(NOW.astimezone(ZONE).date(), ZONE)
    assert sum(coins for _used, coins, _waits in charged(subscription, month).values()) == sum(
        Charge.objects.values_list("minor", flat=True)
    )


@pytest.mark.django_db
def test_withdrawal_is_a_credit_in_its_own_hour() -> None:
    subscription = make_metered(price=YUAN, buyer=make_buyer())
    first = NOW.replace(minute=0)
    push(subscription.seller, [item(subscription, NOW, 4)], now=LATER)
    collected()
    void(Record.objects.earliest("pk"), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    push(subscription.seller, [item(subscription, NOW + 2 * HOUR, 10)], now=LATER)
    collected()
    assert charged(subscription) == {first + 2 * HOUR: (10, 1000, 0)}
    stored_hours = {
        product_hour.hour.astimezone(NOW.tzinfo): (product_hour.quantity, product_hour.minor)
        for product_hour in ProductHour.objects.all()
    }
    assert stored_hours == {first: (0, 0), first + 2 * HOUR: (100_000, 1000)}


@pytest.mark.django_db
def test_charge_without_usage_is_shown_at_its_own_hour() -> None:
    """Decision 0097. Formerly neither month showed the price that remained when a package was deducted from later."""
    subscription = make_metered(price=YUAN, buyer=make_buyer())
    [used] = charges(subscription, 1)
    next_month = Span.month_of(NOW.astimezone(ZONE).date(), ZONE).after()
    at = next_month.begin + 30 * HOUR
    collection = Collection.objects.create(cycle="hour", after_id=10**6, upto_id=10**6, closed_at=at)
    Charge.objects.create(
        collection=collection, accumulation=used.accumulation, subscription=subscription, buyer=subscription.buyer, seller=subscription.seller,
        quantity_before=1, quantity_after=4, exact_after=4, minor=300, currency="CNY", at=at,
    )  # fmt: skip
    now = next_month.end
    assert charged(subscription, next_month, now=now) == {
        (next_month.begin + 24 * HOUR).astimezone(NOW.tzinfo): (0, 300, 0)
    }
    day = Span.day_of(at.astimezone(ZONE).date(), ZONE)
    assert charged(subscription, day, now=now) == {at.astimezone(NOW.tzinfo): (0, 300, 0)}
    before = charged(subscription, next_month.before(), now=now)
    assert sum(minor for _used, minor, _waits in before.values()) == 100


@pytest.mark.django_db
@pytest.mark.parametrize("collect_it", [False, True])
def test_page_marks_usage_not_charged_yet(collect_it: bool) -> None:
    subscription = make_metered(price=YUAN, buyer=make_buyer())
    push(subscription.seller, [item(subscription, NOW, 3)], now=LATER)
    if collect_it:
        collected()
    day = NOW.astimezone(ZONE).date()
    page = (
        enter(subscription.buyer)
        .get(f"/services/{subscription.pk}/usage/?day={day}")
        .content.decode()
        .replace("\xa0", " ")
    )
    assert "listed by the time of use" in page
    assert ("Not charged yet" in page) == (not collect_it)
    facts = page.partition('<dl class="tp-facts">')[2].partition("</dl>")[0]
    assert ("¥ 0.00" in facts, "¥ 3.00" in facts) == (False, collect_it)


@pytest.mark.django_db
def test_earlier_hours_are_summed_again() -> None:
    from importlib import import_module

    subscription = make_metered(price=YUAN, buyer=make_buyer())
    push(subscription.seller, [item(subscription, NOW, 3)], now=LATER)
    collection = collected()
    stored_hours = list(ProductHour.objects.values("hour", "quantity", "minor"))
    ProductHour.objects.update(minor=0)
    import_module("tradepost.market.billing.migrations.from_0_1.0008_charges_by_time_of_use").sum_again(apps, None)
    assert not ProductHour.objects.exists()
    assert not TalliedCollection.objects.exists()
    [job] = Job.objects.filter(key=f"{collection.pk}/tally")
    from tradepost.market.billing import charge as charging

    charging.run(job.payload, LATER)
    assert list(ProductHour.objects.values("hour", "quantity", "minor")) == stored_hours


# --- days ---------------------------------------------------------------------------------------------------------------


def charges(subscription: Subscription, hours: int, *, since: datetime = NOW) -> list[Charge]:
    """Make one charge for each hour."""
    push(subscription.seller, [item(subscription, since, 1)], now=since + DAY)
    collected()
    charge = Charge.objects.latest("pk")
    created = []
    for n in range(1, hours):
        collection = Collection.objects.create(cycle="hour", after_id=10**6 + n, upto_id=10**6 + n, closed_at=since)
        created.append(
            Charge(
                collection=collection, accumulation=charge.accumulation, subscription=subscription, buyer=subscription.buyer, seller=subscription.seller,
                quantity_before=n, quantity_after=n + 1, exact_after=n, minor=n, currency="CNY", at=since + n * HOUR,
            )
        )  # fmt: skip
    Charge.objects.filter(pk=charge.pk).update(at=since)
    Charge.objects.bulk_create(created)
    return list(Charge.objects.order_by("-pk"))


@pytest.mark.django_db
@pytest.mark.parametrize("page_size", [1, 5, 16, 24, 25, 49, 60, 100])
def test_every_charge_is_in_one_day_and_short_days_are_whole(page_size: int) -> None:
    subscription = make_metered(price=YUAN, buyer=make_buyer())
    all_charges = charges(subscription, 60)
    seen_keys: list[int] = []
    parts: defaultdict[object, list[bool]] = defaultdict(list)
    after = ""
    while True:
        page = by_day(Charge.objects.filter(buyer=subscription.buyer), after=after, most=page_size)
        for day in page.rows:
            seen_keys += [charge.pk for charge in day.charges]
            parts[day.day].append(day.partial)
            assert day.amount.minor == sum(charge.minor for charge in day.charges)
        if not (after := page.next_key):
            break
    assert seen_keys == [charge.pk for charge in all_charges]
    if page_size >= 24:
        assert all(partial == [False] for partial in parts.values())
    else:
        assert any(len(partial) > 1 for partial in parts.values())


@pytest.mark.django_db
def test_three_sites_show_a_line_per_day_that_expands(django_assert_max_num_queries) -> None:
    subscription = make_metered(price=YUAN, buyer=make_buyer())
    all_charges = charges(subscription, 30)
    member, operator = make_buyer(), make_operator()
    make_member(subscription.seller, member)
    days = {charge.at.astimezone(ZONE).date() for charge in all_charges}
    for user, address, one_page in (
        (subscription.buyer, "/charges/", "/charges/"),
        (member, "/seller/usage/charges/", "/seller/usage/charges/"),
        (operator, "/console/usage/charges/", "/console/usage/charges/"),
    ):
        page = enter(user).get(address).content.decode()
        rows = page.partition("<tbody>")[2].partition("</tbody>")[0]
        assert rows.count("<tr>") == len(days) == 2
        for day in days:
            charges_of_day = [charge for charge in all_charges if charge.at.astimezone(ZONE).date() == day]
            assert f"?service={subscription.pk}&amp;day={day}" in rows
            page_text = enter(user).get(f"{address}?service={subscription.pk}&day={day}").content.decode()
            links = {charge.pk for charge in charges_of_day if f'href="{one_page}{charge.pk}/"' in page_text}
            assert links == {charge.pk for charge in charges_of_day}


@pytest.mark.django_db
def test_days_follow_the_markets_zone_and_the_reader() -> None:
    subscription, other_subscription = (make_metered(price=YUAN, buyer=make_buyer()) for _ in range(2))
    charges(subscription, 30)
    for day in (NOW.astimezone(ZONE).date(), (NOW + DAY).astimezone(ZONE).date()):
        charge_filter = ChargeFilter(subscription=subscription.pk, day=day)
        day_rows = charges_of_buyer(subscription.buyer, charge_filter).rows
        assert {row.newest.at.astimezone(ZONE).date() for row in day_rows} == {day}
        assert all(row.alone for row in day_rows)
        assert (
            charges_of_buyer(other_subscription.buyer, charge_filter).rows
            == charges_of_seller(other_subscription.seller, charge_filter).rows
            == []
        )
