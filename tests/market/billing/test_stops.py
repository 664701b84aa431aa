"""A service stops when its package is used up, and goes on with the next one (用完即停, business-rules §3.2)."""

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


def stopping(*more: object) -> tuple[Subscription, Package]:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(STOPS, *more), buyer=make_buyer(balance="900")  # type: ignore[arg-type]  # prices
    )  # fmt: skip
    return service, opened(service)


def opened(service: Subscription, quota: int = 100, *, now: datetime = NOW) -> Package:
    found = make_package(service, quota=quota, now=now)
    stops.on_package_changed(PackageChanged(package=found.pk), now)
    return found


def use(service: Subscription, hour: int, value: str) -> None:
    push(service.seller, [item(service, NOW + hour * HOUR, value)], now=LATER)
    collected()


def collected(now: datetime = LATER) -> None:
    collection = collect.close("hour", now=now)
    assert collection is not None
    charge(collection, now=now)
    for event in list(Event.objects.filter(name="quota_deducted").order_by("pk")):
        facts = {name: event.facts[name] for name in ("quota", "package", "before", "after")}
        stops.on_quota_deducted(QuotaDeducted(**facts), now)
        event.delete()


def status(service: Subscription) -> tuple[str, list[str]]:
    standing = Freeze.objects.filter(subscription=service, lifted_at=None).order_by("reason")
    return Subscription.objects.get(pk=service.pk).status, list(standing.values_list("reason", flat=True))


def test_it_stops_when_it_is_used_up_and_goes_on_with_a_new_package() -> None:
    service, _held = stopping()
    use(service, 1, "99")
    assert status(service) == ("active", [])
    use(service, 2, "1")
    assert status(service) == ("frozen", ["used_up"])
    opened(service, now=LATER)
    assert status(service) == ("active", [])


def test_another_package_that_has_something_left_keeps_it_going() -> None:
    service, _held = stopping(package(50))
    opened(service, quota=50, now=NOW - HOUR)
    use(service, 1, "100")
    assert status(service)[0] == "active"
    use(service, 2, "50")
    assert status(service) == ("frozen", ["used_up"])


def test_usage_that_is_taken_back_lets_it_go_on() -> None:
    service, _held = stopping()
    use(service, 1, "100")
    assert status(service)[0] == "frozen"
    void(Record.objects.get(), reason="twice", actor="x", within=21 * DAY, zone=ZONE, now=LATER)
    collected()
    assert status(service) == ("active", [])


def test_a_package_that_does_not_stop_never_freezes() -> None:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(package(100),), buyer=make_buyer(balance="900")
    )
    opened(service)
    use(service, 1, "150")
    assert status(service) == ("active", [])
    assert not Job.objects.filter(kind=stops.TIMER).exists()


def test_the_package_bought_last_says_whether_it_stops() -> None:
    service, _held = stopping(package(50))
    use(service, 1, "100")
    opened(service, quota=50, now=LATER - DAY)
    push(service.seller, [item(service, LATER - 2 * HOUR, "80")], now=LATER)
    collected()
    assert status(service) == ("active", [])


def test_no_other_reason_is_lifted() -> None:
    service, _held = stopping()
    use(service, 1, "100")
    [locked] = Subscription.objects.select_for_update().filter(pk=service.pk)
    add_reason([locked], Freeze.Reason.ARREARS, actor="market", now=LATER)
    stops.on_package_changed(PackageChanged(package=make_package_again(service).pk), LATER)
    assert status(service) == ("frozen", ["arrears"])


def make_package_again(service: Subscription) -> Package:
    """Opened while the service owes: it was bought before."""
    Freeze.objects.filter(subscription=service, reason="arrears").update(lifted_at=NOW)
    found = make_package(service, now=LATER)
    Freeze.objects.filter(subscription=service, reason="arrears").update(lifted_at=None)
    return found


def test_it_stops_at_the_end_of_its_package_and_its_timer_goes_on_to_the_next_edge() -> None:
    service, held = stopping()
    job = Job.objects.get(kind=stops.TIMER)
    assert job.due_at == held.ends_at
    assert held.ends_at is not None
    assert stops.run(job.payload, held.ends_at) is None
    assert status(service) == ("frozen", ["used_up"])


def test_a_package_that_is_full_again_lets_it_go_on() -> None:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(package(100, stops_when_used_up=True, reset="month"),),
        buyer=make_buyer(balance="900"),
    )  # fmt: skip
    found = make_package(service, periods=3)
    stops.on_package_changed(PackageChanged(package=found.pk), NOW)
    use(service, 1, "100")
    assert status(service)[0] == "frozen"
    first, second, _third = Quota.objects.order_by("starts_at")
    assert Job.objects.get(kind=stops.TIMER).due_at == first.ends_at == second.starts_at
    assert stops.run({"service": service.pk}, second.starts_at) == second.ends_at
    assert status(service) == ("active", [])


def test_who_waits_for_a_package_can_buy_one_and_who_owes_cannot() -> None:
    """§3.2: requires on-demand opened first; one that is frozen for something else does not count."""
    service, _held = stopping()
    use(service, 1, "100")
    offer = Offer.objects.get(sku__spec__product=service.product, charging_mode="ON_DEMAND_PKG")
    assert make_order(service.buyer, offer=offer, now=LATER).status == "unpaid"
    [locked] = Subscription.objects.select_for_update().filter(pk=service.pk)
    add_reason([locked], Freeze.Reason.ARREARS, actor="market", now=LATER)
    with pytest.raises(Refused, match=r"order\.needs_on_demand"), translation.override("en"):
        make_order(service.buyer, offer=offer, now=LATER)


def test_a_service_that_somebody_works_on_is_asked_for_again_and_one_that_ended_is_not() -> None:
    service, _held = stopping()
    Subscription.objects.filter(pk=service.pk).update(status=Subscription.Status.RELEASED)
    assert stops.run({"service": service.pk}, LATER) is None
