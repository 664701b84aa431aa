"""Usage is deducted from packages before it is charged (business-rules §3.2; design money.md §2, §4, §6)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.factories import NOW, make_buyer, make_seller
from tests.factories.metering import ZONE, item, make_metered, make_package, on_demand, package, push
from tradepost.market.base.models import Event
from tradepost.market.billing import explained, queries
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Accumulation, Charge
from tradepost.market.metering import collect, packages
from tradepost.market.metering.deduction import services_with_packages
from tradepost.market.metering.models import Deduction, Package, Quota, Record, UsageCell
from tradepost.market.metering.void import void
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 5 * DAY
YUAN = on_demand(amount=Decimal(1))
SCALE = 10_000


def push_usage(
    service: Subscription, *values: tuple[int, str], now: datetime = LATER, relate_pkg_instance: str = ""
) -> None:
    """Push this usage for each hour after NOW."""
    package_field: dict[str, Any] = {"relate_pkg_instance": relate_pkg_instance} if relate_pkg_instance else {}
    push_result = push(
        service.seller, [item(service, NOW + at * HOUR, value, **package_field) for at, value in values], now=now
    )
    assert not push_result.refused, push_result.refused


def charge_collection(*, now: datetime = LATER, cycle: str = "hour") -> list[int]:
    collection = collect.close(cycle, now=now)
    if collection is None:
        return []
    charge(collection, now=now)
    return list(Charge.objects.filter(collection=collection).order_by("pk").values_list("minor", flat=True))


def remaining_quotas() -> list[float]:
    return [remaining / SCALE for remaining in Quota.objects.order_by("pk").values_list("remaining", flat=True)]


def ledger_is_correct() -> bool:
    return ledger.verify().problems == () and queries.problems() == []


def test_package_is_deducted_first_and_the_excess_is_charged() -> None:
    """§3.2: "deduct package first, excess at on-demand price"."""
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    make_package(service)
    push_usage(service, (1, "60"))
    assert charge_collection() == [0]
    push_usage(service, (2, "55.5"))
    assert charge_collection() == [1550]
    assert remaining_quotas() == [0]
    latest_charge = Charge.objects.latest("pk")
    assert (latest_charge.deducted, latest_charge.free, latest_charge.quantity_after) == (40 * SCALE, 0, 155_000)
    assert Accumulation.objects.get().quantity == 155_000
    assert ledger_is_correct()


def test_earlier_usage_keeps_its_price() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    make_package(service, now=NOW + 3 * HOUR)
    push_usage(service, (1, "2"), (4, "3"))
    assert charge_collection() == [200]
    assert (remaining_quotas(), UsageCell.objects.count()) == ([97], 1)
    assert ledger_is_correct()


def test_late_record_takes_the_quota_of_later_usage() -> None:
    """§4: a late record deducts again from its cell on: delta rows, adjusting charges."""
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="500"))
    make_package(service)
    push_usage(service, (10, "80"))
    assert charge_collection() == [0]
    push_usage(service, (5, "90"))
    assert charge_collection() == [7000]
    deltas = [
        (cell.hour, delta // SCALE)
        for cell, delta in Deduction.objects.order_by("pk").values_list("cell__starts_at", "delta")
    ]
    assert deltas[0] == ((NOW + 10 * HOUR).hour, 80)
    assert sorted(deltas[1:]) == sorted([((NOW + 5 * HOUR).hour, 90), ((NOW + 10 * HOUR).hour, -70)])
    assert sum(Deduction.objects.values_list("delta", flat=True)) == 100 * SCALE
    assert ledger_is_correct()


def test_void_returns_quota_and_credits_the_charge() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="500"))
    make_package(service)
    push_usage(service, (5, "90"), (10, "80"))
    assert charge_collection() == [7000]
    void(Record.objects.get(quantity=90 * SCALE), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    assert charge_collection() == [-7000]
    assert remaining_quotas() == [20]
    assert ledger.buyer_account(service.buyer, "CNY").balance.minor == 50_000 - 2000
    assert ledger_is_correct()


def test_late_usage_adjusts_another_month() -> None:
    """A late record uses quota that a later month had used: one collection charges both accumulations."""
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="500"), started_at=NOW)
    begins = NOW.replace(day=28)
    make_package(service, now=begins)
    edge = NOW.replace(month=NOW.month + 1, day=2)
    push(service.seller, [item(service, edge, "100")], now=edge + DAY)
    assert charge_collection(now=edge + DAY) == [0]
    push(service.seller, [item(service, begins + DAY, "30")], now=edge + DAY)
    assert sorted(charge_collection(now=edge + DAY)) == [0, 3000]
    assert Accumulation.objects.count() == 2
    assert ledger_is_correct()


def test_reset_refills_the_package_and_the_rest_expires() -> None:
    service = make_metered(price=YUAN, packages=(package(100, reset="month"),), buyer=make_buyer(balance="500"))
    make_package(service, periods=3)
    assert [(q.amount, q.remaining) for q in Quota.objects.order_by("pk")] == [(100 * SCALE, 100 * SCALE)] * 3
    second = Quota.objects.order_by("pk")[1].starts_at
    push(service.seller, [item(service, NOW + HOUR, "30")], now=LATER)
    push(service.seller, [item(service, second + HOUR, "120")], now=second + DAY)
    assert sorted(charge_collection(now=second + DAY)) == [0, 2000]
    assert remaining_quotas() == [70, 0, 100]
    assert ledger_is_correct()


def test_package_without_resets_is_one_amount() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="500"))
    make_package(service, periods=3)
    assert remaining_quotas() == [300]


def test_package_that_ends_first_is_used_first() -> None:
    service = make_metered(price=YUAN, packages=(package(100), package(50)), buyer=make_buyer(balance="500"))
    make_package(service, quota=100, periods=3)
    make_package(service, quota=50)
    push_usage(service, (1, "60"))
    assert charge_collection() == [0]
    assert remaining_quotas() == [290, 0]


# --- stop when used up ------------------------------------------------------------------------------------------------


def test_usage_beyond_a_stopping_package_is_free() -> None:
    """§3.2 用完即停; §4: overshoot is not charged."""
    stops = package(100, stops_when_used_up=True)
    service = make_metered(price=YUAN, packages=(stops,), buyer=make_buyer(balance="500"))
    subscription = make_package(service).subscription
    push_usage(service, (1, "70"), relate_pkg_instance=subscription.instance_id)
    push_usage(service, (2, "70"), relate_pkg_instance=subscription.instance_id)
    assert charge_collection() == [0]
    only_charge = Charge.objects.get()
    assert (only_charge.deducted, only_charge.free, only_charge.quantity_after, remaining_quotas()) == (
        100 * SCALE,
        40 * SCALE,
        0,
        [0],
    )
    assert ledger_is_correct()


def test_usage_without_the_package_name_is_free() -> None:
    stops = package(100, stops_when_used_up=True)
    service = make_metered(price=YUAN, packages=(stops,), buyer=make_buyer(balance="500"))
    make_package(service)
    push_usage(service, (1, "130"))
    assert charge_collection() == [0]
    assert Charge.objects.get().free == 30 * SCALE


def test_named_package_is_deducted_alone() -> None:
    """openapi-jointkit §C.5: relate_pkg_instance."""
    stops = package(100, stops_when_used_up=True)
    service = make_metered(price=YUAN, packages=(stops, package(50)), buyer=make_buyer(balance="500"))
    make_package(service, quota=50)
    subscription = make_package(service, quota=100, now=NOW + HOUR).subscription
    push_usage(service, (2, "120"), relate_pkg_instance=subscription.instance_id)
    assert charge_collection() == [0]
    assert remaining_quotas() == [50, 0]
    assert ledger_is_correct()


def test_package_of_another_service_is_refused() -> None:
    buyer, seller = make_buyer(balance="500"), make_seller()
    service, other_service = (
        make_metered(price=YUAN, packages=(package(100, stops_when_used_up=True),), buyer=buyer, seller=seller)
        for _n in range(2)
    )
    subscription = make_package(other_service).subscription
    push_result = push(
        seller, [item(service, NOW + HOUR, "1", relate_pkg_instance=subscription.instance_id)], now=LATER
    )  # fmt: skip
    assert [(r.refusal.code, r.refusal.field) for r in push_result.refused] == [("009", "relate_pkg_instance")]
    assert not Record.objects.exists()


# --- order and batches ------------------------------------------------------------------------------------------------


def _run(seed: int, *, mixed: bool) -> tuple[list[object], ...]:
    """Run one history of packages, usage and voids; ``mixed``: in another order and in many collections."""
    story = random.Random(seed)  # random data for a test
    stops = story.random() < 0.5
    offers = (package(100, reset="month"), package(40, stops_when_used_up=stops))
    buyer = make_buyer(balance="10000")
    service = make_metered(price=on_demand(amount=Decimal("0.37"), cycle="hour"), packages=offers, buyer=buyer)
    make_package(service, quota=100)
    subscription = make_package(
        service, quota=40, now=NOW + story.randrange(1, 40) * HOUR + timedelta(minutes=20)
    ).subscription
    uses = [
        (story.randrange(0, 72), f"{story.randrange(1, 200_000) / SCALE}", story.random() < 0.3) for _n in range(14)
    ]
    uses = list({at: (at, value, takes) for at, value, takes in uses}.values())
    voided = story.sample(range(len(uses)), 4)
    order = list(range(len(uses)))
    if mixed:
        random.Random(seed + 1).shuffle(order)
    for n in order:
        at, value, takes = uses[n]
        push_usage(service, (at, value), relate_pkg_instance=subscription.instance_id if takes else "")
        if mixed:
            charge_collection()
            if n in voided:
                _void(service, at)
                charge_collection()
    if not mixed:
        charge_collection()
        for n in voided:
            _void(service, uses[n][0])
        charge_collection()
    accumulated = Accumulation.objects.filter(meter=service.pk).order_by("start")
    quotas = Quota.objects.filter(service=service).order_by("package", "starts_at")
    return (
        list(accumulated.values_list("start", "quantity", "charged_minor")), list(quotas.values_list("remaining", flat=True))
    )  # fmt: skip


def _void(service: Subscription, at: int) -> None:
    record = Record.objects.get(
        subscription=service, begin_at=NOW.replace(microsecond=0) + at * HOUR, sign=1, voided=False
    )
    void(record, reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_order_and_batches_do_not_change_a_charge(seed: int) -> None:
    """§6: Σ deductions + excess = usage; with voids and late records."""
    assert _run(seed, mixed=True) == _run(seed, mixed=False)
    assert ledger_is_correct()
    for service in Subscription.objects.filter(packages__isnull=False).distinct():
        records = sum(r.sign * r.quantity for r in Record.objects.filter(subscription=service))
        charges = Charge.objects.filter(subscription=service)
        excess = sum(Accumulation.objects.filter(meter=service.pk).values_list("quantity", flat=True))
        assert records == excess + sum(charges.values_list("deducted", flat=True)) + sum(
            charges.values_list("free", flat=True)
        )
    assert all(0 <= quota.remaining <= quota.amount for quota in Quota.objects.all())


# --- other rules ------------------------------------------------------------------------------------------------------


def test_collection_is_deducted_once() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    make_package(service)
    push_usage(service, (1, "60"))
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    for _try in range(2):
        charge(collection, now=LATER)
    assert remaining_quotas() == [40]
    assert Charge.objects.count() == 1


def test_service_without_a_package_has_one_aggregate() -> None:
    """§6: one aggregate per collection; no row per record."""
    service_without_package = make_metered(price=YUAN, buyer=make_buyer(balance="50"))
    push_usage(service_without_package, (1, "1"))
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    with CaptureQueriesContext(connection) as captured:
        charge(collection, now=LATER)
    statements = [captured_query["sql"] for captured_query in captured.captured_queries]
    assert 1 <= sum("metering_record" in sql for sql in statements) <= 2
    assert not any("metering_usagecell" in sql or "metering_quota" in sql for sql in statements)
    assert services_with_packages([service_without_package.pk]) == set()


def test_package_opens_once_for_the_oldest_active_service() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    new_package = make_package(service)
    order = new_package.subscription.order_line_number.rpartition("-")[0]
    packages.on_order_completed(OrderCompleted(order=order), LATER)
    assert (Package.objects.count(), Quota.objects.count(), new_package.service_id) == (1, 1, service.pk)
    assert Event.objects.filter(name="package_changed").count() == 1


def test_released_package_is_not_used() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    released_package = make_package(service)
    packages.on_released(SubscriptionReleased(subscription=released_package.pk, at=NOW + 3 * HOUR), LATER)
    push_usage(service, (2, "4"), (3, "5"))
    assert charge_collection() == [500]
    assert remaining_quotas() == [96]


def test_deductions_are_append_only() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    make_package(service)
    push_usage(service, (1, "60"))
    charge_collection()
    for change in (lambda: Deduction.objects.update(delta=1), lambda: Deduction.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_charge_explains_its_deductions() -> None:
    """Issue 13: tradepost explain."""
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    make_package(service)
    push_usage(service, (1, "130"))
    charge_collection()
    only_charge = Charge.objects.get()
    with translation.override("en"):
        explanation = explained.explain_charge(explained.find_charge(f"charge:{only_charge.pk}") or only_charge)
    assert explanation.verdict == "same"
    assert "Reported 130: 100 deducted from packages, 0 free of charge, 30 charged by usage." in explanation.note


def test_check_finds_a_quota_that_its_deductions_do_not_explain() -> None:
    service = make_metered(price=YUAN, packages=(package(100),), buyer=make_buyer(balance="50"))
    make_package(service)
    push_usage(service, (1, "60"))
    charge_collection()
    Quota.objects.update(remaining=1)
    assert any("its deductions" in problem for problem in queries.problems())
    Charge.objects.update(deducted=5)
    assert sum("charge " in problem for problem in queries.problems()) >= 2
