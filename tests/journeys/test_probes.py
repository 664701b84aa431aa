"""A seller's server breaks, and nobody looks after it: told each day, frozen after the fifth, repaired, replayed and sold again.
Over the pages, with the real worker, the kit's own server and a clock that is moved (issue 10, must show 1)."""

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
from tests.journeys.buying import delivered, order
from tests.journeys.probing import DAY, browser, kinds, product_now, restored, text, to_midnight
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
from tradepost.market.probes.outcome import OURS
from tradepost.market.settings import mail as mail_settings
from tradepost.protocols.http import Request, Response

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(900)]
BROKEN = Response(500, (("Content-Type", "text/html"),), b"<h1>Internal Server Error</h1>")


class Breaking(AnySeller):
    """The kit's server, which answers rubbish while it is broken."""

    broken = False

    @override
    def respond(self, request: Request, now: datetime, nonce: str, *, protocol: str = "") -> Response:
        return BROKEN if self.broken else super().respond(request, now, nonce, protocol=protocol)


@pytest.fixture
def outside(settings: Any, tmp_path: Path) -> Iterator[Outside]:
    """Where the worker sends: a real mail server on loopback, and the SMS adapter that writes files."""
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
        """Mails to the owner and SMS to the contact that say this."""
        mails = [m for m in self.post.received if words in str(m["Subject"]) and "owner" in str(m["To"])]
        return len(mails), len([t for t in self.texts() if words in t and PHONE in t])


PHONE = "+8613800138000"


@pytest.mark.slow
def test_a_broken_interface_is_told_counted_frozen_repaired_and_sold_again(tmp_path: Path, outside: Outside) -> None:
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
            advance(to_midnight(), within=200)  # a day of the test is a day of the market
            advance(DAY, within=200)
            assert "Passing" in text(page, "/seller/probes/")
            assert kinds(owner) == []
            seller.broken = True
            _fails_for_a_day(page, product, owner)
            _was_told_outside(outside, owner)
            for _ in range(4):
                advance(DAY, within=200)
            until(
                lambda: outside.told("are suspended: its interface failed") == (1, 1), what="told of the freeze outside"
            )
            assert outside.told("failed its probe") == (5, 5), "once a day, by both"
            _is_frozen(page, console, product, owner, watcher)
            seller.broken = False
            advance(DAY, within=200)
            assert kinds(owner)[-1] == "seller_probe_passed_frozen"
            assert product_now(product).status == Product.Status.FROZEN, "it comes back by an operator alone"
            restored(page, console, product)
            placed = order(browser(make_buyer(now=clock.now())), product, plan="PERIOD-month", total="10000")
            assert delivered(placed).instance_id
            advance(DAY, within=200)
            health = Health.objects.get(product=product)
            assert (health.streak, health.frozen_on, health.verdict) == (0, None, "passed")
            assert not WorkItem.objects.filter(closed_at=None).exists()


def _fails_for_a_day(page: Client, product: Product, owner: User) -> None:
    advance(DAY, within=200)
    [notice] = Notice.objects.filter(user=owner)
    assert notice.kind == "seller_probe_forecast"
    assert notice.facts["day"] == "1"
    shown = text(page, f"/seller/probes/{product.pk}/")
    assert "If nothing changes, sales are suspended at the end of" in shown
    run = ProbeRun.objects.filter(verdict="failed").order_by("-pk")[0]
    assert run.tries == 3
    exchange = text(page, f"/seller/probes/runs/{run.pk}/")
    assert "Internal Server Error" in exchange, "the raw exchange is one click away"


def _was_told_outside(outside: Outside, owner: User) -> None:
    """business-rules §7.1: "dial test failed → seller account mail, phone, in-site"; in the same morning."""
    until(lambda: outside.told("failed its probe") == (1, 1), what="mail and SMS of the failed probe")
    told_at = timezone.localtime(Notice.objects.get(user=owner).created_at)
    assert told_at.hour < 12, told_at


def _is_frozen(page: Client, console: Client, product: Product, owner: User, watcher: User) -> None:
    assert product_now(product).status == Product.Status.FROZEN
    told = kinds(owner)
    assert told == ["seller_probe_forecast"] * 5 + ["seller_frozen_by_probes"]
    assert kinds(watcher) == ["operator_frozen_next", "operator_frozen_by_probes"]
    assert "Not sold now" in text(Client(headers={"accept-language": "en"}), f"/products/{product.slug}/")
    assert f"/products/{product.slug}/" not in text(Client(), "/"), "and hidden"
    assert "Sales are suspended since" in text(page, "/seller/probes/")
    queue = text(console, "/console/probes/")
    assert product.name_en in queue
    assert "Frozen by its probes" in queue
    refused = console.post(f"/console/products/{product.pk}/unfreeze/")
    assert refused.status_code == 302
    assert product_now(product).status == Product.Status.FROZEN, "its probes still fail"


@pytest.mark.slow
def test_a_market_that_was_down_blames_nobody(tmp_path: Path) -> None:
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
    # An answer that came when its slot was over says nothing either.
    assert {run.reason for run in ProbeRun.objects.filter(verdict="unknown")} <= {*map(str, OURS), "", "done"}
