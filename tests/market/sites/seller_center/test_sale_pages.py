"""Pages of sale controls and upgrade rules: errors are shown beside their field, and nothing is stored by halves."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_address, make_product
from tests.factories.products import MONTHLY, ONCE, make_sku, make_spec
from tests.market.sites.seller_center.shops import Shop
from tradepost.market.base.values import replace
from tradepost.market.catalog import controls, upgrade_rules
from tradepost.market.catalog.models import Product, PurchaseLimit, SalesTarget, Sku, Spec, Stock, UpgradeRule
from tradepost.market.debugging.models import DebugCase
from tradepost.market.identity.models import SigningKey
from tradepost.market.production import addresses

EDITIONS = [{"code": "edition", "name": "版本", "name_en": "Edition", "values": [
    {"code": code, "name": f"版本{code}", "name_en": f"Edition {code}"} for code in ("a", "b")
]}]  # fmt: skip


@pytest.fixture
def product(shop: Shop) -> Product:
    two = (
        make_sku(MONTHLY, values={"edition": "a"}),
        make_sku(replace(MONTHLY, amount=Decimal(120)), values={"edition": "b"}),
    )
    specs = (make_spec(*two, attributes=EDITIONS), make_spec(make_sku(ONCE), name="企业版", name_en="Business"))
    return make_product(shop.seller, specs=specs, bound=False)


def url_of(name: str, product: Product, *more: int) -> str:
    return reverse(f"seller_center:{name}", args=[product.pk, *more])


def text(page: Client, address: str) -> str:
    return page.get(address, headers={"accept-language": "en"}).content.decode()


def test_product_is_hidden_and_shown_with_its_sales_links(page: Client, product: Product) -> None:
    spec = Spec.objects.get(product=product, position=1)
    page.post(url_of("product_visibility", product), {"what": "hide"})
    page.post(url_of("product_visibility", product), {"what": "hide", "spec": spec.key})
    assert Product.objects.get().hidden
    shown = text(page, url_of("product_controls", product))
    assert f"/products/{product.slug}/?spec={spec.key}" in shown
    page.post(url_of("product_visibility", product), {"what": "show"})
    assert not Product.objects.get().hidden
    assert not Spec.objects.filter(hidden=True).exists()


def test_limit_is_set_refused_beside_its_field_and_removed(page: Client, product: Product) -> None:
    answer = page.post(url_of("product_limit", product), {"spec": "product", "maximum": "0"})
    assert answer.status_code == 422
    assert 'id="limit-maximum_error"' in answer.content.decode()
    answer = page.post(url_of("product_limit", product), {"spec": "no such", "maximum": "3"})
    assert answer.status_code == 422
    assert not PurchaseLimit.objects.exists()
    page.post(url_of("product_limit", product), {"spec": "product", "maximum": "3", "until_expiry": "on"})
    assert PurchaseLimit.objects.get().until_expiry
    page.post(url_of("product_limit", product), {"spec": "", "drop": "1"})
    assert not PurchaseLimit.objects.exists()


def test_invalid_list_of_buyers_stays_in_its_field(page: Client, product: Product) -> None:
    typed = "abc123 li@lantian.example\nno address here"
    answer = page.post(url_of("product_target", product), {"spec": "product", "audience": "listed", "buyers": typed})
    assert answer.status_code == 422
    assert "no address here" in answer.content.decode()
    assert not SalesTarget.objects.exists()
    page.post(
        url_of("product_target", product),
        {"spec": "product", "audience": "listed", "buyers": "abc123 li@lantian.example"},
    )
    assert SalesTarget.objects.get().buyers.get().email == "li@lantian.example"
    assert "abc123 li@lantian.example" in text(page, url_of("product_controls", product) + "?target=")
    page.post(url_of("product_target", product), {"spec": "product", "audience": "everyone"})
    assert not SalesTarget.objects.exists()


def test_stock_of_a_product_is_changed(page: Client, product: Product) -> None:
    assert 'id="stock-change"' not in text(page, url_of("product_controls", product))
    Stock.objects.create(product=product, total=10, used=4)
    answer = page.post(url_of("product_stock", product), {"change": "-7"})
    assert 'id="stock-change_error"' in answer.content.decode()
    assert Stock.objects.get().total == 10
    page.post(url_of("product_stock", product), {"change": "-3"})
    assert Stock.objects.get().total == 7


def save_upgrade_case(product: Product, shop: Shop) -> None:
    """The product has an address whose upgradeInstance case is saved (saas-v2 §8.2)."""
    address = make_address(shop.seller)
    addresses.bind(product, address)
    key = SigningKey.objects.get(seller=shop.seller, interface_class="base", valid_until=None)
    DebugCase.objects.create(
        seller=shop.seller, address=address, activity="upgradeInstance", kind="Upgrade", command={}, url=address.url,
        key_id=key.key_id, saved_at=NOW, saved_by="s", tried_at=NOW,
    )  # fmt: skip


def test_first_rule_needs_the_debugged_upgrade(page: Client, shop: Shop, product: Product) -> None:
    """saas-v2 §8.2: debug and save the upgradeInstance case, then set rules."""
    low, high = Sku.objects.filter(spec__position=0).order_by("pk").values_list("code", flat=True)
    form = {"source": low, "target": high}
    assert "Bind a production address first" in page.post(url_of("product_rule_add", product), form).content.decode()
    addresses.bind(product, make_address(shop.seller))
    assert page.post(url_of("product_rule_add", product), form).status_code == 422
    assert "/upgradeInstance/" in text(page, url_of("product_rules", product))
    assert not UpgradeRule.objects.exists()


def test_rules_are_added_refused_with_both_prices_and_removed(page: Client, shop: Shop, product: Product) -> None:
    save_upgrade_case(product, shop)
    low, high = Sku.objects.filter(spec__position=0).order_by("pk").values_list("code", flat=True)
    answer = page.post(
        url_of("product_rule_add", product), {"source": high, "target": low}, headers={"accept-language": "en"}
    )
    assert answer.status_code == 422
    assert "120.00" in answer.content.decode()
    assert not UpgradeRule.objects.exists()
    page.post(url_of("product_rule_add", product), {"source": low, "target": high})
    rule = UpgradeRule.objects.get()
    shown = text(page, url_of("product_rules", product))
    assert "Edition a" in shown
    page.post(url_of("product_rule_remove", product, rule.pk))
    assert not UpgradeRule.objects.exists()


def test_product_of_another_seller_is_not_found(page: Client, other_shop: Shop) -> None:
    foreign = make_product(other_shop.seller, bound=False)
    controls.set_limit(foreign, maximum=1, until_expiry=False, now=NOW, by="s")
    for name in ("product_controls", "product_rules"):
        assert page.get(url_of(name, foreign)).status_code == 404
    for name, data in (
        ("product_visibility", {"what": "hide"}), ("product_limit", {"spec": "", "drop": "1"}),
        ("product_target", {"spec": "product", "audience": "companies"}), ("product_stock", {"change": "1"}),
        ("product_rule_add", {"source": "a", "target": "b"}),
    ):  # fmt: skip
        assert page.post(url_of(name, foreign), data).status_code == 404
    assert PurchaseLimit.objects.exists()
    assert not Product.objects.get(pk=foreign.pk).hidden


def test_rule_of_another_seller_cannot_be_removed(page: Client, product: Product, other_shop: Shop) -> None:
    two = (make_sku(MONTHLY, values={"edition": "a"}), make_sku(MONTHLY, values={"edition": "b"}))
    foreign = make_product(other_shop.seller, specs=(make_spec(*two, attributes=EDITIONS),), bound=False)
    codes = Sku.objects.filter(spec__product=foreign).order_by("pk").values_list("code", flat=True)
    rule = upgrade_rules.add_rule(foreign, *codes, now=NOW)
    page.post(url_of("product_rule_remove", product, rule.pk))
    assert UpgradeRule.objects.filter(pk=rule.pk).exists()
