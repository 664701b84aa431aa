"""Products that the marketplace delivers, and containers: drafted, reviewed, sold, used, frozen and ended over the
pages of three sites with the real worker (business-rules §2.1, §2.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import make_buyer, make_operator
from tests.factories.assets import make_asset
from tests.factories.companies import owner_of
from tests.factories.delivered import ENDPOINT, VALID_ANSWERS, model_version
from tests.factories.pictures import PDF
from tests.factories.products import make_category
from tests.factories.publishable import KEY, may_publish
from tests.journeys.browsing import Person
from tests.journeys.buying import wait_until_delivered
from tests.journeys.entering import approve, sign_in
from tests.journeys.publishing import begin, price, submit, upload_files, write
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit.client import MarketClient
from tradepost.kit.usage import UsageRecord
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.market.metering.models import Record
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)
SPEC = {"specs.0.name.zh": "标准版", "specs.0.name.en": "Standard"}
MONTHLY = ("month", SPEC | {"specs.0.rows.0.cells.0.0": "100"})
CALLS = {"specs.0.plans.0.factors.0.unit.zh": "次", "specs.0.plans.0.factors.0.unit.en": "calls"}
ON_DEMAND = ("on_demand", SPEC | CALLS | {"specs.0.rows.0.cells.0.0": "0.0025"})


class Trio:
    """Three people at their sites: a seller's owner, an operator, and a buyer with money."""

    def __init__(self) -> None:
        now = clock.now()
        make_category()
        self.seller: Seller = may_publish(now=now)
        self.buyer = make_buyer(balance="1000", now=now)
        self.model = make_asset(self.seller, kind="file")
        self.unscanned, self.sold = model_version(self.model, clean=False), model_version(self.model)
        self.package = model_version(make_asset(self.seller))
        self.center, self.console, self.store = (
            sign_in(who) for who in (owner_of(self.seller), make_operator(now=now), self.buyer)
        )

    def put_on_sale(self, kind: str, plan: tuple[str, dict[str, str]], *, zh: str, en: str, **answers: str) -> Product:
        """Draft the product, try to submit it without its answers, complete it, submit and approve."""
        assert f'value="{kind}"' in self.center.read("/seller/products/new/")
        product = begin(self.center, kind, zh=zh, en=en)
        upload_files(self.center, product)
        way, typed = plan
        price(self.center, product, "add-spec", f"add-plan={way}:0", fields=typed)
        assert self.center.post(f"/seller/products/{product.pk}/submit/").status_code == 422, "answers are missing"
        fields = {f"fields.{name}": value for name, value in (VALID_ANSWERS[kind] | answers).items()}
        proof = SimpleUploadedFile("proof.pdf", PDF, "application/pdf")
        write(self.center, product, "details", **fields, **{"proofs.software_copyright_file": proof})
        seen = approve(self.console, submit(self.center, product))
        for value in VALID_ANSWERS[kind].values():
            assert value.splitlines()[0] in seen or value in {"yes", "no", "key", "model", "mcp", "stream"}, value
        product.refresh_from_db()
        assert product.status == Product.Status.ON_SALE
        return product

    def buy(self, product: Product, plan: str, *, free: bool = False) -> Order:
        assert f"/checkout/{product.pk}/" in self.store.read(f"/products/{product.slug}/")
        self.store.read(f"/checkout/{product.pk}/?plan={plan}")
        leads_to = self.store.send(f"/checkout/{product.pk}/", agreed="on")
        if not free:
            self.store.send(f"{leads_to}pay/")
        return Order.objects.get(number=leads_to.split("/")[2])

    def freeze(self, held: Subscription) -> None:
        self._acts(held, "freeze", "frozen")

    def unfreeze(self, held: Subscription) -> None:
        self._acts(held, "lift", "active")

    def release(self, held: Subscription) -> None:
        self._acts(held, "release", "released")

    def _acts(self, held: Subscription, act: str, status: str) -> None:
        self.console.read(f"/console/services/{held.pk}/")
        self.console.send(f"/console/services/{held.pk}/{act}/", reason="A complaint is open.")
        wait_for_status(held, status)


def wait_for_status(held: Subscription, status: str) -> None:
    until(lambda: Subscription.objects.get(pk=held.pk).status == status, what=f"it is {status}")


@pytest.fixture
def trio() -> Iterator[Trio]:
    made = Trio()
    with working():
        yield made
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_ai_asset_is_downloaded_renewed_and_ended_without_refund(trio: Trio) -> None:
    """Every version can be downloaded while the service is active. A renewal sends no notice. Nothing is refunded
    (§4.7)."""
    unscanned, sold = trio.unscanned, trio.sold
    product = trio.put_on_sale("AI_ASSET", MONTHLY, zh="文档识别模型", en="Document model", asset=str(sold.pk))
    draft = trio.center.read(f"/seller/products/{product.pk}/draft/details/")
    assert f" {sold.label} · {sold.file_name}" in draft
    assert f" {unscanned.label} · {unscanned.file_name}" not in draft, "it was not scanned"
    order = trio.buy(product, "PERIOD-month")
    held = wait_until_delivered(order)
    assert f'href="/services/{held.pk}/"' in trio.store.read(f"/orders/{order.number}/")
    page, file = f"/services/{held.pk}/", f"/services/{held.pk}/files/{sold.sha256}/"
    assert f'href="{file}"' in trio.store.read(page)
    assert trio.store.get(file).status_code == 200
    assert sign_in(make_buyer(now=clock.now())).get(file).status_code == 404
    trio.freeze(held)
    assert file not in trio.store.read(page)
    assert trio.store.get(file).status_code == 404
    trio.unfreeze(held)
    assert "No part of this service can be refunded at the moment." in trio.store.read(f"{page}unsubscribe/")
    choice = re.search(r'id="option-1"\s+value="([^"]+)"', trio.store.read(f"{page}renew/"))
    assert choice is not None
    renewal = trio.store.send(f"{page}renew/", option=choice[1], agreed="on")
    trio.store.send(f"{renewal}pay/")
    wait_until_delivered(Order.objects.get(number=renewal.split("/")[2]))
    end = Subscription.objects.get(pk=held.pk).expires_at
    assert end is not None
    advance(end - clock.now() + timedelta(days=1, minutes=1))
    wait_for_status(held, "frozen")
    assert trio.store.get(file).status_code == 404
    advance(timedelta(days=1, minutes=1))
    wait_for_status(held, "released")
    assert trio.store.get(file).status_code == 404
    assert file not in trio.store.read(page)


def create_key(store: Person, held: Subscription, name: str) -> tuple[str, str]:
    """Create a key on the page of keys, which shows the secret once."""
    address = f"/services/{held.pk}/keys/"
    store.read(address)
    store.send(address, name=name, status=200)
    shown = store.text
    secret = re.search(r"\b[A-Za-z0-9]{40}\b", shown)
    key = re.search(r"\bTP[A-Z0-9]{18}\b", shown)
    assert secret is not None
    assert key is not None
    assert secret[0] not in store.read(address)
    return key[0], secret[0]


@pytest.mark.slow
def test_api_behind_a_gateway_is_metered_and_stops_with_the_service(trio: Trio, live_server: Any) -> None:
    """Keys are created, checked by the seller's gateway, metered by its usage pushes, and stop with the service."""
    product = trio.put_on_sale("API_GATEWAY", ON_DEMAND, zh="票据识别接口", en="Receipt API")
    assert ENDPOINT not in trio.store.read(f"/products/{product.slug}/")
    made = keys.create_access_key(trio.seller, by=None, now=clock.now())
    gateway = MarketClient(live_server.url, made.key_id, made.secret, tries=1, base_key=KEY)
    held = wait_until_delivered(trio.buy(product, "ON_DEMAND-", free=True))
    assert ENDPOINT in trio.store.read(f"/services/{held.pk}/")
    first, second = (create_key(trio.store, held, name) for name in ("first", "second"))
    checked = gateway.verify_app_key(*first)
    assert (checked.verdict, checked.instance_id, checked.api_group) == ("VALID", held.instance_id, "group-7")
    advance(timedelta(minutes=5))
    now = clock.now()
    used = UsageRecord(
        record_id="calls-1", instance_id=checked.instance_id, begins_at=now - timedelta(minutes=2),
        ends_at=now - timedelta(minutes=1), recorded_at=now, value=Decimal(1000),
    )  # fmt: skip
    assert gateway.push_usage([used]) == {}
    assert Record.objects.get().subscription_id == held.pk
    trio.store.read(f"/services/{held.pk}/keys/")
    key = held.app_keys.get(app_key=first[0])
    trio.store.send(f"/services/{held.pk}/keys/{key.pk}/revoke/")
    assert [gateway.verify_app_key(*one).verdict for one in (first, second)] == ["REVOKED", "VALID"]
    trio.freeze(held)
    assert gateway.verify_app_key(*second).verdict == "FROZEN"
    assert ENDPOINT not in trio.store.read(f"/services/{held.pk}/")
    trio.unfreeze(held)
    assert gateway.verify_app_key(*second).valid
    trio.release(held)
    assert gateway.verify_app_key(*second).verdict == "ENDED"


@pytest.mark.slow
@pytest.mark.parametrize("authentication", ["key", "own"])
def test_agent_api_shows_its_endpoint_and_keys(trio: Trio, authentication: str) -> None:
    """The endpoint card appears after payment, and keys if the card has them."""
    product = trio.put_on_sale(
        "API_AGENTS", ON_DEMAND, zh="客服智能体", en="Support agent", authentication=authentication
    )
    shown = trio.store.read(f"/products/{product.slug}/")
    assert "MCP" in shown
    assert ENDPOINT not in shown
    held = wait_until_delivered(trio.buy(product, "ON_DEMAND-", free=True))
    page = trio.store.read(f"/services/{held.pk}/")
    assert all(words in page for words in (ENDPOINT, "MCP (Model Context Protocol)", "Send the key in a header."))
    assert (f"/services/{held.pk}/keys/" in page) == (authentication == "key")
    if authentication == "key":
        create_key(trio.store, held, "agent")
    trio.freeze(held)
    assert ENDPOINT not in trio.store.read(f"/services/{held.pk}/")
    trio.unfreeze(held)
    trio.release(held)
    assert ENDPOINT not in trio.store.read(f"/services/{held.pk}/")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "act"), [("CONTAINER", ""), ("APP_ORCHESTRATION", "deliver")])
def test_container_images_are_delivered_by_digest(trio: Trio, kind: str, act: str) -> None:
    """The delivery includes the manifest, which the buyer accepts. It is closed with the service."""
    answers = {"asset": str(trio.package.pk)} if kind == "CONTAINER" else {}
    product = trio.put_on_sale(kind, MONTHLY, zh="日志平台", en="Log platform", **answers)
    order = trio.buy(product, "PERIOD-month")
    until(trio.buyer.supervisions.exists, what="the delivery begins")
    delivery = trio.buyer.supervisions.get()
    where, manifest = f"/supervision/{delivery.pk}/", f"/services/{delivery.subscription_id}/manifests/1.json"
    if act:
        assert trio.store.get(manifest).status_code == 404
        trio.center.read(f"/seller{where}")
        proof = SimpleUploadedFile("done.pdf", PDF, "application/pdf")
        trio.center.send(f"/seller{where}act/", act=act, words="Done.", proof_0_file=proof)
    assert manifest in trio.store.read(where)
    assert VALID_ANSWERS[kind]["images"].splitlines()[0].rpartition("@")[2] in trio.store.get(manifest).content.decode()
    trio.store.read(where)
    trio.store.send(f"{where}act/", act="accept")
    held = wait_until_delivered(order)
    assert manifest in trio.store.read(f"/services/{held.pk}/")
    trio.freeze(held)
    assert trio.store.get(manifest).status_code == 404
    trio.unfreeze(held)
    trio.release(held)
    assert trio.store.get(manifest).status_code == 404
