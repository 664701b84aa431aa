"""Deliveries by the marketplace itself: only the buyer of an active service gets them (business-rules §2.1, §2.5,
§2.6)."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer
from tests.factories.assets import make_asset
from tests.factories.buying import make_order
from tests.factories.delivered import (
    APP,
    DATABASE,
    ENDPOINT,
    VALID_ANSWERS,
    delivered_product,
    model_version,
    seller_with_owner,
    service_of,
)
from tests.factories.products import MONTHLY, ON_DEMAND, PACKAGE, USES, make_offer, make_product
from tests.market.engine import react
from tests.market.fulfilment.services import passes, renewed
from tests.market.supervision.supervising import B, S, perform
from tradepost.market.app_keys import keys as app_keys
from tradepost.market.app_keys.models import AppKey
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.values import replace
from tradepost.market.catalog import delivered, drafts
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.delist import stop
from tradepost.market.catalog.listing import list_draft
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment import by_operator
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act
from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.sending_files import HEADER

pytestmark = pytest.mark.django_db


def browser(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def page(service: Subscription, language: str = "en") -> str:
    return " ".join(browser(service.buyer, language).get(f"/services/{service.pk}/").content.decode().split())


CARDS = {
    kind: [
        question.label
        for question in product_type(kind).fields
        if question.after_payment and question.code in VALID_ANSWERS[kind]
    ]
    for kind in ("API_GATEWAY", "API_AGENTS")
}


def facts_in(shown: str) -> list[str]:
    """The labels of the endpoint card."""
    return re.findall(r"<dt>(.*?)</dt>", shown[shown.index('id="endpoint"') :].partition("</dl>")[0])


def freeze_service(service: Subscription) -> None:
    by_operator.freeze(service, reason="A complaint is open.", actor="operator", now=NOW)
    react(now=NOW)
    service.refresh_from_db()
    assert service.status == "frozen"


def unfreeze_service(service: Subscription) -> None:
    by_operator.lift(service, reason="Settled.", actor="operator", now=NOW)
    react(now=NOW)
    service.refresh_from_db()
    assert service.status == "active"


def end_service(service: Subscription) -> None:
    by_operator.release(service, reason="Against the rules.", actor="operator", now=NOW)
    react(now=NOW)
    service.refresh_from_db()
    assert service.status == "released"


@pytest.mark.parametrize("kind", ["AI_ASSET", "API_GATEWAY", "API_AGENTS"])
def test_payment_alone_opens_the_service(kind: str) -> None:
    service = service_of(delivered_product(kind))
    order = Order.objects.get()
    assert (service.status, order.status) == ("active", "completed")
    assert len(service.instance_id) == 32, "by which usage is pushed"
    shown = browser(service.buyer).get(f"/orders/{order.number}/").content.decode()
    assert "Your service is active." in shown
    assert f'href="/services/{service.pk}/"' in shown


@pytest.mark.slow
def test_every_approved_clean_version_is_downloaded_only_by_the_buyer() -> None:
    """§2.6: the sold version stays, even after an update; §2.7: scanned."""
    seller = seller_with_owner()
    asset = make_asset(seller, kind="file")
    sold = model_version(asset, label="1.0")
    product = delivered_product("AI_ASSET", seller, asset=str(sold.pk))
    newer, unscanned = model_version(asset, label="2.0"), model_version(asset, label="3.0", clean=False)
    updated = model_version(asset, updates=sold)
    other = model_version(make_asset(seller, kind="file"), label="9.0")
    service = service_of(product)
    shown = page(service)
    addresses = {
        version: f"/services/{service.pk}/files/{version.sha256}/"
        for version in (sold, newer, updated, unscanned, other)
    }
    assert [address in shown for address in addresses.values()] == [True, True, True, False, False]
    client, stranger = browser(service.buyer), browser(make_buyer())
    for version, address in addresses.items():
        answer = client.get(address)
        usable = version in {sold, newer, updated}
        assert answer.status_code == (200 if usable else 404)
        assert answer.headers.get(HEADER, "").endswith(version.sha256) == usable
        assert stranger.get(address).status_code == 404
        assert Client().get(address).status_code == 302
    address = addresses[sold]
    part = client.get(address, headers={"range": "bytes=10-"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 10-{sold.bytes - 1}/{sold.bytes}")
    freeze_service(service)
    assert (client.get(address).status_code, address in page(service)) == (404, False)
    unfreeze_service(service)
    assert client.get(address).status_code == 200
    end_service(service)
    assert (client.get(address).status_code, address in page(service)) == (404, False)


def test_missing_file_is_no_server_error() -> None:
    service = service_of(delivered_product("AI_ASSET"))
    version = AssetVersion.objects.get()
    Files(config().files).path(version.sha256).unlink()
    assert browser(service.buyer).get(f"/services/{service.pk}/files/{version.sha256}/").status_code == 404


@pytest.mark.parametrize("kind", ["API_GATEWAY", "API_AGENTS"])
def test_endpoint_is_shown_only_after_payment(kind: str) -> None:
    product = delivered_product(kind)
    assert ENDPOINT not in browser(make_buyer()).get(f"/p/{product.slug}/", follow=True).content.decode()
    service = service_of(product)
    assert facts_in(page(service)) == [label.en for label in CARDS[kind]]
    assert facts_in(page(service, "zh-hans")) == [label.zh for label in CARDS[kind]]
    assert f">{ENDPOINT}<" in page(service)
    assert "> Send the key in a header. <" in page(service)
    assert "> 在请求头中携带密钥。 <" in page(service, "zh-hans")
    freeze_service(service)
    assert ENDPOINT not in page(service)
    unfreeze_service(service)
    end_service(service)
    assert ENDPOINT not in page(service)
    assert "asked to delete" not in page(service), "no seller is asked"


def list_new_version(product: Product, **answers: str) -> None:
    """Another version of it is listed."""
    details = documents.load(product.versions.get(status="listed").document).details
    fields = {**details.fields, **answers}
    drafts.save_section(product, "details", replace(details, fields=fields), seen=0, by=None, now=NOW)
    list_draft(product, currency="CNY", now=NOW)


def test_moved_endpoint_reaches_earlier_buyers() -> None:
    product = delivered_product("API_AGENTS")
    service = service_of(product)
    list_new_version(product, endpoint="https://new.qingxie.example/v2")
    assert "https://new.qingxie.example/v2" in page(service)


@pytest.mark.slow
def test_keys_can_be_revoked_while_the_service_is_frozen_or_needs_none() -> None:
    """A leaked key must not return with the service."""
    service = service_of(delivered_product("API_AGENTS"))
    app_keys.create_key(service, "ci", by="buyer", now=NOW)
    address = f"/services/{service.pk}/keys/"
    freeze_service(service)
    assert f'href="{address}"' in page(service)
    client = browser(service.buyer)
    assert "not accepted while the service is not active" in client.get(address).content.decode()
    unfreeze_service(service)
    list_new_version(service.product, authentication="own")
    assert f'href="{address}"' in page(service)
    shown = client.get(address).content.decode()
    assert ("not active" in shown, "until you revoke them" in shown) == (False, True)
    refused = client.post(address, {"name": "another"}, follow=True)
    assert "no longer uses app keys" in refused.content.decode()
    key = AppKey.objects.get()
    client.post(f"{address}{key.pk}/revoke/")
    client.post(f"{address}{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert f'href="{address}"' not in page(service)
    page_text = page(service)
    assert (page_text.count("App key “ci” created"), page_text.count("App key “ci” revoked")) == (1, 1)


def test_advice_for_sellers_is_not_shown_to_buyers() -> None:
    assert "recommended" not in page(service_of(delivered_product("API_AGENTS")))


def test_bought_manifest_stays_after_many_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivered, "MAX_VERSIONS", 1)
    product = delivered_product("CONTAINER")
    make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    supervision = Supervision.objects.select_related("buyer", "subscription").get()
    for digest in "cd":
        list_new_version(product, images=f"registry.qingxie.example/shop/app:1.3@sha256:{digest * 64}")
    client = browser(supervision.buyer)
    answers = [client.get(f"/services/{supervision.subscription_id}/manifests/{n}.json").status_code for n in (1, 2, 3)]
    assert answers == [200, 404, 200]


def test_card_without_keys_offers_none() -> None:
    service = service_of(delivered_product("API_AGENTS", authentication="own"))
    assert "credentials of the seller" in page(service)
    assert f"/services/{service.pk}/keys/" not in page(service)
    assert browser(service.buyer).get(f"/services/{service.pk}/keys/").status_code == 404
    assert browser(service.buyer).post(f"/services/{service.pk}/keys/", {"name": "ci"}).status_code == 404


@pytest.mark.slow
def test_package_opens_no_service() -> None:
    """§3.2: it is used through the service on demand."""
    seller, buyer = seller_with_owner(), make_buyer()
    product = make_product(
        seller,
        product_type="API_GATEWAY",
        prices=(ON_DEMAND, PACKAGE),
        bound=False,
        answers=VALID_ANSWERS["API_GATEWAY"],
    )
    for mode in ("ON_DEMAND", "ON_DEMAND_PKG"):
        make_order(buyer, offer=make_offer(product, mode=mode), paid=True)
        react(now=NOW)
    base, package = Subscription.objects.order_by("pk")
    assert (base.status, package.status) == ("active", "active")
    assert ENDPOINT in page(base)
    assert ENDPOINT not in page(package)
    assert "by e-mail or text message" not in page(package)
    assert browser(buyer).get(f"/services/{package.pk}/keys/").status_code == 404


def test_usage_package_has_its_own_keys() -> None:
    """§3.2: its usage is counted for itself."""
    service = service_of(delivered_product("API_GATEWAY", price=USES))
    assert ENDPOINT in page(service)
    assert f'href="/services/{service.pk}/keys/"' in page(service)


@pytest.mark.slow
def test_manifest_follows_the_delivery_and_has_a_history() -> None:
    """§2.1, §2.10: a container is available from the payment; its images are named by digest."""
    product = delivered_product("CONTAINER")
    make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    supervision = Supervision.objects.select_related("buyer", "seller", "subscription").get()
    service, client = supervision.subscription, browser(supervision.buyer)
    first = f"/services/{service.pk}/manifests/1.json"
    assert f'href="{first}"' in client.get(f"/supervision/{supervision.pk}/").content.decode()
    manifest = json.loads(client.get(first).content)
    assert [image["reference"] for image in manifest["images"]] == [APP.replace(":1.2@", "@"), DATABASE]
    assert manifest["images"][0]["tag"] == "1.2"
    assert manifest["install"] == {"zh": "运行 docker pull。", "en": "Run docker pull."}
    perform(supervision, B, Act.ACCEPT)
    assert f'href="{first}"' in page(service)
    assert "<p>Run docker pull.</p>" in page(service)
    assert "<p>运行 docker pull。</p>" in page(service, "zh-hans")
    moved = f"registry.qingxie.example/shop/app:1.3@sha256:{'c' * 64}"
    list_new_version(product, images=moved)
    second = f"/services/{service.pk}/manifests/2.json"
    assert second in page(service)
    assert first in page(service)
    assert json.loads(client.get(second).content)["images"][0]["digest"] == f"sha256:{'c' * 64}"
    assert client.get(f"/services/{service.pk}/manifests/3.json").status_code == 404
    later = make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    subscription = Subscription.objects.get(order_lines__order=later)
    assert browser(subscription.buyer).get(f"/services/{subscription.pk}/manifests/1.json").status_code == 404, (
        "from before its purchase"
    )
    assert browser(make_buyer()).get(first).status_code == 404
    service.refresh_from_db()
    freeze_service(service)
    assert client.get(first).status_code == 404
    unfreeze_service(service)
    end_service(service)
    assert client.get(first).status_code == 404


def test_manifest_of_an_orchestration_comes_with_its_delivery() -> None:
    product = delivered_product("APP_ORCHESTRATION")
    make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    supervision = Supervision.objects.select_related("buyer", "seller", "subscription").get()
    address, client = f"/services/{supervision.subscription_id}/manifests/1.json", browser(supervision.buyer)
    assert client.get(address).status_code == 404
    perform(supervision, S, Act.DELIVER)
    assert client.get(address).status_code == 200
    perform(supervision, B, Act.ACCEPT)
    assert client.get(address).status_code == 200


def test_renewal_extends_the_service_and_its_end_closes_it() -> None:
    """§4.4, §4.5: no seller is called. The files are closed by the freeze, open again after the renewal, and removed at
    the end."""
    now = NOW
    service = service_of(delivered_product("AI_ASSET", price=MONTHLY))
    end = service.expires_at
    assert end is not None
    renewed(service, now=now)
    service.refresh_from_db()
    assert service.expires_at is not None
    assert service.expires_at > end
    address = f"/services/{service.pk}/files/{AssetVersion.objects.get().sha256}/"
    client = browser(service.buyer)
    for hours, status, answer in ((-1, "active", 200), (25, "frozen", 404), (1000, "released", 404)):
        passes(service.expires_at + timedelta(hours=hours))
        assert Subscription.objects.get(pk=service.pk).status == status
        assert client.get(address).status_code == answer
    assert not Call.objects.exists()
    assert ledger.verify().problems == ()


def test_renewal_unfreezes_a_service() -> None:
    service = service_of(delivered_product("AI_ASSET", price=MONTHLY))
    assert service.expires_at is not None
    address = f"/services/{service.pk}/files/{AssetVersion.objects.get().sha256}/"
    late = service.expires_at + timedelta(days=1, hours=1)
    passes(late)
    assert Subscription.objects.get(pk=service.pk).status == "frozen"
    renewed(Subscription.objects.get(pk=service.pk), now=late)
    assert Subscription.objects.get(pk=service.pk).status == "active"
    assert browser(service.buyer).get(address).status_code == 200


def test_downloaded_product_is_not_refunded() -> None:
    """§4.7: "AI asset, container, content service: none"."""
    service = service_of(delivered_product("AI_ASSET", price=MONTHLY))
    assert not possible_refunds(service, rules_now(), now=NOW).ways
    paid = {"agreed": "on", "way": "no_reason", "back": "10000"}
    browser(service.buyer).post(f"/services/{service.pk}/unsubscribe/", paid)
    assert Subscription.objects.get(pk=service.pk).status == "active"
    assert ledger.verify().problems == ()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["AI_ASSET", "API_GATEWAY", "API_AGENTS"])
def test_stopped_product_is_not_sold_and_its_services_continue(kind: str) -> None:
    """§2.8: "existing instances keep running until expiry"."""
    product = delivered_product(kind)
    service = service_of(product)
    stop(product, reason="Discontinued.", actor="operator", now=NOW)
    assert page(service).count("<section") > 1
    shown = page(service)
    assert ENDPOINT in shown or "model.zip" in shown
    with pytest.raises(Refused):
        make_order(make_buyer(), offer=make_offer(product))
