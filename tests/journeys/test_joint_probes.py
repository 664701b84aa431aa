"""A joint product whose calls of joint operation break while its production interface answers: reported each day with
the name of the call and the application, frozen after the fifth day, repaired, replayed and sold again
(openapi-jointkit §A.10 no. 4, saas-v2 §6). Over the pages, with the real worker and the sample seller on the kit as a
process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.test import Client

from tests.factories import make_address, make_buyer, make_operator, make_product, make_seller
from tests.factories.joint import KIT_KEY, make_application, make_kit_address, private_pem, public_pem
from tests.journeys.probing import DAY, advance_to_midnight, browser, kinds, product_now, restore_product, text
from tests.journeys.publishing import debug_all
from tests.kit import wire
from tests.kit.joint.sample import sample
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market.applications import publication
from tradepost.market.applications.models import Application, Sync
from tradepost.market.base import clock
from tradepost.market.catalog.document import APPLICATION
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.models import Notice
from tradepost.market.probes.models import Health, ProbeDay, ProbeRun, WorkItem
from tradepost.market.production.models import Address
from tradepost.market.review.models import Submission

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(900)]
APP, NAME = "app-of-a-journey", "青榭协同"
SECRET = {"applicationSync": {"clientSecret": "a secret that is tried", "publicKey": public_pem()}}
LOST = "a kit key that nobody told the market"


@dataclass
class Server:
    """The sample seller, which is stopped and started again at the same port."""

    data: Path
    running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    url: str = ""

    def start(self, *, kit_key: str = KIT_KEY) -> None:
        self.running.close()
        keys = {"SELLER_KEY": wire.KEY, "SELLER_KIT_KEY": kit_key, "SELLER_PRIVATE_KEY": private_pem()}
        port = str(urlsplit(self.url).port) if self.url else ""
        self.url = self.running.enter_context(sample(self.data, port=port, **keys, SELLER_APP_ID=APP))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.running.close()


def published(company: Seller, server: Server) -> Product:
    """Return a product on sale with its application: one URL answers the calls of both (§A.0)."""
    now, url = clock.now(), f"{server.url}/produce"
    kit, base = make_kit_address(company, url=url, now=now), make_address(company, url=url, now=now)
    make_application(company, address=kit, app_id=APP, name=NAME, now=now)
    product = make_product(company, address=base, answers={APPLICATION: APP}, now=now)
    document = listed_document(product)
    assert document is not None
    with transaction.atomic():
        publication.attach_application(product, document)
    return product


@pytest.mark.slow
def test_broken_kit_is_reported_frozen_repaired_and_sold_again(server: Server) -> None:
    now = clock.now()
    owner = make_buyer(balance="0", email="owner@company.example", language="en", now=now)
    page, console = browser(owner), browser(make_operator(now=now))
    company = make_seller(member=owner, signing_key=wire.KEY, now=now)
    product = published(company, server)
    application = Application.objects.get()
    with working():
        assert debug_all(page, product, product.binding.address, typed=SECRET) == 10
        advance(advance_to_midnight(), within=200)
        advance(DAY, within=200)
        assert "Passing" in text(page, "/seller/probes/")
        assert ProbeRun.objects.filter(address=application.address, verdict="passed").count() >= 10
        assert kinds(owner) == []
        assert not Sync.objects.exists(), "nothing is told of it to anybody's enterprise"

        server.start(kit_key=LOST)
        advance(DAY, within=200)
        [notice] = Notice.objects.filter(user=owner)
        assert notice.kind == "seller_probe_forecast"
        assert (notice.facts["failed"], notice.facts["cases"]) == ("5", "10")
        _check_failure_is_named(page, product, application)
        for _ in range(4):
            advance(DAY, within=200)
        assert product_now(product).status == Product.Status.FROZEN
        assert kinds(owner) == ["seller_probe_forecast"] * 5 + ["seller_frozen_by_probes"]
        assert set(Address.objects.values_list("breaker", flat=True)) == {"closed"}, (
            "probes hold up no order and no sync"
        )
        _check_it_stays_frozen(page, console, product)

        server.start()
        advance(DAY, within=200)
        assert kinds(owner)[-1] == "seller_probe_passed_frozen"
        assert debug_all(page, product, product.binding.address, typed=SECRET) == 5, (
            "those that the replay found failing"
        )
        restore_product(page, console, product)
        advance(DAY, within=200)
    health = Health.objects.get(product=product)
    assert (health.streak, health.frozen_on, health.verdict) == (0, None, "passed")
    assert not WorkItem.objects.filter(closed_at=None).exists()


def _check_failure_is_named(page: Client, product: Product, application: Application) -> None:
    """The page names the failed call and its application. The production interface passes."""
    shown = text(page, f"/seller/probes/{product.pk}/")
    assert "If the problem is not fixed, sales are suspended at the end of" in shown
    assert f"Joint-operation kit 2.0 · {NAME}" in shown
    failed = ProbeRun.objects.filter(verdict="failed")
    assert {run.address_id for run in failed} == {application.address_id}
    own = text(page, f"/seller/probes/runs/{failed.latest('pk').pk}/")
    assert NAME in own
    assert "000001" in own, "the raw answer is one click away"
    assert f"of the application “{NAME}”" in text(page, "/notices/")


def _check_it_stays_frozen(page: Client, console: Client, product: Product) -> None:
    """Neither seller nor operator can restore it while the calls of joint operation fail."""
    console.post(f"/console/products/{product.pk}/unfreeze/")
    assert product_now(product).status == Product.Status.FROZEN
    page.post(f"/seller/products/{product.pk}/restore/", {"repaired": "The server is up again."})
    sent = Submission.objects.get(product=product, kind="restore")
    until(lambda: Submission.objects.get(pk=sent.pk).status != "checking", within=100, what="the replay ends")
    sent.refresh_from_db()
    assert sent.status == "failed", "the replay makes the calls of the kit as well"
    asked = page.post(f"/seller/probes/{product.pk}/now/")
    assert asked.status_code == 302
    by_hand = ProbeRun.objects.filter(slot__half="hand")
    until(lambda: not by_hand.filter(verdict="").exists(), within=60, what="the probe by hand ends")
    assert by_hand.filter(verdict="failed").count() == 5
    assert by_hand.filter(verdict="passed").count() == 5


@pytest.mark.slow
def test_joint_product_without_kit_cases_is_unknown_and_not_failed(server: Server) -> None:
    """An upgrade deleted the cases of its kit: unknown is not failed."""
    now = clock.now()
    owner = make_buyer(balance="0", now=now)
    company = make_seller(member=owner, signing_key=wire.KEY, now=now)
    product = published(company, server)
    page = browser(owner)
    with working():
        debug_all(page, product, product.binding.address, typed=SECRET)
        Application.objects.get().address.debug_cases.all().delete()
        advance(advance_to_midnight(), within=200)
        advance(timedelta(days=2), within=200)
    assert product_now(product).status == Product.Status.ON_SALE
    assert set(ProbeDay.objects.exclude(verdict="").values_list("verdict", flat=True)) == {"unknown"}
    assert not Notice.objects.exists()
    shown = text(page, f"/seller/probes/{product.pk}/")
    assert "Required cases are not saved" in shown
    assert "tenantSync" in shown
