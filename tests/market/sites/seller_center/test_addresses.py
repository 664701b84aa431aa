"""Addresses: refusals are shown beside their field, and the input is kept."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.factories import people, products
from tradepost.market.base import clock
from tradepost.market.production.models import Address, Binding


def form(**fields: object) -> dict[str, object]:
    return {
        "url": "http://127.0.0.1:9000/produce",
        "protocol": "saas_v2",
        "product": "",
        "require_body_sign": "on",
    } | fields


def test_address_is_registered_and_bound_to_the_product(page, shop):
    product = products.make_product(shop.seller, bound=False)

    answer = page.post("/seller/addresses/new/", form(product=product.pk))

    address = Address.objects.get(seller=shop.seller)
    assert answer.status_code == 302
    assert (address.url, address.protocol, address.require_body_sign) == (
        "http://127.0.0.1:9000/produce",
        "saas_v2",
        True,
    )
    assert Binding.objects.get(product=product).address == address


@pytest.mark.parametrize(("language", "shown", "other"), [("en", "Docs", "文档"), ("zh-hans", "文档", "Docs")])
def test_products_are_listed_by_their_name_in_the_readers_language(page, shop, language, shown, other):
    products.make_product(shop.seller, bound=False, name="文档", name_en="Docs")
    page.cookies["django_language"] = language

    text = page.get("/seller/addresses/new/").content.decode()

    assert re.search(rf"<option[^>]*>\s*{shown}\s*</option>", text)
    assert other not in text


def test_newest_interface_is_preselected(page, shop):
    text = page.get("/seller/addresses/new/").content.decode()

    assert re.findall(r'<option value="(saas_v\d)"', text) == ["saas_v2", "saas_v1"]
    assert not re.search(r'<option value="saas_v1"\s+selected', text)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://seller.example/x", "starts with http:// or https://"),
        ("http://user:pw@seller.example/x", "The address must not contain a user name"),
        ("https://[", "not a web address"),
    ],
)
def test_refused_address_is_explained_beside_the_field(page, shop, url, words):
    answer = page.post("/seller/addresses/new/", form(url=url))

    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert "id_url_error" in text
    assert f'value="{url}"' in text
    assert not Address.objects.filter(seller=shop.seller).exists()


def test_repeated_address_is_refused_and_its_product_stays_unbound(page, shop):
    people.make_address(shop.seller, url="http://127.0.0.1:9000/produce")
    product = products.make_product(shop.seller, bound=False)

    text = page.post("/seller/addresses/new/", form(product=product.pk)).content.decode()

    assert "registered this address already" in text
    assert Address.objects.filter(seller=shop.seller).count() == 1
    assert not Binding.objects.filter(product=product).exists()


def test_unavailable_protocol_is_refused(page, shop):
    answer = page.post("/seller/addresses/new/", form(protocol="gopher"))

    assert answer.status_code == 422
    assert not Address.objects.filter(seller=shop.seller).exists()


@pytest.mark.parametrize(("protocol", "stored"), [("saas_v1", "2"), ("saas_v2", "1")])
def test_seller_chooses_the_encryption_of_saas_v1(page, shop, protocol: str, stored: str) -> None:
    """saas-v1-license A1.4: 1 = AES-256, 2 = AES-128. Other protocols do not encrypt."""
    page.post("/seller/addresses/new/", form(protocol=protocol, encryption="2"))
    address = Address.objects.get(seller=shop.seller)
    assert address.encryption == stored
    offered = 'name="encryption"' in page.get(f"/seller/addresses/{address.pk}/").content.decode()
    assert offered is (protocol == "saas_v1")
    page.post(f"/seller/addresses/{address.pk}/", {"url": address.url, "encryption": "1"})
    address.refresh_from_db()
    assert address.encryption == "1"


def test_unknown_encryption_is_refused(page, shop) -> None:
    answer = page.post("/seller/addresses/new/", form(protocol="saas_v1", encryption="3"))
    assert answer.status_code != 302
    assert not Address.objects.filter(seller=shop.seller).exists()


def test_change_closes_the_breaker(page, shop):
    address = people.make_address(shop.seller)
    Address.objects.filter(pk=address.pk).update(breaker="open", failures=7, trial_at=people.NOW + timedelta(minutes=1))

    page.post(f"/seller/addresses/{address.pk}/", {"url": "http://127.0.0.1:9001/new"})

    address.refresh_from_db()
    assert (address.url, address.breaker, address.failures) == ("http://127.0.0.1:9001/new", "closed", 0)
    assert address.require_body_sign is False


def test_open_breaker_is_explained_with_its_next_trial(page, shop):
    address = people.make_address(shop.seller)
    at = clock.now() + timedelta(minutes=5)
    Address.objects.filter(pk=address.pk).update(breaker="open", failures=7, trial_at=at, last_fault="connect")

    for path in ("/seller/addresses/", f"/seller/addresses/{address.pk}/"):
        text = page.get(path).content.decode()
        assert "After 7 consecutive failures, calls are on hold" in text
        assert f"{at:%Y-%m-%d %H:%M:%S} UTC" in text
        assert "No connection to the server" in text
    assert "A production address does not respond" in page.get("/seller/").content.decode()


def test_overdue_trial_is_due_now(page, shop):
    """The worker creates it a moment later; until then, no page shows a past time."""
    address = people.make_address(shop.seller)
    Address.objects.filter(pk=address.pk).update(breaker="open", failures=7, trial_at=people.NOW, last_fault="connect")
    for path in ("/seller/addresses/", "/seller/"):
        text = " ".join(page.get(path).content.decode().split())
        assert "Next trial call: now" in text
        assert "2026-03-01 08:00:00 UTC" not in text


def test_product_moves_to_another_address(page, shop):
    product = products.make_product(shop.seller)
    other = people.make_address(shop.seller)

    page.post(f"/seller/products/{product.pk}/bind/", {"address": other.pk})

    assert Binding.objects.get(product=product).address == other


def test_product_on_sale_without_address_needs_attention(page, shop):
    products.make_product(shop.seller, bound=False, name_en="Lonely Docs")

    assert "Lonely Docs is on sale without a production address" in page.get("/seller/").content.decode()


def test_names_of_products_are_escaped(page, shop):
    products.make_product(shop.seller, bound=False, name_en="<script>alert(1)</script>")

    for path in ("/seller/", "/seller/addresses/", "/seller/addresses/new/"):
        assert "<script>alert(1)" not in page.get(path).content.decode()


def test_no_button_without_a_choice(page, shop):
    product = products.make_product(shop.seller)
    bind = f"/seller/products/{product.pk}/bind/"
    assert bind not in page.get("/seller/addresses/").content.decode(), "served by the only address there is"
    people.make_address(shop.seller)
    assert bind in page.get("/seller/addresses/").content.decode()


@pytest.mark.parametrize(
    ("protocol", "asks"),
    [
        ("saas_v2", True),
        ("license_v1", True),
        ("license_code", False),
        ("license_online", False),
        ("order_notice", False),
    ],
)
def test_signed_responses_are_required_by_protocols_that_define_them(page, shop, protocol, asks):
    """saas-v1-license §0: "Auth of response" of License 2.0, Online License and Order notification is "none documented"."""
    own = people.make_address(shop.seller, protocol=protocol)

    text = ""
    for language, words in (("zh-hans", "该协议未要求响应签名"), ("en", "Not part of this protocol")):
        page.cookies["django_language"] = language
        text = page.get(f"/seller/addresses/{own.pk}/").content.decode()
        assert (words in text) is not asks
        assert ('name="require_body_sign"' in text) is asks
    changed = page.post(f"/seller/addresses/{own.pk}/", {"url": own.url})
    own.refresh_from_db()
    assert (changed.status_code, own.require_body_sign) == (302, not asks)
