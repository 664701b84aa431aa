"""Every page of the seller center and of the console declares its access (issue 9, must show 5)."""

from __future__ import annotations

import pytest
from django.urls import URLPattern

from tests.factories import buying, people, products
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.catalog import grants
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import DEVELOPER, Menu
from tradepost.market.sites.console.urls import urlpatterns as console
from tradepost.market.sites.seller_center.access import Requirement
from tradepost.market.sites.seller_center.join import LINK_HOLDERS
from tradepost.market.sites.seller_center.urls import urlpatterns as seller_center
from tradepost.market.web.access import BUYERS, OPERATORS, declared_access

NOT_OF_MEMBERS = {"join": LINK_HOLDERS, "enter": BUYERS}
"""Pages for becoming a member, or a seller."""


@pytest.mark.parametrize("page", seller_center, ids=lambda page: str(page.pattern) or "overview")
def test_page_of_the_seller_center_names_its_menu(page: URLPattern) -> None:
    needs = declared_access(page.callback)
    if page.name in NOT_OF_MEMBERS:
        assert needs == NOT_OF_MEMBERS[page.name]
        return
    assert isinstance(needs, Requirement), "decorate it with @seller_page(menu=…)"
    assert needs.menu in Menu, "a page that declares nothing is for owners alone: name its menu"
    of_a_product = str(page.pattern).startswith(("products/<", "probes/<"))
    assert bool(needs.product) == of_a_product, "a page of one product names its argument: the grant counts"
    assert needs.product in {"", *page.pattern.converters}


BY_ITS_LINK = {"operator_join"}
"""Opened by the token in its address, before the person is an operator."""


@pytest.mark.parametrize(
    "page", [page for page in console if page.name not in BY_ITS_LINK], ids=lambda page: str(page.pattern) or "overview"
)
def test_page_of_the_console_is_for_operators(page: URLPattern) -> None:
    assert declared_access(page.callback) == OPERATORS


# --- business-rules §1.7: "needs the menu permission and the product grant" ---


@pytest.mark.django_db
def test_granted_product_is_visible_only_to_its_member_and_the_owner() -> None:
    shop = make_shop()
    product, address = products.make_product(shop.seller, bound=False), people.make_address(shop.seller)
    holder, other = (people.make_member(shop.seller, people.make_buyer(balance="0"), DEVELOPER) for _ in range(2))
    path, form = f"/seller/products/{product.pk}/bind/", {"address": address.pk}
    assert enter(other.user).post(path, form).status_code == 302

    grants.grant(holder, [product], by="owner", now=people.NOW)

    assert enter(other.user).post(path, form).status_code == 404
    assert product.name_en not in enter(other.user).get("/seller/addresses/").content.decode()
    assert enter(holder.user).post(path, form).status_code == 302
    assert enter(shop.owner).post(path, form).status_code == 302


@pytest.mark.django_db
def test_grant_without_the_menu_opens_nothing() -> None:
    shop = make_shop()
    product, address = products.make_product(shop.seller, bound=False), people.make_address(shop.seller)
    group = people.make_group(shop.seller, products="write")
    holder = people.make_member(shop.seller, people.make_buyer(balance="0"), group)
    grants.grant(holder, [product], by="owner", now=people.NOW)
    answer = enter(holder.user).post(f"/seller/products/{product.pk}/bind/", {"address": address.pk})
    assert answer.status_code == 403
    assert not hasattr(Product.objects.get(pk=product.pk), "binding")


@pytest.mark.django_db
def test_product_is_granted_to_one_member() -> None:
    shop = make_shop()
    first_member, second_member = (
        people.make_member(shop.seller, people.make_buyer(balance="0"), DEVELOPER) for _ in range(2)
    )
    a, b = (products.make_product(shop.seller) for _ in range(2))
    grants.grant(first_member, [a, b], by="owner", now=people.NOW)
    grants.grant(second_member, [b], by="owner", now=people.NOW)
    assert (grants.granted_to(first_member), grants.granted_to(second_member)) == ([a], [b])
    grants.grant(first_member, [], by="owner", now=people.NOW)
    assert grants.holder_of(a) is None


# --- menus ---


@pytest.mark.django_db
def test_member_sees_the_menus_of_its_groups_and_the_name_of_a_missing_one() -> None:
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
    assert "tp-checklist" not in overview
    assert refused.status_code == 403
    assert "do not include the menu “Interface tools”" in refused.content.decode()
    assert page.get("/seller/orders/").status_code == 200


@pytest.mark.django_db
def test_removed_member_is_locked_out_at_the_next_request() -> None:
    shop = make_shop()
    member = people.make_member(shop.seller, people.make_buyer(balance="0"), DEVELOPER)
    page = enter(member.user)
    assert page.get("/seller/").status_code == 200
    enter(shop.owner).post(f"/seller/members/{member.pk}/remove/")
    assert page.get("/seller/").status_code == 404
