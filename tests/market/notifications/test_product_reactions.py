"""Notices to sellers about the sale of their products, in both languages and sent once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product
from tests.factories.products import MONTHLY, make_sku, make_spec
from tests.market.notifications.telling import handle_events_twice, notice_titles, seller_with
from tradepost.market.base.models import Event
from tradepost.market.base.values import replace
from tradepost.market.catalog import delist, drafts, trading, upgrade_rules
from tradepost.market.catalog.listing import list_draft, listed_document
from tradepost.market.catalog.models import Product, Sku, Spec, Stock
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice, NoticeDelivery

pytestmark = pytest.mark.django_db
EDITIONS = [{"code": "edition", "name": "版本", "name_en": "Edition", "values": [
    {"code": code, "name": f"版{code}", "name_en": f"Edition {code}"} for code in ("a", "b")
]}]  # fmt: skip


def make_listed_product() -> tuple[Product, User]:
    seller = seller_with()
    skus = tuple(
        make_sku(replace(MONTHLY, amount=Decimal(n)), values={"edition": e}) for e, n in (("a", 10), ("b", 12))
    )
    specs = (make_spec(*skus, attributes=EDITIONS), make_spec(make_sku(MONTHLY), name="企业版", name_en="Business"))
    product = make_product(seller, name="云文档", name_en="Cloud Docs", specs=specs, bound=False)
    Event.objects.all().delete()
    member = seller.members.get().user
    return product, member


def test_freeze_is_notified_with_its_cause_and_its_end() -> None:
    product, member = make_listed_product()
    trading.freeze(product, cause="the interface does not answer", actor="op", now=NOW)
    handle_events_twice()
    assert notice_titles(member) == ["Sales of Cloud Docs were suspended by the operator"]
    assert notice_titles(member, "zh-hans") == ["云文档 已被运营人员暂停销售"]
    assert Notice.objects.get().facts["cause"] == "the interface does not answer"
    assert Notice.objects.get().link == reverse("seller_center:product_controls", args=[product.pk])
    assert NoticeDelivery.objects.count() == 2, "to the member and to the contact address"
    trading.unfreeze(product, actor="op", now=NOW)
    handle_events_twice()
    assert notice_titles(member)[0] == "Cloud Docs is on sale again"


def test_stop_of_a_product_or_a_part_is_notified() -> None:
    product, member = make_listed_product()
    delist.stop(Spec.objects.get(name_en="Business"), reason="replaced", actor="s", now=NOW)
    delist.stop(Sku.objects.filter(spec__position=0).order_by("pk")[1], reason="replaced", actor="s", now=NOW)
    handle_events_twice()
    assert set(notice_titles(member)) == {
        "A part of Cloud Docs is no longer sold: Business",
        "A part of Cloud Docs is no longer sold: Standard · Edition b",
    }
    delist.stop(product, reason="end of life", actor="op", now=NOW, by_operator=True)
    handle_events_twice()
    assert notice_titles(member)[0] == "Sales of Cloud Docs have ended permanently"


def test_empty_stock_is_notified() -> None:
    product, member = make_listed_product()
    Stock.objects.create(product=product, total=1)
    make_order(make_buyer(), offer=make_offer(product))
    Event.objects.exclude(name="stock_empty").delete()
    handle_events_twice()
    assert notice_titles(member) == ["Cloud Docs is sold out"]


def test_notice_of_a_lapsed_rule_gives_the_reason() -> None:
    product, member = make_listed_product()
    codes = Sku.objects.filter(spec__position=0).order_by("pk").values_list("code", flat=True)
    upgrade_rules.add_rule(product, *codes, now=NOW)
    document = listed_document(product)
    assert document is not None
    first, second = document.pricing.specs[0].skus
    raised = replace(first, prices=(replace(first.prices[0], amount=Decimal(13)),))
    spec = replace(document.pricing.specs[0], skus=(raised, second))
    pricing = replace(document.pricing, specs=(spec, document.pricing.specs[1]))
    drafts.save_section(product, "pricing", pricing, seen=0, by=None, now=NOW)
    list_draft(product, currency="CNY", now=NOW)
    Event.objects.exclude(name="upgrade_rule_lapsed").delete()
    handle_events_twice()
    assert notice_titles(member) == ["An upgrade rule of Cloud Docs is no longer valid"]
    assert Notice.objects.get().facts["why"] == {"phrase": "The target would cost less than the source."}
