"""A buyer's package: remaining quantity, each deduction with its charge, alerts and automatic repurchase
(business-rules §9)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from tests.factories import make_buyer
from tests.factories.metering import item, make_metered, make_package, make_uses, on_demand, package, push
from tradepost.market.base import clock
from tradepost.market.billing import stops
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Charge, PackageAlert
from tradepost.market.metering import collect
from tradepost.market.metering.events import PackageChanged
from tradepost.market.metering.models import Package, Quota
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db]
HOUR = timedelta(hours=1)


def make_package_in_use(**changed: object) -> tuple[Subscription, Package]:
    """Both in use for forty hours."""
    began = (clock.now() - 40 * HOUR).replace(microsecond=0)
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(package(100, **changed),), buyer=make_buyer(balance="500"),
        started_at=began,
    )  # fmt: skip
    return service, make_package(service, now=began)


def use_and_charge(service: Subscription, value: str, *, hour: int = 3) -> None:
    assert service.started_at is not None
    push(service.seller, [item(service, service.started_at + hour * HOUR, value)], now=clock.now())
    collection = collect.close("hour", now=clock.now())
    assert collection is not None
    charge(collection, now=clock.now())


@pytest.fixture
def page(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def test_remaining_quantity_leads_to_its_records_in_three_clicks(page: Client) -> None:
    """Issue 13: charge → accumulation → records → push."""
    service, bought = make_package_in_use()
    use_and_charge(service, "130")
    page.force_login(service.buyer)
    charge = Charge.objects.get()
    assert f"/services/{bought.pk}/package/" in text(page, f"/services/{service.pk}/")
    assert f"/services/{bought.pk}/package/" in text(page, f"/services/{bought.pk}/")
    shown = text(page, f"/services/{bought.pk}/package/")
    assert "<strong>0</strong> of 100 calls left" in shown
    assert "Used up." in shown
    assert f"/charges/{charge.pk}/" in shown
    charged = text(page, f"/charges/{charge.pk}/")
    for words in ("130 calls", "Deducted from a package", "100 calls", "Pay as you go", "30 × ¥ 1.00", "30.00"):
        assert words in charged, words
    assert f"/services/{bought.pk}/package/" in charged


def test_charge_of_a_usage_package_links_to_its_package(page: Client) -> None:
    """§3.2: such a package is its own service and has no page of usage, so a link to that page led to 404."""
    uses = make_uses(buyer=make_buyer(balance="500"), now=(clock.now() - 40 * HOUR).replace(microsecond=0))
    use_and_charge(uses, "3")
    page.force_login(uses.buyer)
    charged = text(page, f"/charges/{Charge.objects.get().pk}/")
    assert f'href="/services/{uses.pk}/package/"' in charged
    assert f"/services/{uses.pk}/usage/" not in charged
    assert page.get(f"/services/{uses.pk}/usage/").status_code == 404
    text(page, f"/services/{uses.pk}/package/")


def test_package_that_stops_says_that_nothing_more_is_charged(page: Client) -> None:
    service, bought = make_package_in_use(stops_when_used_up=True)
    use_and_charge(service, "130")
    stops.on_package_changed(PackageChanged(package=bought.pk), clock.now())
    page.force_login(service.buyer)
    assert "The package is used up, so the service has stopped" in text(page, f"/services/{service.pk}/")
    charged = text(page, f"/charges/{Charge.objects.get().pk}/")
    assert "30, not charged" in charged
    assert (
        "Usage is deducted from the package. When it is used up, the service stops until you buy another one, and no further usage is charged. A package cannot be renewed or returned"
        in text(page, f"/services/{bought.pk}/package/")
    )


def test_alert_is_set_refused_beside_its_field_and_removed(page: Client) -> None:
    service, bought = make_package_in_use()
    page.force_login(service.buyer)
    path = f"/services/{bought.pk}/package/"
    assert "notified when 20 % is left" in text(page, path)
    wrong = page.post(path, {"by": "percent", "threshold": "100", "repurchases": "0"})
    assert wrong.status_code == 422
    assert "Enter a whole number of percent from 0 to 99." in wrong.content.decode()
    assert 'value="100"' in wrong.content.decode()
    for bad in (
        {"threshold": "x"},
        {"threshold": ""},
        {"threshold": "5", "repurchases": "many"},
        {"threshold": "9" * 60},
    ):
        assert page.post(path, {"by": "percent", **bad}).status_code == 422
    assert not PackageAlert.objects.exists()
    assert page.post(path, {"by": "amount", "threshold": "12.5", "repurchases": "2"}).status_code == 302
    alert = PackageAlert.objects.get()
    assert (alert.buyer, alert.offer, alert.by, alert.threshold, alert.repurchases_left) == (
        service.buyer, bought.subscription.offer, "amount", 125_000, 2,
    )  # fmt: skip
    assert 'value="12.5"' in text(page, path)
    assert page.post(path, {"act": "clear"}).status_code == 302
    assert not PackageAlert.objects.exists()


def test_one_setting_for_all_packages(page: Client) -> None:
    """§9: single or unified."""
    service, bought = make_package_in_use()
    page.force_login(service.buyer)
    assert page.post("/packages/alert/", {"threshold": "1000"}).status_code == 422
    assert page.post("/packages/alert/", {"threshold": "35"}).status_code == 302
    assert (PackageAlert.objects.get().offer, PackageAlert.objects.get().threshold) == (None, 35)
    assert "notified when 35 % is left" in text(page, f"/services/{bought.pk}/package/")
    assert 'value="35"' in text(page, "/packages/alert/")


def test_package_with_automatic_reset_offers_no_repurchase(page: Client) -> None:
    service, bought = make_package_in_use(reset="month")
    page.force_login(service.buyer)
    shown = text(page, f"/services/{bought.pk}/package/")
    assert "Automatic repurchase is not available" in shown
    assert 'name="repurchases"' not in shown
    assert page.post(f"/services/{bought.pk}/package/", {"threshold": "5", "repurchases": "1"}).status_code == 422


def test_package_of_another_buyer_is_not_found(page: Client) -> None:
    _service, bought = make_package_in_use()
    page.force_login(make_buyer())
    for ask in (page.get, page.post):
        assert ask(f"/services/{bought.pk}/package/").status_code == 404
    assert not PackageAlert.objects.exists()


def test_page_takes_fixed_queries_for_any_number_of_deductions(
    page: Client, django_assert_max_num_queries: object
) -> None:
    service, bought = make_package_in_use()
    for hour in range(4):
        use_and_charge(service, "1", hour=hour + 1)
    page.force_login(service.buyer)
    with django_assert_max_num_queries(14):  # type: ignore[operator]  # pytest-django's own fixture
        assert page.get(f"/services/{bought.pk}/package/").status_code == 200
    assert Quota.objects.get().remaining == 96 * 10_000
