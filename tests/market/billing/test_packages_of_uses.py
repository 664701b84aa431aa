"""Packages of uses (按次套餐包, business-rules §3.2: "prepaid calls; stops at zero"): each is counted at itself."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories import NOW, make_buyer
from tests.factories.buying import make_order, make_subscription
from tests.factories.metering import ZONE, item, make_uses, push
from tests.factories.products import ONCE, USES, make_offer, make_product, make_sku, make_spec
from tradepost.market.base.models import Event
from tradepost.market.billing import alerts, queries, stops
from tradepost.market.billing.alerts import AlertRule
from tradepost.market.billing.charge import charge
from tradepost.market.billing.events import QuotaLow, QuotaUsedUp
from tradepost.market.billing.models import Charge
from tradepost.market.catalog.models import Offer
from tradepost.market.metering import collect
from tradepost.market.metering.events import QuotaDeducted
from tradepost.market.metering.models import Deduction, Package, Quota, Record
from tradepost.market.metering.packages import on_order_completed
from tradepost.market.metering.void import void
from tradepost.market.notifications import package_reactions, service_reactions
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.orders.refund_terms import Rules, Why
from tradepost.market.orders.refunds import what_may
from tradepost.market.payments import ledger
from tradepost.market.product_types.charging import charging
from tradepost.market.subscriptions.events import SubscriptionFrozen
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 5 * DAY
SCALE = 10_000
WATCH = AlertRule(low_percent=20, unpaid_timeout=HOUR)


def use(held: Subscription, hour: int, value: str, **named: Any) -> None:
    found = push(held.seller, [item(held, NOW + hour * HOUR, value, **named)], now=LATER)
    assert not found.refused, found.refused
    collected()


def collected() -> None:
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    charge(collection, now=LATER)
    for event in list(Event.objects.filter(name="quota_deducted").order_by("pk")):
        deducted = QuotaDeducted(**{name: event.facts[name] for name in ("quota", "package", "before", "after")})
        alerts.on_quota_deducted(deducted, LATER, rule=WATCH)
        stops.on_quota_deducted(deducted, LATER)
        event.delete()


def is_now(held: Subscription) -> tuple[str, list[str]]:
    standing = Freeze.objects.filter(subscription=held, lifted_at=None)
    return Subscription.objects.get(pk=held.pk).status, list(standing.values_list("reason", flat=True))


def remaining() -> list[int]:
    return list(Quota.objects.order_by("pk").values_list("remaining", flat=True))


def sound() -> bool:
    return ledger.verify().problems == () and queries.problems() == []


def test_it_is_bought_once_without_a_service_on_demand_and_has_no_end() -> None:
    held = make_uses(buyer=make_buyer(balance="30"))
    kept = Package.objects.get()
    assert (kept.pk, kept.service_id, kept.stops, kept.ends_at) == (held.pk, held.pk, True, None)
    assert remaining() == [100 * SCALE]
    assert held.offer.charging.uses
    assert not charging("ONE_TIME").uses


def test_two_units_hold_twice_as_much() -> None:
    sku = make_sku(USES, quantity_name="份", quantity_name_en="Packages", quantity_max=30)
    product = make_product(specs=(make_spec(sku),))
    order = make_order(make_buyer(balance="60"), offer=make_offer(product), quantity=2, paid=True)
    assert make_subscription(order).quantity == 2
    on_order_completed(OrderCompleted(order=order.number), NOW)
    assert remaining() == [200 * SCALE]


def test_it_is_deducted_from_until_nothing_is_left_and_stops_then() -> None:
    """§3.2: "prepaid calls; stops at zero". What goes beyond costs nothing; what comes after that is refused (§4.8: 013)."""
    held = make_uses(buyer=make_buyer(balance="30"))
    use(held, 1, "60")
    assert (is_now(held), remaining()) == (("active", []), [40 * SCALE])
    use(held, 2, "55")
    assert (is_now(held), remaining()) == (("frozen", ["used_up"]), [0])
    assert [(c.deducted // SCALE, c.free // SCALE, c.minor) for c in Charge.objects.order_by("pk")] == [
        (60, 0, 0),
        (40, 15, 0),
    ]
    assert ledger.buyer_account(held.buyer, "CNY").balance.minor == 0
    late = push(held.seller, [item(held, LATER, "1")], now=LATER + 2 * HOUR)
    assert [one.refusal.code for one in late.refused] == ["013"]
    assert sound()


def test_usage_that_is_taken_back_lets_it_go_on() -> None:
    held = make_uses(buyer=make_buyer(balance="30"))
    use(held, 1, "100")
    assert is_now(held)[0] == "frozen"
    void(Record.objects.get(), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    collected()
    assert (is_now(held), remaining()) == (("active", []), [100 * SCALE])
    assert sound()


def test_a_record_may_name_the_package_itself_and_no_other() -> None:
    """openapi-jointkit §C.5: relate_pkg_instance is mandatory for packages that stop."""
    buyer = make_buyer(balance="60")
    held = make_uses(buyer=buyer)
    use(held, 1, "10", relate_pkg_instance=held.instance_id)
    other = make_uses(seller=held.seller, buyer=buyer)
    found = push(held.seller, [item(held, NOW + 2 * HOUR, "1", relate_pkg_instance=other.instance_id)], now=LATER)
    assert [(one.refusal.code, one.refusal.field) for one in found.refused] == [("009", "relate_pkg_instance")]
    assert remaining() == [90 * SCALE, 100 * SCALE]


def test_what_is_bought_once_without_a_quota_counts_nothing() -> None:
    """§4.8: 012, not on demand."""
    product = make_product(prices=(ONCE,))
    held = make_subscription(make_order(make_buyer(balance="5000"), offer=make_offer(product), paid=True))
    found = push(held.seller, [item(held, NOW + HOUR, "1")], now=LATER)
    assert [one.refusal.code for one in found.refused] == ["012"]
    assert not Record.objects.exists()


def test_another_package_is_a_service_of_its_own() -> None:
    buyer = make_buyer(balance="60")
    first = make_uses(buyer=buyer)
    use(first, 1, "100")
    second = make_uses(seller=first.seller, buyer=buyer, now=NOW)
    assert (is_now(first)[0], is_now(second)[0]) == ("frozen", "active")
    use(second, 1, "30")
    assert remaining() == [0, 70 * SCALE]


def test_its_buyer_is_told_that_it_runs_low_and_that_it_stopped() -> None:
    """§7.1, §9: per-use packages have alerts."""
    held = make_uses(buyer=make_buyer(balance="30"))
    use(held, 1, "85")
    [low] = Event.objects.filter(name="quota_low")
    package_reactions.on_quota_low(QuotaLow(**{name: low.facts[name] for name in ("quota", "package", "left")}), LATER)
    use(held, 2, "15")
    [used_up] = Event.objects.filter(name="quota_used_up")
    package_reactions.on_quota_used_up(
        QuotaUsedUp(**{name: used_up.facts[name] for name in ("quota", "package")}), LATER
    )
    service_reactions.on_service_frozen(SubscriptionFrozen(subscription=held.pk, at=LATER, reason="used_up"), LATER)
    assert list(Notice.objects.order_by("pk").values_list("kind", flat=True)) == ["uses_low", "uses_used_up"]


def test_it_is_not_paid_back() -> None:
    """§4.7: API, per-use package: none."""
    held = make_uses(buyer=make_buyer(balance="30"))
    said = what_may(held, Rules(no_reason_days=5, negotiable_days=30, no_reason_per_year=10), now=NOW + DAY)
    assert (said.ways, said.why) == ((), Why.PACKAGE)


@pytest.mark.parametrize("seed", range(5))
def test_deductions_and_what_goes_beyond_are_what_was_used(seed: int) -> None:
    """Whatever comes late, is taken back, or is collected when (money.md §6)."""
    chance = random.Random(seed)
    held = make_uses(buyer=make_buyer(balance="30"))
    hours = chance.sample(range(1, 100), 12)
    for start in range(0, 12, 3):
        items = [
            item(held, NOW + hour * HOUR, f"{chance.randrange(1, 400_000) / SCALE:.4f}")
            for hour in hours[start : start + 3]
        ]
        push(held.seller, items, now=LATER)
        standing = list(Record.objects.filter(sign=1, voided=False))
        if chance.random() < 0.5:
            void(chance.choice(standing), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
        collection = collect.close("hour", now=LATER)
        assert collection is not None
        charge(collection, now=LATER)
    used = sum(sign * quantity for sign, quantity in Record.objects.values_list("sign", "quantity"))
    deducted, free, minor = (sum(Charge.objects.values_list(name, flat=True)) for name in ("deducted", "free", "minor"))
    assert deducted + free == used
    assert deducted == sum(Deduction.objects.values_list("delta", flat=True)) == min(used, 100 * SCALE)
    assert minor == 0
    assert sound()


def test_the_database_knows_no_package_of_uses_without_uses_or_without_an_end_at_zero() -> None:
    offer = make_offer(make_product(prices=(USES,)))
    for wrong in ({"quota": 0}, {"usage_unit": ""}, {"stops_when_used_up": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Offer.objects.filter(pk=offer.pk).update(**wrong)


def test_what_was_used_in_the_second_of_its_opening_is_deducted() -> None:
    """openapi-jointkit §C.5: times have whole seconds; a service is opened at some microsecond."""
    held = make_uses(now=NOW + timedelta(microseconds=690_000))
    use(held, 0, "62.5")
    assert remaining() == [37 * SCALE + SCALE // 2]
    assert sound()
