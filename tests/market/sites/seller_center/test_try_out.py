"""The page to try things by hand: what it offers, what it asks, and that a real market has none of it."""

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
from tradepost.market.identity.menus import VIEWER
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.sites.seller_center import try_out
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, InstanceInfo, UsageInfo

SPEC = make_spec(SEATS, name="标准版", name_en="Standard")


def held(shop, *, age: timedelta = timedelta(days=1)) -> Subscription:
    then = clock.now() - age
    product = products.make_product(shop.seller, specs=(SPEC,), now=then)
    order = buying.make_order(offer=products.make_offer(product), paid=True, now=then)
    return buying.make_subscription(order, now=then)


def test_before_anything_was_bought_it_says_what_to_do(page, shop):
    product = products.make_product(shop.seller)
    text = page.get("/seller/try/").content.decode()
    assert "Nothing was bought yet" in text
    assert f"/products/{product.slug}/" in text


def test_a_service_shows_with_the_acts_of_its_protocol(page, shop):
    subscription = held(shop)
    answer = page.get("/seller/try/")
    [one] = answer.context["trials"]
    assert one["acts"] == {"renew", "freeze", "upgrade", "renew_changed", "release"}
    text = answer.content.decode()
    assert subscription.instance_id in text
    assert "Renew by 1 month" in text
    assert "hx-get" not in text.split("<main", 1)[-1], "nothing is under way"


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
        ("en", ["on demand", "package of 10,000 calls · month", "Query the usage", "not asked yet"]),
        ("zh-hans", ["按需", "套餐包 10,000 次调用 · 月", "查询用量", "尚未查询"]),
    ],
)
def test_what_is_charged_by_usage_can_be_queried_and_says_what_is_missing(page, shop, language, words):
    """saas-v2 §3.2: usageInfo is required for on demand and packages; a package names what it is deducted from."""
    page.cookies["django_language"] = language
    opened, package = metered(shop)
    answer = page.get("/seller/try/")
    assert [one["acts"] for one in answer.context["trials"]] == [{"query", "freeze", "release"}] * 2
    text = re.sub(r"\s+", " ", answer.content.decode())
    assert [word for word in words if word not in text] == []
    for usage, said in (
        ((), {"en": "Your server's answer has none", "zh-hans": "您的服务器没有返回"}),
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
        assert said[language] in text


def test_what_a_package_is_deducted_from_is_not_released_first(page, shop):
    opened, _package = metered(shop)
    answer = page.post(f"/seller/try/{opened.pk}/", {"act": "release"}, follow=True)
    assert "release the package first" in answer.content.decode()
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
def test_a_button_asks_the_server_and_the_page_follows(page, shop, data, kind):
    subscription = held(shop)
    answer = page.post(f"/seller/try/{subscription.pk}/", data | {"offer": str(subscription.offer_id)}, follow=True)
    [call] = Call.objects.all()
    assert call.kind == kind
    text = answer.content.decode()
    assert f"Asked of your server: {call.activity}." in text
    assert f"/seller/messages/{call.pk}/" in text
    assert "A call is under way" in text
    assert f'hx-select="#sc-s{subscription.pk}"' in text
    assert 'value="freeze"' not in text


def test_it_says_whose_services_they_are_and_what_release_does_to_their_buyers(page, shop):
    """A sandbox has other accounts, too."""
    product = products.make_product(shop.seller, specs=(SPEC,))
    buyer = people.make_buyer(company="蓝天贸易")
    foreign = buying.make_subscription(buying.make_order(buyer, offer=products.make_offer(product), paid=True))
    text = re.sub(r"\s+", " ", page.get("/seller/try/").content.decode())
    assert "Bought by another account" in text
    assert "Release deletes the service of 蓝天贸易." in text
    assert f"Release {product.name_en} ({foreign.instance_id})?" in text
    assert "This is the service of 蓝天贸易, not a purchase of your own" in text
    assert "bought by other accounts of this sandbox" in text


def test_a_purchase_of_the_sellers_own_needs_no_warning(page, shop):
    product = products.make_product(shop.seller, specs=(SPEC,))
    offer = products.make_offer(product)
    ledger.top_up(shop.owner, Money.of(1000, "CNY"), reference="B-own", actor="operator", now=NOW)
    own = buying.make_subscription(buying.make_order(shop.owner, offer=offer, paid=True))
    text = re.sub(r"\s+", " ", page.get("/seller/try/").content.decode())
    assert "Your own test purchase" in text
    assert "Release deletes the service of" not in text
    assert "bought by other accounts of this sandbox" not in text
    assert f"Release {product.name_en} ({own.instance_id})?" in text


def test_a_refusal_is_told_and_nothing_asked(page, shop):
    subscription = held(shop)
    path = f"/seller/try/{subscription.pk}/"
    same = page.post(path, {"act": "upgrade", "offer": subscription.offer_id, "quantity": "1"}, follow=True)
    assert "Choose another edition or another quantity." in same.content.decode()
    none = page.post(path, {"act": "upgrade", "offer": "x", "quantity": ""}, follow=True)
    assert "Choose what to change to, and a quantity." in none.content.decode()
    assert page.post(path, {"act": "destroy"}).status_code == 404
    assert not Call.objects.exists()


def test_what_cannot_begin_any_more_is_told_as_refused(page, shop):
    """business-rules §4.4: after the retention nothing is renewed."""
    subscription = held(shop, age=timedelta(days=60))
    answer = page.post(f"/seller/try/{subscription.pk}/", {"act": "renew"}, follow=True)
    text = answer.content.decode()
    assert "The time to renew this service is over" in text
    assert "Done in the market alone" not in text
    assert not Call.objects.exists()


def test_offers_of_other_sellers_do_not_exist(page, shop, other_shop):
    subscription, foreign = held(shop), held(other_shop)
    data = {"act": "upgrade", "offer": str(foreign.offer_id), "quantity": "4"}
    assert page.post(f"/seller/try/{subscription.pk}/", data).status_code == 404
    assert page.post(f"/seller/try/{foreign.pk}/", {"act": "freeze"}).status_code == 404
    assert not Call.objects.exists()


def test_a_viewer_sees_no_buttons(db):
    shop = make_shop(VIEWER)
    subscription = held(shop)
    viewer = enter(shop.owner)
    assert 'name="act"' not in viewer.get("/seller/try/").content.decode()
    assert viewer.post(f"/seller/try/{subscription.pk}/", {"act": "freeze"}).status_code == 403
    assert not Call.objects.exists()


def test_it_speaks_chinese(page, shop):
    held(shop)
    page.cookies["django_language"] = "zh-hans"
    text = page.get("/seller/try/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "续费 1 个月" in text
    assert "变更并续费" in text


def test_a_real_market_has_no_such_page(page, shop, monkeypatch):
    subscription = held(shop)
    monkeypatch.setattr(try_out, "config", lambda: config().model_copy(update={"sandbox": False}))
    assert page.get("/seller/try/").status_code == 404
    assert page.post(f"/seller/try/{subscription.pk}/", {"act": "freeze"}).status_code == 404
    assert not Call.objects.filter(state=State.WAITING).exists()


def test_a_freeze_that_nobody_was_asked_for_says_so(page, shop):
    """business-rules §17.4: on demand only who saved a case of updateInstanceStatus is asked."""
    opened, _package = metered(shop)
    said = page.post(f"/seller/try/{opened.pk}/", {"act": "freeze"}, follow=True).content.decode()
    assert "your server was not asked, since no case of updateInstanceStatus is saved" in said
    assert "the seller&#x27;s interface was not asked" in said or "the seller's interface was not asked" in said
    assert not Call.objects.exists()
