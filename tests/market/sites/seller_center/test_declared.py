"""Every page of the seller center and of the console says who may enter (issue 9, must show 5)."""

from __future__ import annotations

import pytest
from django.urls import URLPattern

from tests.factories import buying, people, products
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.catalog import grants
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import DEVELOPER, Menu
from tradepost.market.sites.console.urls import urlpatterns as console
from tradepost.market.sites.seller_center.access import Needs
from tradepost.market.sites.seller_center.join import ANYBODY
from tradepost.market.sites.seller_center.urls import urlpatterns as seller_center
from tradepost.market.web.access import BUYERS, OPERATORS, declared

NOT_OF_MEMBERS = {"join": ANYBODY, "enter": BUYERS}
"""Pages by which one becomes a member, or a seller."""


@pytest.mark.parametrize("page", seller_center, ids=lambda page: str(page.pattern) or "overview")
def test_a_page_of_the_seller_center_names_its_menu(page: URLPattern) -> None:
    needs = declared(page.callback)
    if page.name in NOT_OF_MEMBERS:
        assert needs == NOT_OF_MEMBERS[page.name]
        return
    assert isinstance(needs, Needs), "decorate it with @seller_page(menu=…)"
    assert needs.menu in Menu, "a page that declares nothing is for owners alone: name its menu"
    of_a_product = str(page.pattern).startswith(("products/<", "probes/<"))
    assert bool(needs.product) == of_a_product, "a page of one product names its argument: the grant counts"
    assert needs.product in {"", *page.pattern.converters}


@pytest.mark.parametrize("page", console, ids=lambda page: str(page.pattern) or "overview")
def test_a_page_of_the_console_is_for_operators(page: URLPattern) -> None:
    assert declared(page.callback) == OPERATORS


# --- business-rules §1.7: "needs the menu permission and the product grant" ---


@pytest.mark.django_db
def test_a_granted_product_exists_for_its_member_and_the_owner_alone() -> None:
    shop = make_shop()
    product, address = products.make_product(shop.seller, bound=False), people.make_address(shop.seller)
    holder, other = (people.make_member(shop.seller, people.make_buyer(balance="0"), DEVELOPER) for _ in range(2))
    path, given = f"/seller/products/{product.pk}/bind/", {"address": address.pk}
    assert enter(other.user).post(path, given).status_code == 302

    grants.grant(holder, [product], by="owner", now=people.NOW)

    assert enter(other.user).post(path, given).status_code == 404
    assert product.name_en not in enter(other.user).get("/seller/addresses/").content.decode()
    assert enter(holder.user).post(path, given).status_code == 302
    assert enter(shop.owner).post(path, given).status_code == 302


@pytest.mark.django_db
def test_a_grant_without_the_menu_opens_nothing() -> None:
    shop = make_shop()
    product, address = products.make_product(shop.seller, bound=False), people.make_address(shop.seller)
    group = people.make_group(shop.seller, products="write")
    holder = people.make_member(shop.seller, people.make_buyer(balance="0"), group)
    grants.grant(holder, [product], by="owner", now=people.NOW)
    answer = enter(holder.user).post(f"/seller/products/{product.pk}/bind/", {"address": address.pk})
    assert answer.status_code == 403
    assert not hasattr(Product.objects.get(pk=product.pk), "binding")


@pytest.mark.django_db
def test_a_product_has_one_member() -> None:
    shop = make_shop()
    one, two = (people.make_member(shop.seller, people.make_buyer(balance="0"), DEVELOPER) for _ in range(2))
    a, b = (products.make_product(shop.seller) for _ in range(2))
    grants.grant(one, [a, b], by="owner", now=people.NOW)
    grants.grant(two, [b], by="owner", now=people.NOW)
    assert (grants.granted_to(one), grants.granted_to(two)) == ([a], [b])
    grants.grant(one, [], by="owner", now=people.NOW)
    assert grants.holder_of(a) is None


# --- menus ---


@pytest.mark.django_db
def test_a_member_sees_the_menus_of_its_groups_and_is_told_which_is_missing() -> None:
    shop = make_shop()
    trader = people.make_member(
        shop.seller, people.make_buyer(balance="0"), people.make_group(shop.seller, trade="read")
    )
    order = buying.make_order(offer=products.make_offer(products.make_product(shop.seller)), paid=True)
    page = enter(trader.user)

    overview = page.get("/seller/").content.decode()
    refused = page.get("/seller/keys/")

    assert order.number in overview
    assert "Keys" not in overview
    assert "Three steps" not in overview
    assert refused.status_code == 403
    assert "do not open the menu “Interface tools”" in refused.content.decode()
    assert page.get("/seller/orders/").status_code == 200


@pytest.mark.django_db
def test_who_is_removed_is_out_with_the_next_request() -> None:
    shop = make_shop()
    member = people.make_member(shop.seller, people.make_buyer(balance="0"), DEVELOPER)
    page = enter(member.user)
    assert page.get("/seller/").status_code == 200
    enter(shop.owner).post(f"/seller/members/{member.pk}/remove/")
    assert page.get("/seller/").status_code == 404
