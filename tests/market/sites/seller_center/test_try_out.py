"""The page for manual trials: its offers and inputs; a real market does not have it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, buying, people, products
from tests.factories.products import SEATS, make_spec
from tests.market import engine
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer, Sku
from tradepost.market.identity.menus import VIEWER
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.sites.seller_center import try_out
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, InstanceInfo, UsageInfo

SPEC = make_spec(SEATS, name="标准版", name_en="Standard")


def make_service(shop, *, age: timedelta = timedelta(days=1)) -> Subscription:
    then = clock.now() - age
    product = products.make_product(shop.seller, specs=(SPEC,), now=then)
    order = buying.make_order(offer=products.make_offer(product), paid=True, now=then)
    return buying.make_subscription(order, now=then)


def test_page_without_a_purchase_gives_instructions(page, shop):
    product = products.make_product(shop.seller)
    text = page.get("/seller/try/").content.decode()
    assert "No purchases yet" in text
    assert f"/products/{product.slug}/" in text


def test_service_is_listed_with_the_acts_of_its_protocol(page, shop):
    subscription = make_service(shop)
    answer = page.get("/seller/try/")
    [trial] = answer.context["trials"]
    assert trial["acts"] == {"renew", "freeze", "upgrade", "renew_changed", "release"}
    text = answer.content.decode()
    assert subscription.instance_id in text
    assert "Renew by 1 month" in text
    assert "hx-get" not in text.split("<main", 1)[-1], "nothing is under way"


@pytest.mark.parametrize(("most", "offered"), [(1, False), (2, True)])
def test_change_is_offered_if_there_is_another_price_or_quantity(page, shop, most, offered):
    """The form of a service with one price and one quantity was always refused."""
    subscription = make_service(shop)
    Offer.objects.exclude(pk=subscription.offer_id).update(on_sale=False)
    Sku.objects.filter(pk=subscription.offer.sku_id).update(quantity_min=1, quantity_max=most)
    [trial] = page.get("/seller/try/").context["trials"]
    assert trial["changes"] is offered


def metered(shop) -> tuple[Subscription, Subscription]:
    product = products.make_product(shop.seller, prices=(products.ON_DEMAND, products.PACKAGE))
    buyer = people.make_buyer()
    opened, package = (
        buying.make_subscription(buying.make_order(buyer, offer=products.make_offer(product, mode=mode), paid=True))
        for mode in ("ON_DEMAND", "ON_DEMAND_PKG")
    )
    return opened, package


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["on demand", "package of 10,000 calls · month", "Query the usage", "not queried yet"]),
        ("zh-hans", ["按需", "套餐包 10,000 次调用 · 月", "查询用量", "尚未查询"]),
    ],
)
def test_metered_service_can_be_queried_and_missing_values_are_named(page, shop, language, words):
    """saas-v2 §3.2: usageInfo is required for on demand and packages; a package names its deduction source."""
    page.cookies["django_language"] = language
    opened, package = metered(shop)
    answer = page.get("/seller/try/")
    assert [trial["acts"] for trial in answer.context["trials"]] == [{"query", "freeze", "release"}] * 2
    text = re.sub(r"\s+", " ", answer.content.decode())
    assert [word for word in words if word not in text] == []
    for usage, expected in (
        (
            (),
            {
                "en": "Missing from your server's response. queryInstance must return the usage of services charged by usage",
                "zh-hans": "您的服务器没有返回",
            },
        ),
        (
            (UsageInfo(value=Decimal(3), at=NOW),),
            {"en": "relatedInstanceId is missing", "zh-hans": "缺少 relatedInstanceId"},
        ),
        (
            (UsageInfo(value=Decimal(3), at=NOW, related_instance_id=opened.instance_id),),
            {"en": f'relatedInstanceId <span class="tp-id">{opened.instance_id}</span>', "zh-hans": "3 次调用"},
        ),
    ):
        answered = Done(instances=(InstanceInfo(instance_id=package.instance_id, usage=usage),))
        page.post(f"/seller/try/{package.pk}/", {"act": "query"})
        engine.answer(Call.objects.latest("pk"), answered, now=NOW)
        engine.react(now=NOW)
        text = html.unescape(re.sub(r"\s+", " ", page.get("/seller/try/").content.decode()))
        assert expected[language] in text


def test_service_with_a_package_cannot_be_released_first(page, shop):
    opened, _package = metered(shop)
    answer = page.post(f"/seller/try/{opened.pk}/", {"act": "release"}, follow=True)
    assert "Release the package first" in answer.content.decode()
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"act": "renew"}, "Refresh"),
        ({"act": "freeze"}, "SetStatus"),
        ({"act": "release"}, "Release"),
        ({"act": "upgrade", "quantity": "4"}, "Upgrade"),
        ({"act": "renew_changed", "quantity": "4"}, "CheckChange"),
    ],
)
def test_button_calls_the_server_and_the_page_polls(page, shop, data, kind):
    subscription = make_service(shop)
    answer = page.post(f"/seller/try/{subscription.pk}/", data | {"offer": str(subscription.offer_id)}, follow=True)
    [call] = Call.objects.all()
    assert call.kind == kind
    text = answer.content.decode()
    assert f"Sent to your server: {call.activity}." in text
    assert f"/seller/messages/{call.pk}/" in text
    assert "A call is in progress. This page updates automatically" in text
    assert f'hx-select="#sc-s{subscription.pk}"' in text
    assert 'value="freeze"' not in text


def test_page_names_the_buyers_and_the_effect_of_a_release(page, shop):
    """A sandbox has other accounts too."""
    product = products.make_product(shop.seller, specs=(SPEC,))
    buyer = people.make_buyer(company="蓝天贸易")
    foreign = buying.make_subscription(buying.make_order(buyer, offer=products.make_offer(product), paid=True))
    text = re.sub(r"\s+", " ", page.get("/seller/try/").content.decode())
    assert "Bought by another account" in text
    assert "Release deletes the service of 蓝天贸易." in text
    assert f"Release {product.name_en} ({foreign.instance_id})?" in text
    assert "This service belongs to 蓝天贸易 and is not your own purchase" in text
    assert "Other accounts of this sandbox bought" in text


def test_own_purchase_of_the_seller_needs_no_warning(page, shop):
    product = products.make_product(shop.seller, specs=(SPEC,))
    offer = products.make_offer(product)
    ledger.top_up(shop.owner, Money.of(1000, "CNY"), reference="B-own", actor="operator", now=NOW)
    own = buying.make_subscription(buying.make_order(shop.owner, offer=offer, paid=True))
    text = re.sub(r"\s+", " ", page.get("/seller/try/").content.decode())
    assert "Your own test purchase" in text
    assert "Release deletes the service of" not in text
    assert "Other accounts of this sandbox bought" not in text
    assert f"Release {product.name_en} ({own.instance_id})?" in text


def test_refusal_is_shown_and_nothing_is_called(page, shop):
    subscription = make_service(shop)
    path = f"/seller/try/{subscription.pk}/"
    same = page.post(path, {"act": "upgrade", "offer": subscription.offer_id, "quantity": "1"}, follow=True)
    assert "Choose another edition or another quantity." in same.content.decode()
    none = page.post(path, {"act": "upgrade", "offer": "x", "quantity": ""}, follow=True)
    assert "Choose a target and a quantity." in none.content.decode()
    assert page.post(path, {"act": "destroy"}).status_code == 404
    assert not Call.objects.exists()


def test_impossible_act_is_shown_as_refused(page, shop):
    """business-rules §4.4: after the retention a service cannot be renewed."""
    subscription = make_service(shop, age=timedelta(days=60))
    answer = page.post(f"/seller/try/{subscription.pk}/", {"act": "renew"}, follow=True)
    text = answer.content.decode()
    assert "The renewal period has ended, so this service can no longer be renewed" in text
    assert "Done in the store only. The protocol of this product has no activity for it" not in text
    assert not Call.objects.exists()


def test_offers_of_other_sellers_are_not_found(page, shop, other_shop):
    subscription, foreign = make_service(shop), make_service(other_shop)
    data = {"act": "upgrade", "offer": str(foreign.offer_id), "quantity": "4"}
    assert page.post(f"/seller/try/{subscription.pk}/", data).status_code == 404
    assert page.post(f"/seller/try/{foreign.pk}/", {"act": "freeze"}).status_code == 404
    assert not Call.objects.exists()


def test_viewer_sees_no_buttons(db):
    shop = make_shop(VIEWER)
    subscription = make_service(shop)
    viewer = enter(shop.owner)
    assert 'name="act"' not in viewer.get("/seller/try/").content.decode()
    assert viewer.post(f"/seller/try/{subscription.pk}/", {"act": "freeze"}).status_code == 403
    assert not Call.objects.exists()


def test_page_is_in_chinese(page, shop):
    make_service(shop)
    page.cookies["django_language"] = "zh-hans"
    text = page.get("/seller/try/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "续费 1 个月" in text
    assert "变更并续费" in text


def test_real_market_has_no_such_page(page, shop, monkeypatch):
    subscription = make_service(shop)
    monkeypatch.setattr(try_out, "config", lambda: config().model_copy(update={"sandbox": False}))
    assert page.get("/seller/try/").status_code == 404
    assert page.post(f"/seller/try/{subscription.pk}/", {"act": "freeze"}).status_code == 404
    assert not Call.objects.filter(state=State.WAITING).exists()


def test_freeze_without_a_call_is_explained(page, shop):
    """business-rules §17.4: on demand, only sellers with a saved case of updateInstanceStatus are called."""
    opened, _package = metered(shop)
    text = page.post(f"/seller/try/{opened.pk}/", {"act": "freeze"}, follow=True).content.decode()
    assert "Your server was not called because no case of updateInstanceStatus is saved" in text
    assert (
        "the seller&#x27;s interface was not asked" in text
        or "Frozen in this store only. The seller's interface was not called because" in text
    )
    assert not Call.objects.exists()
