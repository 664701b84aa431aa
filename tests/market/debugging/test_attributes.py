"""business-rules §3.4: "product attributes must exist in attribute management before debug"."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.factories import NOW, make_seller
from tests.factories.attributes import make_attribute
from tests.factories.people import make_buyer
from tests.factories.products import MONTHLY, make_product, make_sku, make_spec
from tests.factories.publishable import drafted, period, right_document
from tests.market.debugging.answering import at, tried
from tradepost.market.catalog import document as sold
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Document, load
from tradepost.market.catalog.models import Sku
from tradepost.market.debugging.asked import ValuesRefused, form_of, initial_values
from tradepost.market.debugging.generate import generate
from tradepost.market.debugging.models import DebugRun
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Call
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db


def seller_with_member() -> Seller:
    return make_seller(member=make_buyer(balance="0"))


def draft_by(seller: Seller, zh: str, en: str) -> Document:
    """A draft of one SKU sold by this attribute, with its IDs."""
    spec = sold.Spec(
        name=Text(zh="标准版", en="Standard"),
        attributes=(sold.Attribute(code="a1", name=Text(zh=zh, en=en), values=(sold.Value(code="v1", name=Text(zh="红", en="Red")),)),),
        skus=(sold.Sku(values={"a1": "v1"}, prices=(period(),)),),
    )  # fmt: skip
    product = drafted(seller, right_document(seller, spec))
    return load(product.versions.get().document)


def test_request_needs_attributes_of_attribute_management() -> None:
    seller = seller_with_member()
    [sku] = draft_by(seller, "颜色", "Colour").pricing.specs[0].skus
    address = at("saas_v1", seller=seller)
    for field, code in (("skuCode", sku.code), ("productId", sku.prices[0].product_id)):
        with pytest.raises(ValuesRefused) as refusal, translation.override("zh-hans"):
            tried(address, "newInstance", "PERIOD", **{field: code})
        assert set(refusal.value.errors) == {field}
        assert "“颜色”" in refusal.value.errors[field]
        assert "business-rules §3.4" in refusal.value.errors[field]
        form = form_of(address, "newInstance", "PERIOD")
        with pytest.raises(ValuesRefused):
            generate(form, {**initial_values(form, now=NOW), field: code}, wall=NOW)
    assert not DebugRun.objects.exists()
    assert not Call.objects.exists()

    make_attribute(seller, name="颜色", name_en="Colour")
    assert tried(address, "newInstance", "PERIOD", skuCode=sku.code).call is not None


def test_attributes_inside_product_info_are_checked() -> None:
    seller = seller_with_member()
    [sku] = draft_by(seller, "颜色", "Colour").pricing.specs[0].skus
    with pytest.raises(ValuesRefused) as refusal:
        tried(at(seller=seller), "changeInstanceCheck", **{"productInfo.skuCode": sku.code})
    assert set(refusal.value.errors) == {"productInfo.skuCode"}


def test_known_attributes_are_accepted() -> None:
    """Samples, presets, numbers that interfaces define, another seller's codes, and listed attributes: "deleting a used
    attribute does not affect listed products"."""
    seller, other_seller = seller_with_member(), seller_with_member()
    address = at("saas_v1", seller=seller)
    tried(address, "newInstance", "PERIOD", amount="7", diskSize="40", bandWidth="5")
    [preset] = draft_by(seller, "操作系统", "OS").pricing.specs[0].skus
    [english] = draft_by(seller, "部署方式", "mode").pricing.specs[0].skus
    [foreign] = draft_by(other_seller, "颜色", "Colour").pricing.specs[0].skus
    listed_product = make_product(
        seller,
        specs=(make_spec(make_sku(MONTHLY, values={"c": "r"}), attributes=[
            {"code": "c", "name": "颜色", "name_en": "Colour", "values": [{"code": "r", "name": "红", "name_en": "Red"}]}]),),
    )  # fmt: skip
    drafts.open_draft(listed_product, by=None, now=NOW)
    codes = [preset.code, english.code, foreign.code, Sku.objects.get(spec__product=listed_product).code]
    form = form_of(address, "newInstance", "PERIOD")
    for code in codes:
        generate(form, {**initial_values(form, now=NOW), "skuCode": code}, wall=NOW)
