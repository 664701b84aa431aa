"""A year of a service, by moving the clock: every change that its buyer may want, over the pages, with the real engine
and a kit server. The seller got exactly the calls of the spec, in order (issue: every change a buyer may want, must
show 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.test import Client

from tests.factories.products import MONTHLY, make_sku, make_spec
from tests.journeys.browsing import Forms
from tests.journeys.changing import (
    MONTH,
    Recorder,
    buy,
    months_later,
    open_trial,
    order_change,
    product_ids,
    put_on_sale,
)
from tests.market.working import advance
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.catalog.upgrade_rules import add_rule
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Year:
    """One buyer with one service, and the calls that the seller should have received so far."""

    def __init__(self, page: Client, kit: Recorder, held: Subscription, product: Product) -> None:
        self.page, self.kit, self.pk = page, kit, held.pk
        self.small, self.large = product_ids(product) if product.product_type == "SAAS" else ("", "")

    @property
    def held(self) -> Subscription:
        return Subscription.objects.select_related("buyer").get(pk=self.pk)

    @property
    def address(self) -> str:
        return f"/services/{self.pk}"

    def read(self, path: str = "/") -> str:
        answer = self.page.get(f"{self.address}{path}")
        assert answer.status_code == 200
        return answer.content.decode()

    def offers(self, act: str) -> bool:
        return f'href="{self.address}/{act}/"' in self.read()

    def go_to(self, moment_before_end: timedelta) -> None:
        """Move the clock to so long before the current end; negative values mean after it."""
        end = self.held.expires_at
        assert end is not None
        advance(end - moment_before_end - clock.now(), within=90)

    def is_(self, status: str) -> None:
        until(lambda: self.held.status == status, what=f"it is {status}")

    def newest_order(self) -> Order:
        return Order.objects.filter(lines__subscription=self.pk).order_by("-pk")[0]

    def renew(self) -> Order:
        """Renew by hand, with the first choice of the page."""
        choice = re.search(r'id="option-1"\s+value="([^"]+)"', self.read("/renew/"))
        assert choice is not None
        answer = self.page.post(f"{self.address}/renew/", {"option": choice[1], "agreed": "on"})
        number = answer["Location"].split("/")[2]
        self.page.post(f"/orders/{number}/pay/")
        until(
            lambda: Order.objects.get(number=number).status == Order.Status.COMPLETED,
            what="it is renewed",
        )
        return Order.objects.get(number=number)

    def told(self, kind: str) -> bool:
        return Notice.objects.filter(user=self.held.buyer, kind=kind).exists()


@contextmanager
def a_year(tmp_path: Path, protocol: str) -> Iterator[Year]:
    with open_trial(tmp_path, protocol, balance="600") as (page, kit, held, product):
        skus = Offer.objects.filter(sku__spec__product=product, trial=False).order_by("price_minor")
        small, large = skus.values_list("sku__code", flat=True)
        add_rule(product, small, large, now=clock.now())
        yield Year(page, kit, held, product)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["saas_v2", "saas_v1"])
def test_year_of_a_service(protocol: str, tmp_path: Path) -> None:
    """business-rules §3.5, §4.4–§4.7; saas-v2 §3.1–§3.7; saas-v1-license A2."""
    with a_year(tmp_path, protocol) as year:
        expected: list[tuple[str, ...]] = [("create", year.held.order_line_number.rpartition("-")[0])]
        expected += _pay_for_trial_then_upgrade(year)
        expected += _renew_automatically(year)
        year.go_to(20 * DAY)
        if year.offers("change/renewal"):
            expected += _become_smaller_at_renewal(year)
        else:
            assert protocol == "saas_v1", "saas-v2 §3.7: only SaaS 2.0 has a word for it"
        expected += _forget_to_renew(year)
        expected += _renew_in_retention(year)
        expected += _refund_renewal(year)
        expected += _end(year)
        assert year.kit.told == expected
    held = year.held
    assert held.status == "released"
    kept = Period.objects.filter(subscription=held, cancelled_at=None).exclude(kind="change").order_by("starts_at")
    assert all(a.ends_at == b.starts_at for a, b in pairwise(kept)), "without a gap"
    assert ledger.verify().problems == ()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["license_v1", "license_online"])
def test_year_of_a_license(protocol: str, tmp_path: Path) -> None:
    """No trials and no changes (saas-v1-license §B): renewed automatically, forgotten, renewed by hand, refunded,
    ended."""
    with put_on_sale(tmp_path, protocol, make_spec(make_sku(MONTHLY)), balance="250") as (page, kit, product):
        year = Year(page, kit, buy(page, product, plan="PERIOD-month", total="10000"), product)
        assert not year.offers("formal")
        assert not year.offers("change")
        expected: list[tuple[str, ...]] = [("create", year.held.order_line_number.rpartition("-")[0])]
        expected += _renew_automatically(year, 10_000)
        expected += _forget_to_renew(year)
        expected += _renew_in_retention(year)
        expected += _refund_renewal(year, "RENEWAL" if protocol == "license_v1" else "UNSUBSCRIBE_RENEWAL_PERIOD")
        expected += _end(year)
        assert kit.told == expected
    assert year.held.status == "released"
    assert ledger.verify().problems == ()


def _pay_for_trial_then_upgrade(year: Year) -> list[tuple[str, ...]]:
    """Pay for a running trial. Five days into the first paid month, upgrade to Large for the difference."""
    formal = order_change(year.page, f"{year.address}/formal/", attr_e="s")
    first = months_later(year.held, 1)
    advance(timedelta(days=20), within=90)
    before = ledger.buyer_account(year.held.buyer, "CNY").balance.minor
    change = order_change(year.page, f"{year.address}/change/", to=year.large)
    assert 9_000 < change.total_minor < 14_000, "140 a month more, for what is left of it"
    assert ledger.buyer_account(year.held.buyer, "CNY").balance.minor == before - change.total_minor
    assert year.held.offer.product_id == year.large
    return [("TRIAL_TO_FORMAL", formal.number, year.small, first), ("upgrade", change.number)]


def _renew_automatically(year: Year, price: int = 24_000) -> list[tuple[str, ...]]:
    """Seven days before the end at 03:00 (business-rules §4.5), once."""
    said = year.page.post(f"{year.address}/policy/", {"at_expiry": "renew", "duration": "month/1"})
    assert said.status_code == 302
    year.go_to(7 * DAY - 24 * HOUR)
    until(
        lambda: year.newest_order().origin == Order.Origin.TIMER,
        what="it is renewed by the calendar",
    )
    order = year.newest_order()
    until(lambda: Order.objects.get(pk=order.pk).status == Order.Status.COMPLETED, what="and its seller knows")
    assert (order.total_minor, Order.objects.filter(origin=Order.Origin.TIMER).count()) == (price, 1)
    return [("RENEWAL", order.number, "", f"{year.held.expires_at:%Y%m%d%H%M%S}")]


def _become_smaller_at_renewal(year: Year) -> list[tuple[str, ...]]:
    """The seller is asked, agrees, and is called at once (saas-v2 §3.7, §8.1)."""
    year.kit.small = ""  # the seller now agrees to become Small
    address, down = f"{year.address}/change/renewal/", MONTH | {"attr_e": "s"}
    assert year.page.post(f"{address}check/", down).status_code == 302
    until(lambda: "The seller agrees." in year.page.get(address, down).content.decode(), what="the seller agrees")
    order = order_change(year.page, address, attr_e="s")
    assert (order.total_minor, year.held.offer.product_id) == (10_000, year.small)
    return [("check", year.small), ("RENEWAL_CHANGE", order.number, year.small, months_later(year.held, 3))]


def _forget_to_renew(year: Year) -> list[tuple[str, ...]]:
    """The balance is too low: notified, tried each day, usable through the grace period, then frozen (business-rules
    §4.4, §4.5)."""
    account = ledger.buyer_account(year.held.buyer, "CNY")
    left = account.balance.minor
    price = Offer.objects.get(product_id=year.held.offer.product_id).price_minor
    assert left < price, "or it would be renewed"
    year.go_to(-2 * HOUR)
    until(lambda: year.told("auto_renewal_no_money"), what="its buyer knows that the balance does not reach")
    assert (year.held.status, Order.objects.filter(status=Order.Status.UNPAID).count()) == ("active", 0)
    assert "grace" in year.read().lower() or "usable until" in year.read().lower()
    year.go_to(-7 * DAY - 2 * HOUR)
    year.is_("frozen")
    until(lambda: year.held.seller_state == "frozen", what="the seller knows")
    return [("FREEZE",)]


def _renew_in_retention(year: Year) -> list[tuple[str, ...]]:
    """A top-up by an operator, then a renewal in the retention period, from the old end (business-rules §4.4)."""
    end = year.held.expires_at
    ledger.top_up(year.held.buyer, Money.of("2000", "CNY"), reference="BANK-YEAR", actor="operator", now=clock.now())
    order = year.renew()
    year.is_("active")
    until(lambda: year.held.seller_state == "active", what="the seller knows")
    [period] = Period.objects.filter(line_number__startswith=order.number)
    assert period.starts_at == end
    told: list[tuple[str, ...]] = [("RENEWAL", order.number, "", f"{year.held.expires_at:%Y%m%d%H%M%S}")]
    # SaaS 1.0 unfreezes with the refresh, which its kit passes on as well (saas-v1-license A2.4).
    return [*told, ("UNFREEZE",)]


def _refund_renewal(year: Year, scene: str = "UNSUBSCRIBE_RENEWAL_PERIOD") -> list[tuple[str, ...]]:
    """Refund a renewal that has not begun, in full (business-rules §4.7, saas-v2 §3.3). License 1.0 gives no reason for
    a changed end."""
    before, end = ledger.buyer_account(year.held.buyer, "CNY").balance.minor, year.held.expires_at
    renewal = year.renew()
    later = f"{year.held.expires_at:%Y%m%d%H%M%S}"
    address = f"{year.address}/unsubscribe/"
    [form] = [one for one in Forms(year.read("/unsubscribe/"), at=address).found.values() if "way" in one.values]
    said = year.page.post(address, {**form.values, "agreed": "on"})
    assert said.status_code == 302
    until(lambda: year.held.expires_at == end, what="the end is the one before")
    until(lambda: year.newest_order().status == Order.Status.COMPLETED, what="and its seller knows")
    assert ledger.buyer_account(year.held.buyer, "CNY").balance.minor == before, "every fen is back"
    cancelled = year.newest_order()
    return [
        ("RENEWAL", renewal.number, "", later),
        (scene, cancelled.number, "", f"{end:%Y%m%d%H%M%S}"),
    ]


def _end(year: Year) -> list[tuple[str, ...]]:
    """No more renewals: grace period, frozen, released (business-rules §4.4)."""
    assert year.page.post(f"{year.address}/policy/", {"at_expiry": "keep"}).status_code == 302
    year.go_to(-7 * DAY - 2 * HOUR)
    year.is_("frozen")
    year.go_to(-22 * DAY - 2 * HOUR)
    year.is_("released")
    return [("FREEZE",), ("release",)]
