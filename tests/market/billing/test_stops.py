"""A service stops when its package is used up and continues with the next one (用完即停, business-rules §3.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from tests.factories import NOW, make_buyer
from tests.factories.buying import make_order
from tests.factories.metering import ZONE, item, make_metered, make_package, on_demand, package, push
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.billing import stops
from tradepost.market.billing.charge import charge
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.metering import collect
from tradepost.market.metering.events import PackageChanged, QuotaDeducted
from tradepost.market.metering.models import Package, Quota, Record
from tradepost.market.metering.void import void
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 5 * DAY
STOPS = package(100, stops_when_used_up=True)


def service_with_stopping_package(*more: object) -> tuple[Subscription, Package]:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(STOPS, *more), buyer=make_buyer(balance="900")  # type: ignore[arg-type]  # prices
    )  # fmt: skip
    return service, open_package(service)


def open_package(service: Subscription, quota: int = 100, *, now: datetime = NOW) -> Package:
    new_package = make_package(service, quota=quota, now=now)
    stops.on_package_changed(PackageChanged(package=new_package.pk), now)
    return new_package


def push_and_collect(service: Subscription, hour: int, value: str) -> None:
    push(service.seller, [item(service, NOW + hour * HOUR, value)], now=LATER)
    collect_usage()


def collect_usage(now: datetime = LATER) -> None:
    collection = collect.close("hour", now=now)
    assert collection is not None
    charge(collection, now=now)
    for event in list(Event.objects.filter(name="quota_deducted").order_by("pk")):
        facts = {name: event.facts[name] for name in ("quota", "package", "before", "after")}
        stops.on_quota_deducted(QuotaDeducted(**facts), now)
        event.delete()


def status(service: Subscription) -> tuple[str, list[str]]:
    reasons = Freeze.objects.filter(subscription=service, lifted_at=None).order_by("reason")
    return Subscription.objects.get(pk=service.pk).status, list(reasons.values_list("reason", flat=True))


def test_service_stops_when_used_up_and_continues_with_a_new_package() -> None:
    service, _held = service_with_stopping_package()
    push_and_collect(service, 1, "99")
    assert status(service) == ("active", [])
    push_and_collect(service, 2, "1")
    assert status(service) == ("frozen", ["used_up"])
    open_package(service, now=LATER)
    assert status(service) == ("active", [])


def test_another_package_with_quota_keeps_it_active() -> None:
    service, _held = service_with_stopping_package(package(50))
    open_package(service, quota=50, now=NOW - HOUR)
    push_and_collect(service, 1, "100")
    assert status(service)[0] == "active"
    push_and_collect(service, 2, "50")
    assert status(service) == ("frozen", ["used_up"])


def test_voided_usage_reactivates_it() -> None:
    service, _held = service_with_stopping_package()
    push_and_collect(service, 1, "100")
    assert status(service)[0] == "frozen"
    void(Record.objects.get(), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    collect_usage()
    assert status(service) == ("active", [])


def test_package_without_a_stop_never_freezes() -> None:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(package(100),), buyer=make_buyer(balance="900")
    )
    open_package(service)
    push_and_collect(service, 1, "150")
    assert status(service) == ("active", [])
    assert not Job.objects.filter(kind=stops.TIMER).exists()


def test_latest_package_decides_whether_it_stops() -> None:
    service, _held = service_with_stopping_package(package(50))
    push_and_collect(service, 1, "100")
    open_package(service, quota=50, now=LATER - DAY)
    push(service.seller, [item(service, LATER - 2 * HOUR, "80")], now=LATER)
    collect_usage()
    assert status(service) == ("active", [])


def test_other_reasons_remain() -> None:
    service, _held = service_with_stopping_package()
    push_and_collect(service, 1, "100")
    [locked] = Subscription.objects.select_for_update().filter(pk=service.pk)
    add_reason([locked], Freeze.Reason.ARREARS, actor="market", now=LATER)
    stops.on_package_changed(PackageChanged(package=make_package_again(service).pk), LATER)
    assert status(service) == ("frozen", ["arrears"])


def make_package_again(service: Subscription) -> Package:
    """Open a package while the service has a debt: it was bought before."""
    Freeze.objects.filter(subscription=service, reason="arrears").update(lifted_at=NOW)
    new_package = make_package(service, now=LATER)
    Freeze.objects.filter(subscription=service, reason="arrears").update(lifted_at=None)
    return new_package


def test_service_stops_at_the_end_of_its_package_and_the_timer_moves_on() -> None:
    service, subscription = service_with_stopping_package()
    job = Job.objects.get(kind=stops.TIMER)
    assert job.due_at == subscription.ends_at
    assert subscription.ends_at is not None
    assert stops.run(job.payload, subscription.ends_at) is None
    assert status(service) == ("frozen", ["used_up"])


def test_refilled_package_reactivates_it() -> None:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(package(100, stops_when_used_up=True, reset="month"),),
        buyer=make_buyer(balance="900"),
    )  # fmt: skip
    resettable_package = make_package(service, periods=3)
    stops.on_package_changed(PackageChanged(package=resettable_package.pk), NOW)
    push_and_collect(service, 1, "100")
    assert status(service)[0] == "frozen"
    first, second, _third = Quota.objects.order_by("starts_at")
    assert Job.objects.get(kind=stops.TIMER).due_at == first.ends_at == second.starts_at
    assert stops.run({"service": service.pk}, second.starts_at) == second.ends_at
    assert status(service) == ("active", [])


def test_stopped_service_can_buy_a_package_and_one_in_debt_cannot() -> None:
    """§3.2: requires on-demand opened first; a service frozen for another reason does not count."""
    service, _held = service_with_stopping_package()
    push_and_collect(service, 1, "100")
    offer = Offer.objects.get(sku__spec__product=service.product, charging_mode="ON_DEMAND_PKG")
    assert make_order(service.buyer, offer=offer, now=LATER).status == "unpaid"
    [locked] = Subscription.objects.select_for_update().filter(pk=service.pk)
    add_reason([locked], Freeze.Reason.ARREARS, actor="market", now=LATER)
    with pytest.raises(Refused, match=r"order\.needs_on_demand"), translation.override("en"):
        make_order(service.buyer, offer=offer, now=LATER)


def test_busy_service_is_checked_again_and_an_ended_one_is_not() -> None:
    service, _held = service_with_stopping_package()
    Subscription.objects.filter(pk=service.pk).update(status=Subscription.Status.RELEASED)
    assert stops.run({"service": service.pk}, LATER) is None
