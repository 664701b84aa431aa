"""A seller's server breaks and stays broken: the seller is notified each day, the product is frozen after the fifth,
repaired, replayed and sold again. Over the pages, with the real worker, the kit's own server and a moved clock (issue
10, must show 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, override

import pytest
from django.test import Client
from django.utils import timezone

from tests.check.kit_seller import KEY, any_seller
from tests.check.mutants.any_shop import AnySeller
from tests.factories import make_address, make_buyer, make_operator, make_product, make_seller
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.probing import DAY, advance_to_midnight, browser, kinds, product_now, restore_product, text
from tests.journeys.publishing import debug_all
from tests.market.notifications import mail_server
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.notifications.models import Notice
from tradepost.market.probes.models import Health, ProbeDay, ProbeRun, ProbeSlot, WorkItem
from tradepost.market.probes.outcome import NOT_SELLERS_FAULT
from tradepost.market.settings import mail as mail_settings
from tradepost.protocols.http import Request, Response

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(900)]
BROKEN = Response(500, (("Content-Type", "text/html"),), b"<h1>Internal Server Error</h1>")


class Breaking(AnySeller):
    """The kit's server, which answers garbage while it is broken."""

    broken = False

    @override
    def respond(self, request: Request, now: datetime, nonce: str, *, protocol: str = "") -> Response:
        return BROKEN if self.broken else super().respond(request, now, nonce, protocol=protocol)


@pytest.fixture
def mail_and_sms(settings: Any, tmp_path: Path) -> Iterator[Outside]:
    """Send mail to a real server on loopback, and SMS to the adapter that writes files."""
    folder = tmp_path / "sms"
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(folder)}
    with mail_server.running() as post:
        settings.MAILERS = {"default": mail_settings(f"smtp://127.0.0.1:{post.port}")}
        yield Outside(post, folder)


@dataclass(frozen=True)
class Outside:
    post: mail_server.Server
    folder: Path

    def texts(self) -> list[str]:
        return [one.read_text(encoding="utf-8") for one in self.folder.glob("*")] if self.folder.exists() else []

    def told(self, words: str) -> tuple[int, int]:
        """Return the mails to the owner and the SMS to the contact with these words."""
        mails = [m for m in self.post.received if words in str(m["Subject"]) and "owner" in str(m["To"])]
        return len(mails), len([t for t in self.texts() if words in t and PHONE in t])


PHONE = "+8613800138000"


@pytest.mark.slow
def test_broken_interface_is_reported_frozen_repaired_and_sold_again(tmp_path: Path, mail_and_sms: Outside) -> None:
    now = clock.now()
    owner, watcher = (
        make_buyer(balance="0", email="owner@company.example", language="en", now=now),
        make_operator(now=now),
    )
    page, console = browser(owner), browser(watcher)
    seller: Any = any_seller(tmp_path / "seller", "saas_v2", Breaking)
    with running(seller) as url:
        company = make_seller(member=owner, signing_key=KEY, now=now)
        Seller.objects.filter(pk=company.pk).update(contact_phone=PHONE)
        address = make_address(company, url=url, now=now)
        product = make_product(company, address=address, now=now)
        with working():
            debug_all(page, product, address)
            advance(advance_to_midnight(), within=200)  # a day of the test is a day of the market
            advance(DAY, within=200)
            assert "Passing" in text(page, "/seller/probes/")
            assert kinds(owner) == []
            seller.broken = True
            _fail_for_a_day(page, product, owner)
            _check_messages(mail_and_sms, owner)
            for _ in range(4):
                advance(DAY, within=200)
            until(
                lambda: mail_and_sms.told("are suspended: its interface failed") == (1, 1),
                what="told of the freeze outside",
            )
            assert mail_and_sms.told("failed its probe") == (5, 5), "once a day, by both"
            _check_freeze(page, console, product, owner, watcher)
            seller.broken = False
            advance(DAY, within=200)
            assert kinds(owner)[-1] == "seller_probe_passed_frozen"
            assert product_now(product).status == Product.Status.FROZEN, "it comes back by an operator alone"
            restore_product(page, console, product)
            placed = order(browser(make_buyer(now=clock.now())), product, plan="PERIOD-month", total="10000")
            assert wait_until_delivered(placed).instance_id
            advance(DAY, within=200)
            health = Health.objects.get(product=product)
            assert (health.streak, health.frozen_on, health.verdict) == (0, None, "passed")
            assert not WorkItem.objects.filter(closed_at=None).exists()


def _fail_for_a_day(page: Client, product: Product, owner: User) -> None:
    advance(DAY, within=200)
    [notice] = Notice.objects.filter(user=owner)
    assert notice.kind == "seller_probe_forecast"
    assert notice.facts["day"] == "1"
    shown = text(page, f"/seller/probes/{product.pk}/")
    assert "If the problem is not fixed, sales are suspended at the end of" in shown
    run = ProbeRun.objects.filter(verdict="failed").order_by("-pk")[0]
    assert run.tries == 3
    exchange = text(page, f"/seller/probes/runs/{run.pk}/")
    assert "Internal Server Error" in exchange, "the raw exchange is one click away"


def _check_messages(outside: Outside, owner: User) -> None:
    """business-rules §7.1: "dial test failed → seller account mail, phone, in-site"; in the same morning."""
    until(lambda: outside.told("failed its probe") == (1, 1), what="mail and SMS of the failed probe")
    told_at = timezone.localtime(Notice.objects.get(user=owner).created_at)
    assert told_at.hour < 12, told_at


def _check_freeze(page: Client, console: Client, product: Product, owner: User, watcher: User) -> None:
    assert product_now(product).status == Product.Status.FROZEN
    told = kinds(owner)
    assert told == ["seller_probe_forecast"] * 5 + ["seller_frozen_by_probes"]
    assert kinds(watcher) == ["operator_frozen_next", "operator_frozen_by_probes"]
    assert "Sales suspended" in text(Client(headers={"accept-language": "en"}), f"/products/{product.slug}/")
    assert f"/products/{product.slug}/" not in text(Client(), "/"), "and hidden"
    assert "Sales have been suspended since" in text(page, "/seller/probes/")
    queue = text(console, "/console/probes/")
    assert product.name_en in queue
    assert "Sales suspended after failed probes" in queue
    refused = console.post(f"/console/products/{product.pk}/unfreeze/")
    assert refused.status_code == 302
    assert product_now(product).status == Product.Status.FROZEN, "its probes still fail"


@pytest.mark.slow
def test_downtime_of_the_market_does_not_count_against_sellers(tmp_path: Path) -> None:
    now = clock.now()
    owner = make_buyer(balance="0", now=now)
    seller: Any = any_seller(tmp_path, "saas_v2", Breaking)
    with running(seller) as url:
        company = make_seller(member=owner, signing_key=KEY, now=now)
        address = make_address(company, url=url, now=now)
        product = make_product(company, address=address, now=now)
        with working():
            debug_all(browser(owner), product, address)
            advance(DAY, within=200)
        seller.broken = True
        for _ in range(7):  # no worker runs meanwhile
            clock.jump(clock.now() + DAY)
        seller.broken = False
        with working():
            advance(DAY, within=200)
    assert config().sandbox
    assert product_now(product).status == Product.Status.ON_SALE
    assert not ProbeDay.objects.filter(verdict="failed").exists()
    assert not Notice.objects.exists()
    assert ProbeSlot.objects.filter(void=False).exists()
    # An answer after the end of its slot does not count either.
    assert {run.reason for run in ProbeRun.objects.filter(verdict="unknown")} <= {
        *map(str, NOT_SELLERS_FAULT),
        "",
        "done",
    }
