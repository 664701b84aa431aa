"""Only members of a seller may enter, only for their own seller, and a viewer cannot change anything."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import buying, people, products
from tests.market.sites.seller_center.shops import Shop, enter, make_shop
from tradepost.market.base.work import State
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import AccessKey, SigningKey
from tradepost.market.production.models import Address, Call

PAGES = [
    "/seller/",
    "/seller/orders/",
    "/seller/addresses/",
    "/seller/addresses/new/",
    "/seller/keys/",
    "/seller/messages/",
]


def call_of(shop: Shop, **fields: object) -> Call:
    product = products.make_product(shop.seller)
    order = buying.make_order(offer=products.make_offer(product), paid=True)
    return buying.make_call(order, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.django_db
def test_strangers_sign_in_first_and_buyers_find_nothing(path):
    assert Client().get(path).headers["Location"].startswith("/account/login/")
    assert enter(people.make_buyer()).get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_member_sees_each_page_even_without_data(page, path):
    answer = page.get(path)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].count("no-store") == 1


def test_objects_of_another_seller_are_not_found(page, other_shop):
    call = call_of(other_shop)
    product = call.product
    assert product is not None
    paths = [
        f"/seller/messages/{call.pk}/",
        f"/seller/messages/{call.pk}/live/",
        f"/seller/orders/{call.order_line_number}/",
        f"/seller/addresses/{call.address_id}/",
    ]

    assert [page.get(path).status_code for path in paths] == [404] * 4
    assert page.post(f"/seller/messages/{call.pk}/restart/").status_code == 404
    assert page.post(f"/seller/products/{product.pk}/bind/", {"address": call.address_id}).status_code == 404
    assert page.post(f"/seller/addresses/{call.address_id}/", {"url": "http://127.0.0.1/x"}).status_code == 404
    call.refresh_from_db()
    assert (call.restart, call.address.url) == (False, Address.objects.get(pk=call.address_id).url)


def test_access_key_of_another_seller_cannot_be_deleted(page, other_shop):
    from tradepost.market.identity import keys

    access_key = keys.create_access_key(other_shop.seller, by=other_shop.owner, now=people.NOW)

    assert page.post(f"/seller/keys/access/{access_key.key_id}/delete/").status_code == 404
    assert AccessKey.objects.get(access_key=access_key.key_id).valid_until is None


def test_product_cannot_be_bound_to_an_address_of_another_seller(page, shop, other_shop):
    product = products.make_product(shop.seller, bound=False)
    foreign = people.make_address(other_shop.seller)

    assert page.post(f"/seller/products/{product.pk}/bind/", {"address": foreign.pk}).status_code == 422
    assert not hasattr(product, "binding")


def test_lists_contain_only_the_sellers_own_rows(page, shop, other_shop):
    own, foreign = call_of(shop), call_of(other_shop)

    for path in ("/seller/messages/", "/seller/orders/", "/seller/"):
        text = page.get(path).content.decode()
        assert own.order_line_number in text
        assert foreign.order_line_number not in text


@pytest.mark.django_db
def test_viewer_reads_everything_and_changes_nothing():
    shop = make_shop(VIEWER)
    page = enter(shop.owner)
    call = call_of(shop, state=State.WAITING)
    key = SigningKey.objects.get(seller=shop.seller)
    posts = {
        f"/seller/messages/{call.pk}/restart/": {},
        "/seller/addresses/new/": {"url": "http://127.0.0.1/x", "protocol": "saas_v2"},
        f"/seller/addresses/{call.address_id}/": {"url": "http://127.0.0.1/y"},
        f"/seller/products/{call.product_id}/bind/": {"address": call.address_id},
        "/seller/keys/signing/base/": {"replaces": key.key_id},
        "/seller/keys/access/": {"living": ""},
        "/seller/keys/access/TP1/delete/": {},
    }

    for path, fields in posts.items():
        answer = page.post(path, fields)
        assert answer.status_code == 403, path
        assert "Your groups at" in answer.content.decode()
    for path in [*PAGES, f"/seller/messages/{call.pk}/", f"/seller/addresses/{call.address_id}/"]:
        text = page.get(path).content.decode()
        assert "/restart/" not in text
        assert "Create an access key" not in text
    call.refresh_from_db()
    assert (call.restart, SigningKey.objects.count(), AccessKey.objects.count()) == (False, 1, 0)
    assert [a.url for a in Address.objects.filter(seller=shop.seller)] == [call.address.url]


def test_post_without_csrf_token_is_refused(shop):
    client = Client(enforce_csrf_checks=True)
    client.force_login(shop.owner)

    assert client.post("/seller/keys/access/", {"living": ""}).status_code == 403
    assert AccessKey.objects.count() == 0


def test_member_of_several_sellers_switches_between_them(page, shop, other_shop):
    people.make_member(other_shop.seller, shop.owner, VIEWER)
    foreign = call_of(other_shop)
    assert page.get(f"/seller/messages/{foreign.pk}/").status_code == 404

    page.post("/seller/switch/", {"seller": other_shop.seller.pk})

    assert page.get(f"/seller/messages/{foreign.pk}/").status_code == 200
    assert page.post(f"/seller/messages/{foreign.pk}/restart/").status_code == 403


def test_member_cannot_switch_to_another_seller(page, other_shop):
    assert page.post("/seller/switch/", {"seller": other_shop.seller.pk}).status_code == 404
    assert page.post("/seller/switch/", {"seller": "x"}).status_code == 404
