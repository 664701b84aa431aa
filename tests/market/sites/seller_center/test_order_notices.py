"""Order notifications on the seller's pages: binding, debugging and monitoring, in both languages (saas-v1-license D1)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.people import make_member
from tests.factories.products import ONCE
from tests.market.engine import LOST, answer, react
from tests.market.sites.seller_center.shops import Shop, enter
from tradepost.market.base import clock
from tradepost.market.catalog import grants
from tradepost.market.identity import keys
from tradepost.market.identity.menus import DEVELOPER
from tradepost.market.identity.models import SigningKey
from tradepost.market.production import notice_bindings
from tradepost.market.production.models import Address, Call, NoticeBinding
from tradepost.market.production.trial_call import harmless_command
from tradepost.protocols.commands import NotifyOrder
from tradepost.protocols.registry import protocol

LANGUAGES = ("en", "zh-hans")


def words(page: Client, path: str, language: str = "en") -> str:
    page.cookies["django_language"] = language
    answer = page.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def hardware(shop: Shop):
    return make_product(
        shop.seller, product_type="HARDWARE", prices=(ONCE,), bound=False, name="交换机", name_en="Switch"
    )


def bindings() -> set[tuple[str, int | None, int]]:
    return set(NoticeBinding.objects.values_list("product_type", "product", "address"))


@pytest.mark.parametrize(("language", "title"), [("en", "Order notification"), ("zh-hans", "订单通知")])
def test_form_offers_the_protocol_for_every_type_except_images(page, shop, language, title) -> None:
    product = hardware(shop)
    image = make_product(shop.seller, product_type="SAAS", bound=False)
    type(image).objects.filter(pk=image.pk).update(product_type="IMAGE")
    offered = f'<option value="order_notice">{title}</option>'
    for path in ("/seller/addresses/new/", f"/seller/addresses/new/?product={product.pk}"):
        assert offered in words(page, path, language).replace(" selected", "")
    assert offered not in words(page, f"/seller/addresses/new/?product={image.pk}", language)


def test_registering_for_a_product_notifies_it_and_serves_nothing(page, shop) -> None:
    product = hardware(shop)
    form = {"url": "http://127.0.0.1:9000/notices", "protocol": "order_notice", "product": str(product.pk)}
    assert page.post("/seller/addresses/new/", form).status_code == 302
    address = Address.objects.get(seller=shop.seller)
    assert bindings() == {("", product.pk, address.pk)}
    assert not hasattr(type(product).objects.get(pk=product.pk), "binding")


def test_type_and_product_are_bound_changed_and_unbound(page, shop) -> None:
    product = hardware(shop)
    first, second = (make_address(shop.seller, protocol="order_notice") for _ in range(2))
    by_type, by_product = "/seller/addresses/notices/HARDWARE/", f"/seller/products/{product.pk}/notices/"
    shown = words(page, "/seller/addresses/")
    assert (by_type in shown, by_product in shown) == (True, True)
    assert page.post(by_type, {"address": first.pk}).status_code == 302
    assert "Same as the product type" in words(page, "/seller/addresses/")
    page.post(by_product, {"address": second.pk})
    assert bindings() == {("HARDWARE", None, first.pk), ("", product.pk, second.pk)}
    page.post(by_product, {"address": first.pk})
    page.post(by_type, {"address": second.pk})
    assert bindings() == {("HARDWARE", None, second.pk), ("", product.pk, first.pk)}
    for path in (by_type, by_product):
        page.post(path, {"address": ""})
    assert bindings() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_address_lists_its_notified_types_and_products(page, shop, language) -> None:
    product = hardware(shop)
    address = make_address(shop.seller, protocol="order_notice")
    notice_bindings.bind_type(shop.seller, "CONSULTING", address)
    notice_bindings.bind_product(product, address)
    shown = ""
    for path in ("/seller/addresses/", f"/seller/addresses/{address.pk}/"):
        shown = words(page, path, language)
        assert {"en": "Product type: Consulting", "zh-hans": "接入类型："}[language] in shown
        assert {"en": "Switch", "zh-hans": "交换机"}[language] in shown
    assert {
        "en": "You can delete it when it serves no products and receives no order notifications",
        "zh-hans": "不用于订单通知",
    }[language] in shown
    assert 'name="require_body_sign"' not in shown
    page.post(f"/seller/addresses/{address.pk}/", {"url": "http://127.0.0.1:9001/n"})
    address.refresh_from_db()
    assert (address.url, address.require_body_sign) == ("http://127.0.0.1:9001/n", True)


def test_objects_of_other_sellers_are_not_found_and_nothing_is_stored(page, shop) -> None:
    product, other = hardware(shop), make_seller()
    foreign = make_address(other, protocol="order_notice")
    theirs = make_product(other, product_type="HARDWARE", prices=(ONCE,), bound=False)
    own = make_address(shop.seller, protocol="order_notice")
    saas = make_address(shop.seller)
    refused = {
        (f"/seller/products/{product.pk}/notices/", foreign.pk): 422,
        (f"/seller/products/{theirs.pk}/notices/", own.pk): 404,
        ("/seller/addresses/notices/HARDWARE/", foreign.pk): 422,
        ("/seller/addresses/notices/HARDWARE/", "9" * 30): 422,
        ("/seller/addresses/notices/IMAGE/", own.pk): 409,
        ("/seller/addresses/notices/HARDWARE/", saas.pk): 409,
    }
    for (path, address), status in refused.items():
        assert page.post(path, {"address": address}).status_code == status, path
    assert bindings() == set()


@pytest.mark.parametrize(("language", "reason"), [("en", "granted to other members"), ("zh-hans", "授权给了其他成员")])
def test_member_cannot_redirect_notifications_of_products_granted_to_others(shop, language, reason) -> None:
    """business-rules §1.7: "needs the menu permission … and the product grant"."""
    product, address = hardware(shop), make_address(shop.seller, protocol="order_notice")
    holder, other = (make_member(shop.seller, make_buyer(balance="0"), DEVELOPER) for _ in range(2))
    grants.grant(holder, [product], by="owner", now=clock.now())
    hardware(shop)  # granted to nobody; the other member sees the type because of it
    path = "/seller/addresses/notices/HARDWARE/"
    page = enter(other.user)
    for choice in (address.pk, ""):
        notice_bindings.bind_type(shop.seller, "HARDWARE", None if choice else address)
        before = bindings()
        page.cookies["django_language"] = language
        answer = page.post(path, {"address": choice})
        assert (answer.status_code, bindings()) == (403, before)
        assert reason in answer.content.decode()
    assert path not in words(page, "/seller/addresses/", language)
    for member in (holder.user, shop.owner):
        assert path in words(enter(member), "/seller/addresses/", language)
        assert enter(member).post(path, {"address": address.pk}).status_code == 302
    assert bindings() == {("HARDWARE", None, address.pk)}


@pytest.mark.parametrize(("language", "words_shown"), [("en", "is probed twice a day"), ("zh-hans", "每天拨测两次")])
def test_page_explains_the_effect_of_a_saved_case(page, shop, language, words_shown) -> None:
    """saas-v2 §6 probes saved cases; saas-v1-license D1 has no such rule, as the page explains."""
    hardware(shop)
    assert words_shown in words(page, "/seller/addresses/", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_call_is_followed_and_restarted_on_its_pages(page, shop, language) -> None:
    product, now = hardware(shop), clock.now()
    keys.rotate_signing_key(shop.seller, SigningKey.InterfaceClass.NOTICE, now=now)
    notice_bindings.bind_product(product, make_address(shop.seller, protocol="order_notice"))
    order = make_order(make_buyer(now=now), offer=make_offer(product), paid=True, now=now)
    react(now=now)
    call = Call.objects.get()
    answer(call, LOST, now=now, last=True)
    react(now=now)
    at = f"/seller/messages/{call.pk}/"
    shown = words(page, at, language)
    assert f'action="{at}restart/"' in shown
    assert order.number in words(page, "/seller/messages/?activity=orderNotify", language)
    line = order.lines.get().number
    assert f"/seller/messages/{call.pk}/" in words(page, f"/seller/orders/{line}/", language)
    assert page.post(f"{at}restart/").status_code == 302
    assert (Call.objects.get().outcome, Call.objects.get().restart) == ("", True)


def test_address_is_tested_with_a_harmless_call(page, shop) -> None:
    """The button *Test*, and the trial of a staged key, need a request that this protocol supports."""
    assert harmless_command(protocol("order_notice")) == NotifyOrder(
        order_id="TRADEPOSTTEST", order_line_id="TRADEPOSTTEST-000001", test=True
    )


def test_keys_page_names_products_affected_by_a_new_key(page, shop) -> None:
    product, other = hardware(shop), make_product(shop.seller, product_type="CONSULTING", prices=(ONCE,), bound=False)
    keys.rotate_signing_key(shop.seller, SigningKey.InterfaceClass.NOTICE, now=clock.now())
    notice_bindings.bind_product(product, make_address(shop.seller, protocol="order_notice"))
    shown = words(page, "/seller/keys/")
    assert (">Switch<" in shown.replace("> ", ">").replace(" <", "<"), other.name_en in shown) == (True, False)
