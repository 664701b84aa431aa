"""Packages of uses (按次套餐包, business-rules §3.2: "prepaid calls; stops at zero"): each is metered itself."""

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
from tradepost.market.orders.refund_terms import RefundRules, RefusalReason
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.product_types.charging import charging_of
from tradepost.market.subscriptions.events import SubscriptionFrozen
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 5 * DAY
SCALE = 10_000
WATCH = AlertRule(low_percent=20, unpaid_timeout=HOUR)


def push_uses(subscription: Subscription, hour: int, value: str, **named: Any) -> None:
    push_result = push(subscription.seller, [item(subscription, NOW + hour * HOUR, value, **named)], now=LATER)
    assert not push_result.refused, push_result.refused
    collect_usage()


def collect_usage() -> None:
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    charge(collection, now=LATER)
    for event in list(Event.objects.filter(name="quota_deducted").order_by("pk")):
        deducted = QuotaDeducted(**{name: event.facts[name] for name in ("quota", "package", "before", "after")})
        alerts.on_quota_deducted(deducted, LATER, rule=WATCH)
        stops.on_quota_deducted(deducted, LATER)
        event.delete()


def state_of(subscription: Subscription) -> tuple[str, list[str]]:
    reasons = Freeze.objects.filter(subscription=subscription, lifted_at=None)
    return Subscription.objects.get(pk=subscription.pk).status, list(reasons.values_list("reason", flat=True))


def remaining() -> list[int]:
    return list(Quota.objects.order_by("pk").values_list("remaining", flat=True))


def ledger_is_correct() -> bool:
    return ledger.verify().problems == () and queries.problems() == []


def test_package_of_uses_is_bought_once_without_a_service_or_an_end() -> None:
    subscription = make_uses(buyer=make_buyer(balance="30"))
    stored_package = Package.objects.get()
    assert (stored_package.pk, stored_package.service_id, stored_package.stops, stored_package.ends_at) == (
        subscription.pk,
        subscription.pk,
        True,
        None,
    )
    assert remaining() == [100 * SCALE]
    assert subscription.offer.charging.uses
    assert not charging_of("ONE_TIME").uses


def test_two_units_have_twice_the_quota() -> None:
    sku = make_sku(USES, quantity_name="份", quantity_name_en="Packages", quantity_max=30)
    product = make_product(specs=(make_spec(sku),))
    order = make_order(make_buyer(balance="60"), offer=make_offer(product), quantity=2, paid=True)
    assert make_subscription(order).quantity == 2
    on_order_completed(OrderCompleted(order=order.number), NOW)
    assert remaining() == [200 * SCALE]


def test_package_is_deducted_until_zero_and_stops() -> None:
    """§3.2: "prepaid calls; stops at zero". Usage beyond it is free; later usage is refused (§4.8: 013)."""
    subscription = make_uses(buyer=make_buyer(balance="30"))
    push_uses(subscription, 1, "60")
    assert (state_of(subscription), remaining()) == (("active", []), [40 * SCALE])
    push_uses(subscription, 2, "55")
    assert (state_of(subscription), remaining()) == (("frozen", ["used_up"]), [0])
    assert [(c.deducted // SCALE, c.free // SCALE, c.minor) for c in Charge.objects.order_by("pk")] == [
        (60, 0, 0),
        (40, 15, 0),
    ]
    assert ledger.buyer_account(subscription.buyer, "CNY").balance.minor == 0
    late_push = push(subscription.seller, [item(subscription, LATER, "1")], now=LATER + 2 * HOUR)
    assert [record.refusal.code for record in late_push.refused] == ["013"]
    assert ledger_is_correct()


def test_voided_usage_reactivates_it() -> None:
    uses = make_uses(buyer=make_buyer(balance="30"))
    push_uses(uses, 1, "100")
    assert state_of(uses)[0] == "frozen"
    void(Record.objects.get(), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    collect_usage()
    assert (state_of(uses), remaining()) == (("active", []), [100 * SCALE])
    assert ledger_is_correct()


def test_record_may_name_only_its_own_package() -> None:
    """openapi-jointkit §C.5: relate_pkg_instance is mandatory for packages that stop."""
    buyer = make_buyer(balance="60")
    subscription = make_uses(buyer=buyer)
    push_uses(subscription, 1, "10", relate_pkg_instance=subscription.instance_id)
    other_uses = make_uses(seller=subscription.seller, buyer=buyer)
    push_result = push(
        subscription.seller,
        [item(subscription, NOW + 2 * HOUR, "1", relate_pkg_instance=other_uses.instance_id)],
        now=LATER,
    )
    assert [(record.refusal.code, record.refusal.field) for record in push_result.refused] == [
        ("009", "relate_pkg_instance")
    ]
    assert remaining() == [90 * SCALE, 100 * SCALE]


def test_one_time_product_without_a_quota_is_not_metered() -> None:
    """§4.8: 012, not on demand."""
    product = make_product(prices=(ONCE,))
    subscription = make_subscription(make_order(make_buyer(balance="5000"), offer=make_offer(product), paid=True))
    push_result = push(subscription.seller, [item(subscription, NOW + HOUR, "1")], now=LATER)
    assert [record.refusal.code for record in push_result.refused] == ["012"]
    assert not Record.objects.exists()


def test_another_package_is_a_separate_service() -> None:
    buyer = make_buyer(balance="60")
    first = make_uses(buyer=buyer)
    push_uses(first, 1, "100")
    second = make_uses(seller=first.seller, buyer=buyer, now=NOW)
    assert (state_of(first)[0], state_of(second)[0]) == ("frozen", "active")
    push_uses(second, 1, "30")
    assert remaining() == [0, 70 * SCALE]


def test_buyer_is_notified_when_it_runs_low_and_stops() -> None:
    """§7.1, §9: per-use packages have alerts."""
    uses = make_uses(buyer=make_buyer(balance="30"))
    push_uses(uses, 1, "85")
    [low] = Event.objects.filter(name="quota_low")
    package_reactions.on_quota_low(QuotaLow(**{name: low.facts[name] for name in ("quota", "package", "left")}), LATER)
    push_uses(uses, 2, "15")
    [used_up] = Event.objects.filter(name="quota_used_up")
    package_reactions.on_quota_used_up(
        QuotaUsedUp(**{name: used_up.facts[name] for name in ("quota", "package")}), LATER
    )
    service_reactions.on_service_frozen(SubscriptionFrozen(subscription=uses.pk, at=LATER, reason="used_up"), LATER)
    assert list(Notice.objects.order_by("pk").values_list("kind", flat=True)) == ["uses_low", "uses_used_up"]


def test_package_of_uses_is_not_refundable() -> None:
    """§4.7: API, per-use package: none."""
    uses = make_uses(buyer=make_buyer(balance="30"))
    refunds = possible_refunds(
        uses, RefundRules(no_reason_days=5, negotiable_days=30, no_reason_per_year=10), now=NOW + DAY
    )
    assert (refunds.ways, refunds.why) == ((), RefusalReason.PACKAGE)


@pytest.mark.parametrize("seed", range(5))
def test_deductions_and_excess_add_up_to_the_usage(seed: int) -> None:
    """In any order of late records, voids and collections (money.md §6)."""
    chance = random.Random(seed)
    subscription = make_uses(buyer=make_buyer(balance="30"))
    hours = chance.sample(range(1, 100), 12)
    for start in range(0, 12, 3):
        items = [
            item(subscription, NOW + hour * HOUR, f"{chance.randrange(1, 400_000) / SCALE:.4f}")
            for hour in hours[start : start + 3]
        ]
        push(subscription.seller, items, now=LATER)
        records = list(Record.objects.filter(sign=1, voided=False))
        if chance.random() < 0.5:
            void(chance.choice(records), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
        collection = collect.close("hour", now=LATER)
        assert collection is not None
        charge(collection, now=LATER)
    used = sum(sign * quantity for sign, quantity in Record.objects.values_list("sign", "quantity"))
    deducted, free, minor = (sum(Charge.objects.values_list(name, flat=True)) for name in ("deducted", "free", "minor"))
    assert deducted + free == used
    assert deducted == sum(Deduction.objects.values_list("delta", flat=True)) == min(used, 100 * SCALE)
    assert minor == 0
    assert ledger_is_correct()


def test_database_requires_uses_and_a_stop_at_zero() -> None:
    offer = make_offer(make_product(prices=(USES,)))
    for fields in ({"quota": 0}, {"usage_unit": ""}, {"stops_when_used_up": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Offer.objects.filter(pk=offer.pk).update(**fields)


def test_usage_in_the_second_of_the_opening_is_deducted() -> None:
    """openapi-jointkit §C.5: times have whole seconds; a service opens at a fraction of one."""
    uses = make_uses(now=NOW + timedelta(microseconds=690_000))
    push_uses(uses, 0, "62.5")
    assert remaining() == [37 * SCALE + SCALE // 2]
    assert ledger_is_correct()
