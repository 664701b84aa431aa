"""Buyers are warned in time when a package runs low, and the next package is bought once (business-rules §7.1, §9)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_buyer
from tests.factories.metering import item, make_metered, make_package, on_demand, package, push
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.money import Money
from tradepost.market.billing import alerts
from tradepost.market.billing.alerts import AlertRule, clear_alert, set_alert
from tradepost.market.billing.charge import charge
from tradepost.market.billing.events import QuotaLow, QuotaUsedUp, RepurchaseFailed
from tradepost.market.billing.models import PackageAlert
from tradepost.market.billing.thresholds import Kind, became_low, became_used_up, low_at
from tradepost.market.identity.models import User
from tradepost.market.metering import collect
from tradepost.market.metering.events import QuotaDeducted
from tradepost.market.metering.models import Package
from tradepost.market.notifications import package_reactions
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 5 * DAY
YUAN = on_demand(amount=Decimal(1))
RULE = AlertRule(low_percent=20, unpaid_timeout=HOUR)


@pytest.mark.parametrize(
    ("amount", "kind", "threshold", "low"),
    [
        (1000, Kind.PERCENT, 20, 200),
        (999, Kind.PERCENT, 20, 199),
        (1000, Kind.PERCENT, 0, 0),
        (1000, Kind.AMOUNT, 50, 50),
    ],
)
def test_threshold_is_a_percentage_or_an_absolute_amount(amount: int, kind: Kind, threshold: int, low: int) -> None:
    """§9: percent or absolute."""
    assert low_at(amount, kind, threshold) == low


@pytest.mark.parametrize(
    ("before", "after", "low", "used_up"),
    [(30, 20, True, False), (30, 21, False, False), (20, 10, False, False), (30, 0, False, True), (0, 0, False, False),
     (0, 30, False, False)],
)  # fmt: skip
def test_alert_is_sent_when_the_threshold_is_crossed(before: int, after: int, low: bool, used_up: bool) -> None:
    assert (became_low(before, after, 20), became_used_up(before, after)) == (low, used_up)


# --- notices and purchases --------------------------------------------------------------------------------------------


def service_of(buyer: User, **changed: object) -> Subscription:
    return make_metered(price=YUAN, packages=(package(100, **changed),), buyer=buyer)


def use(service: Subscription, hour: int, value: str) -> None:
    """Push and charge usage, and run the reactions to the deductions."""
    push(service.seller, [item(service, NOW + hour * HOUR, value)], now=LATER)
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    charge(collection, now=LATER)
    react()


def react(times: int = 1) -> None:
    """Run the reactions to every event, ``times`` times."""
    for event in list(Event.objects.filter(name="quota_deducted").order_by("pk")):
        for _time in range(times):
            facts = QuotaDeducted(**{name: event.facts[name] for name in ("quota", "package", "before", "after")})
            alerts.on_quota_deducted(facts, LATER, rule=RULE)
        event.delete()


def notices_of(name: str) -> int:
    return Event.objects.filter(name=name).count()


def ordered_products() -> list[str]:
    return list(Order.objects.filter(origin=Order.Origin.TIMER).values_list("status", flat=True))


@pytest.mark.django_db
def test_default_threshold_is_the_markets() -> None:
    service = service_of(make_buyer(balance="500"))
    make_package(service)
    use(service, 1, "79")
    assert notices_of("quota_low") == 0
    use(service, 2, "1")
    assert notices_of("quota_low") == 1
    use(service, 3, "5")
    use(service, 4, "95")
    assert (notices_of("quota_low"), notices_of("quota_used_up"), ordered_products()) == (1, 1, [])


@pytest.mark.django_db
def test_package_is_bought_again_once_even_if_alerted_twice() -> None:
    """design money.md §9: without an idempotency key, two alerts would buy two packages."""
    buyer = make_buyer(balance="500")
    service = service_of(buyer)
    subscription = make_package(service).subscription
    set_alert(buyer, subscription.offer, Kind.AMOUNT, Decimal(30), repurchases=2, now=NOW)
    balance = ledger.buyer_account(buyer, "CNY").balance.minor
    push(service.seller, [item(service, NOW + HOUR, "75")], now=LATER)
    collection = collect.close("hour", now=LATER)
    assert collection is not None
    charge(collection, now=LATER)
    react(times=3)
    assert ordered_products() == ["processing"]
    assert ledger.buyer_account(buyer, "CNY").balance.minor == balance - 2000
    use(service, 2, "25")
    assert (ordered_products(), PackageAlert.objects.get().repurchases_left) == (["processing"], 1)
    assert Package.objects.count() == 1, "the second package is opening"
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_repurchases_stop_at_the_buyers_limit() -> None:
    buyer = make_buyer(balance="500")
    service = service_of(buyer)
    first = make_package(service)
    make_package(service, now=NOW + HOUR)
    set_alert(buyer, first.subscription.offer, Kind.PERCENT, Decimal(50), repurchases=1, now=NOW)
    use(service, 2, "160")
    assert (len(ordered_products()), PackageAlert.objects.get().repurchases_left) == (1, 0)


@pytest.mark.django_db
def test_failed_repurchase_is_notified_and_retried_when_used_up() -> None:
    buyer = make_buyer(balance="20")
    service = service_of(buyer)
    subscription = make_package(service).subscription
    set_alert(buyer, subscription.offer, Kind.PERCENT, Decimal(20), repurchases=1, now=NOW)
    use(service, 1, "90")
    assert (ordered_products(), notices_of("repurchase_failed"), PackageAlert.objects.get().repurchases_left) == (
        [],
        1,
        1,
    )
    event = Event.objects.get(name="repurchase_failed")
    for _time in range(2):
        package_reactions.on_repurchase_failed(
            RepurchaseFailed(quota=event.facts["quota"], package=subscription.pk, reason=event.facts["reason"]), LATER
        )
    notice = Notice.objects.get(kind="package_not_bought_again")
    assert notice.user == buyer
    ledger.top_up(buyer, Money.of(20, "CNY"), reference="B1", actor="op", now=LATER)
    use(service, 2, "10")
    assert ordered_products() == ["processing"]


@pytest.mark.django_db
def test_resettable_package_is_not_bought_again() -> None:
    """§9: non-resettable packages."""
    buyer = make_buyer(balance="500")
    service = service_of(buyer, reset="month")
    subscription = make_package(service).subscription
    set_alert(buyer, None, Kind.PERCENT, Decimal(50), now=NOW)
    with pytest.raises(Refused, match=r"alert\.reset"):
        set_alert(buyer, subscription.offer, Kind.PERCENT, Decimal(50), repurchases=1, now=NOW)
    use(service, 1, "90")
    use(service, 2, "10")
    assert (notices_of("quota_low"), notices_of("quota_used_up")) == (0, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "threshold", "repurchases", "code"),
    [(Kind.PERCENT, "100", 0, "alert.percent"), (Kind.PERCENT, "1.5", 0, "alert.percent"), (Kind.PERCENT, "-1", 0, "alert.percent"),
     (Kind.AMOUNT, "-1", 0, "alert.amount"), (Kind.AMOUNT, "0.00001", 0, "alert.amount"),
     (Kind.PERCENT, "5", 101, "alert.repurchases"), (Kind.PERCENT, "5", -1, "alert.repurchases")],
)  # fmt: skip
def test_invalid_threshold_is_refused(kind: Kind, threshold: str, repurchases: int, code: str) -> None:
    buyer = make_buyer(balance="500")
    subscription = make_package(service_of(buyer)).subscription
    with pytest.raises(Refused) as refusal:
        set_alert(buyer, subscription.offer, kind, Decimal(threshold), repurchases=repurchases, now=NOW)
    assert refusal.value.code == code
    assert not PackageAlert.objects.exists()


@pytest.mark.django_db
def test_one_setting_applies_the_own_before_the_general() -> None:
    """§9: changing the threshold type voids the previous; single or unified."""
    buyer = make_buyer(balance="500")
    subscription = make_package(service_of(buyer)).subscription
    set_alert(buyer, None, Kind.PERCENT, Decimal(10), now=NOW)
    set_alert(buyer, subscription.offer, Kind.PERCENT, Decimal(30), now=NOW)
    set_alert(buyer, subscription.offer, Kind.AMOUNT, Decimal("12.5"), now=NOW)
    own_setting = alerts.alert_of(buyer, subscription.offer)
    assert own_setting is not None
    assert (own_setting.by, own_setting.threshold, PackageAlert.objects.count()) == ("amount", 125_000, 2)
    clear_alert(buyer, subscription.offer)
    of_all = alerts.alert_of(buyer, subscription.offer)
    assert of_all is not None
    assert (of_all.offer, of_all.threshold) == (None, 10)


@pytest.mark.django_db
def test_low_and_used_up_are_notified_once() -> None:
    buyer = make_buyer(balance="500")
    service = service_of(buyer)
    new_package = make_package(service)
    quota = new_package.quotas.get()
    for _time in range(2):
        package_reactions.on_quota_low(QuotaLow(quota=quota.pk, package=new_package.pk, left=200_000), LATER)
        package_reactions.on_quota_used_up(QuotaUsedUp(quota=quota.pk, package=new_package.pk), LATER)
    assert sorted(Notice.objects.values_list("kind", flat=True)) == ["package_low", "package_used_up"]
