"""Daily probes of order notifications: saved cases at an address that is notified of a product's orders are probed with
it.

saas-v2 §6: "automatically, every day, once in the morning and once in the afternoon"; decision 0086 for what follows.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_address, make_buyer, make_product, make_seller
from tests.factories.products import ONCE
from tests.market.probes.joint import breaking
from tests.market.probes.watching import NIGHT, TODAY, at, market, save_cases, watched
from tradepost.market.catalog.models import Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey
from tradepost.market.probes import closing, manual, scope, seller_queries
from tradepost.market.probes.models import Health, ProbeRun, ProbeSlot
from tradepost.market.probes.serving import served_at
from tradepost.market.production import notice_bindings
from tradepost.market.production.models import Address
from tradepost.market.web.watching import watch as watch_rules
from tradepost.protocols.commands import Rejected

pytestmark = pytest.mark.django_db
WRONG = Rejected(code="000005", message="busy", retryable=True)


def seller_with_key() -> Seller:
    seller = make_seller(member=make_buyer(balance="0"))
    keys.rotate_signing_key(seller, SigningKey.InterfaceClass.NOTICE, now=NOW)
    return seller


def notified_product(seller: Seller, *, by_type: bool, saved: bool = True) -> tuple[Product, Address]:
    """Make hardware on sale whose orders are notified, with the debug case saved."""
    product = make_product(seller, product_type="HARDWARE", prices=(ONCE,), bound=False)
    address = make_address(seller, protocol="order_notice")
    if by_type:
        notice_bindings.bind_type(seller, "HARDWARE", address)
    else:
        notice_bindings.bind_product(product, address)
    if saved:
        save_cases(address, "orderNotify")
    return product, address


@pytest.mark.parametrize("by_type", [False, True])
def test_saved_notification_is_probed_twice_a_day(by_type: bool) -> None:
    product, address = notified_product(seller_with_key(), by_type=by_type)
    market().until(NIGHT)
    runs = ProbeRun.objects.filter(address=address)
    assert [run.activity for run in runs] == ["orderNotify"] * 2
    assert Health.objects.get(product=product).verdict == "passed"
    [row] = seller_queries.monitored_products(Product.objects.all(), watch=watch_rules(), today=TODAY).rows
    assert [(served.address, served.notices) for served in row.served] == [(address, True)]


def test_failing_notification_is_reported_as_a_failing_probe_of_its_product() -> None:
    product, _ = notified_product(seller_with_key(), by_type=True)
    market(breaking(WRONG, "orderNotify")).until(NIGHT)
    assert Health.objects.get(product=product).verdict == "failed"


def test_nothing_is_probed_without_a_saved_case_or_a_binding() -> None:
    seller = seller_with_key()
    notified_product(seller, by_type=False, saved=False)
    save_cases(make_address(seller, protocol="order_notice"), "orderNotify")
    market().until(NIGHT)
    assert not ProbeRun.objects.exists()
    assert not Health.objects.filter(verdict="failed").exists()


def test_address_of_a_product_takes_precedence_over_that_of_its_type() -> None:
    seller = seller_with_key()
    product, own = notified_product(seller, by_type=False)
    other = make_address(seller, protocol="order_notice")
    notice_bindings.bind_type(seller, "HARDWARE", other)
    assert [served.address for served in served_at([product.pk])] == [own]
    [slot] = [manual.probe_now(product, by="lan", watch=watch_rules(), now=NOW)]
    assert {run.address_id for run in manual.runs_of(slot)} == {own.pk}
    assert scope.products_after(0, 10, watch=watch_rules()) == [product]


def test_notification_is_probed_beside_the_production_interface() -> None:
    seller = seller_with_key()
    product = watched(seller)
    address = make_address(seller, protocol="order_notice")
    notice_bindings.bind_product(product, address)
    save_cases(address, "orderNotify")
    market().until(at(12))
    assert {run.address_id for run in ProbeRun.objects.all()} == {product.binding.address_id, address.pk}
    assert [served.notices for served in served_at([product.pk])] == [False, True]


def test_slot_verdict_takes_the_same_queries_for_any_number_of_notified_products() -> None:
    seller = seller_with_key()
    notified_product(seller, by_type=False)
    its = market()
    its.until(at(12))

    def count_queries() -> int:
        slot = ProbeSlot.objects.filter(closed_at__isnull=False).latest("pk")
        with CaptureQueriesContext(connection) as captured:
            closing.results_of(slot, list(Product.objects.values_list("pk", flat=True)), watch=watch_rules())
        return len(captured)

    few = count_queries()
    for _ in range(3):
        notified_product(seller, by_type=False)
    its.until(NIGHT)
    assert count_queries() == few
