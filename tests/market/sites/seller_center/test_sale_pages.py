"""Sale controls and upgrade rules on their pages: what is typed wrong stands beside its field, and nothing is half-saved."""

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


def at(name: str, product: Product, *more: int) -> str:
    return reverse(f"seller_center:{name}", args=[product.pk, *more])


def text(page: Client, address: str) -> str:
    return page.get(address, headers={"accept-language": "en"}).content.decode()


def test_hide_and_show_with_the_links_that_sell(page: Client, product: Product) -> None:
    spec = Spec.objects.get(product=product, position=1)
    page.post(at("product_visibility", product), {"what": "hide"})
    page.post(at("product_visibility", product), {"what": "hide", "spec": spec.key})
    assert Product.objects.get().hidden
    shown = text(page, at("product_controls", product))
    assert f"/products/{product.slug}/?spec={spec.key}" in shown
    page.post(at("product_visibility", product), {"what": "show"})
    assert not Product.objects.get().hidden
    assert not Spec.objects.filter(hidden=True).exists()


def test_a_limit_is_set_refused_beside_its_field_and_removed(page: Client, product: Product) -> None:
    answer = page.post(at("product_limit", product), {"spec": "product", "maximum": "0"})
    assert answer.status_code == 422
    assert 'id="limit-maximum_error"' in answer.content.decode()
    answer = page.post(at("product_limit", product), {"spec": "no such", "maximum": "3"})
    assert answer.status_code == 422
    assert not PurchaseLimit.objects.exists()
    page.post(at("product_limit", product), {"spec": "product", "maximum": "3", "until_expiry": "on"})
    assert PurchaseLimit.objects.get().until_expiry
    page.post(at("product_limit", product), {"spec": "", "drop": "1"})
    assert not PurchaseLimit.objects.exists()


def test_a_list_of_buyers_that_is_wrong_stays_in_its_field(page: Client, product: Product) -> None:
    typed = "abc123 li@lantian.example\nno address here"
    answer = page.post(at("product_target", product), {"spec": "product", "audience": "listed", "buyers": typed})
    assert answer.status_code == 400
    assert "no address here" in answer.content.decode()
    assert not SalesTarget.objects.exists()
    page.post(
        at("product_target", product), {"spec": "product", "audience": "listed", "buyers": "abc123 li@lantian.example"}
    )
    assert SalesTarget.objects.get().buyers.get().email == "li@lantian.example"
    assert "abc123 li@lantian.example" in text(page, at("product_controls", product) + "?target=")
    page.post(at("product_target", product), {"spec": "product", "audience": "everyone"})
    assert not SalesTarget.objects.exists()


def test_stock_is_changed_where_there_is_one(page: Client, product: Product) -> None:
    assert 'id="stock-change"' not in text(page, at("product_controls", product))
    Stock.objects.create(product=product, total=10, used=4)
    answer = page.post(at("product_stock", product), {"change": "-7"})
    assert 'id="stock-change_error"' in answer.content.decode()
    assert Stock.objects.get().total == 10
    page.post(at("product_stock", product), {"change": "-3"})
    assert Stock.objects.get().total == 7


def debugged(product: Product, shop: Shop) -> None:
    """The product has an address whose upgradeInstance case is saved (saas-v2 §8.2)."""
    address = make_address(shop.seller)
    addresses.bind(product, address)
    key = SigningKey.objects.get(seller=shop.seller, interface_class="base", valid_until=None)
    DebugCase.objects.create(
        seller=shop.seller, address=address, activity="upgradeInstance", kind="Upgrade", command={}, url=address.url,
        key_id=key.key_id, saved_at=NOW, saved_by="s", tried_at=NOW,
    )  # fmt: skip


def test_before_the_first_rule_the_upgrade_is_debugged(page: Client, shop: Shop, product: Product) -> None:
    """saas-v2 §8.2: debug and save the upgradeInstance case, then set rules."""
    low, high = Sku.objects.filter(spec__position=0).order_by("pk").values_list("code", flat=True)
    form = {"source": low, "target": high}
    assert "Bind a production address first" in page.post(at("product_rule_add", product), form).content.decode()
    addresses.bind(product, make_address(shop.seller))
    assert page.post(at("product_rule_add", product), form).status_code == 409
    assert "/upgradeInstance/" in text(page, at("product_rules", product))
    assert not UpgradeRule.objects.exists()


def test_rules_are_added_refused_with_both_prices_and_removed(page: Client, shop: Shop, product: Product) -> None:
    debugged(product, shop)
    low, high = Sku.objects.filter(spec__position=0).order_by("pk").values_list("code", flat=True)
    answer = page.post(
        at("product_rule_add", product), {"source": high, "target": low}, headers={"accept-language": "en"}
    )
    assert answer.status_code == 409
    assert "120.00" in answer.content.decode()
    assert not UpgradeRule.objects.exists()
    page.post(at("product_rule_add", product), {"source": low, "target": high})
    rule = UpgradeRule.objects.get()
    shown = text(page, at("product_rules", product))
    assert "Edition a" in shown
    page.post(at("product_rule_remove", product, rule.pk))
    assert not UpgradeRule.objects.exists()


def test_nothing_of_another_seller_is_there(page: Client, other_shop: Shop) -> None:
    foreign = make_product(other_shop.seller, bound=False)
    controls.set_limit(foreign, maximum=1, until_expiry=False, now=NOW, by="s")
    for name in ("product_controls", "product_rules"):
        assert page.get(at(name, foreign)).status_code == 404
    for name, data in (
        ("product_visibility", {"what": "hide"}), ("product_limit", {"spec": "", "drop": "1"}),
        ("product_target", {"spec": "product", "audience": "companies"}), ("product_stock", {"change": "1"}),
        ("product_rule_add", {"source": "a", "target": "b"}),
    ):  # fmt: skip
        assert page.post(at(name, foreign), data).status_code == 404
    assert PurchaseLimit.objects.exists()
    assert not Product.objects.get(pk=foreign.pk).hidden


def test_a_rule_of_another_seller_is_not_removed(page: Client, product: Product, other_shop: Shop) -> None:
    two = (make_sku(MONTHLY, values={"edition": "a"}), make_sku(MONTHLY, values={"edition": "b"}))
    foreign = make_product(other_shop.seller, specs=(make_spec(*two, attributes=EDITIONS),), bound=False)
    codes = Sku.objects.filter(spec__product=foreign).order_by("pk").values_list("code", flat=True)
    rule = upgrade_rules.add_rule(foreign, *codes, now=NOW)
    page.post(at("product_rule_remove", product, rule.pk))
    assert UpgradeRule.objects.filter(pk=rule.pk).exists()
