"""The demo: complete, believable, and the same after every start."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest
from django.apps import apps
from django.test import Client

from tradepost.market import seed
from tradepost.market.base import clock
from tradepost.market.base.config import Config, config
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.first_categories import SLUGS
from tradepost.market.catalog.models import Product, Version
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity import keys
from tradepost.market.identity.company_models import Certification
from tradepost.market.identity.domain_models import Domain
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.payments import ledger
from tradepost.market.production.models import Address, Binding
from tradepost.market.review.product_versions import findings_of
from tradepost.market.seed import shipped
from tradepost.market.seed.people import sellers
from tradepost.market.seed.products import products

ADDRESS = "http://127.0.0.1:9801/produce"
BASE = SigningKey.InterfaceClass.BASE
# Elements and attributes that only draw.
DRAWING = {
    "svg": {"viewBox", "role", "aria-label"},
    "rect": {"x", "y", "width", "height", "rx", "fill", "fill-opacity"},
    "circle": {"cx", "cy", "r", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray"},
    "ellipse": {"cx", "cy", "rx", "ry", "fill"},
    "path": {
        "d",
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-linecap",
        "stroke-linejoin",
    },
}


@pytest.fixture
def seeded(db: None) -> seed.SeedResult:
    return seed.load(clock.now(), seller_address=ADDRESS)


def all_rows() -> dict[str, list[dict[str, object]]]:
    """Return every row of every table."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}


def test_second_load_changes_nothing_and_returns_the_same(seeded: seed.SeedResult) -> None:
    before = all_rows()
    second_load = seed.load(clock.now() + timedelta(days=1), seller_address=ADDRESS)
    assert second_load == seeded
    assert all_rows() == before


def test_changes_by_people_are_kept(seeded: seed.SeedResult) -> None:
    User.objects.filter(email="buyer@lantian.example").update(name="改名")
    Product.objects.filter(slug="tangli-bi").update(name="旧版")
    before = all_rows()
    seed.load(clock.now(), seller_address=ADDRESS)
    assert all_rows() == before


def draft_documents() -> dict[str, Document]:
    """Return the documents of the drafts, by the product's slug."""
    drafts = Version.objects.filter(status=Version.Status.DRAFT).select_related("product")
    return {draft.product.slug: documents.load(draft.document) for draft in drafts}


def test_every_product_is_a_draft_that_lacks_only_its_cases(seeded: seed.SeedResult) -> None:
    """business-rules §2.3: texts, prices and proofs are those that a review would take."""
    drafts, now = draft_documents(), clock.now()
    assert len(drafts) == len(products()) == 18
    for product in Product.objects.select_related("seller"):
        assert product.status == Product.Status.DRAFT
        lacks = findings_of(product, drafts[product.slug], purpose=Purpose.SUBMIT, settings=config(), now=now)
        assert {lack.code for lack in lacks} == {"interface.case"}, (product.slug, lacks)


def test_choice_of_products(seeded: seed.SeedResult) -> None:
    drafts = draft_documents()
    assert {draft.base.category for draft in drafts.values()} == SLUGS
    assert set(Product.objects.values_list("seller__slug", flat=True)) == {s.slug for s in sellers()}
    prices = [price for draft in drafts.values() for _spec, _sku, price in draft.prices()]
    ways = {(price.charging_mode, price.period_type) for price in prices}
    assert ways == {("PERIOD", "month"), ("PERIOD", "year"), ("PERIOD", "day"), ("ONE_TIME", ""), ("ON_DEMAND", ""),
        ("ON_DEMAND_PKG", "month"), ("ON_DEMAND_PKG", "year"),
    }  # fmt: skip
    assert [slug for slug, draft in drafts.items() if any(price.trial for *_, price in draft.prices())] == ["kelai-crm"]
    monthly = {price.period_numbers for price in prices if price.period_type == "month" and not price.quota}
    assert monthly == {(1, 3, 6, 9)}
    assert any(len(draft.base.name.zh) > 30 for draft in drafts.values())
    assert [slug for slug, draft in drafts.items() if draft.purchase.extend_params] == ["qingxie-mail"]
    assert any(
        sku.quantity and sku.quantity.step > 1 for d in drafts.values() for s in d.pricing.specs for sku in s.skus
    )


def test_every_text_exists_in_both_languages(seeded: seed.SeedResult) -> None:
    chinese = re.compile("[一-鿿]")
    for slug, draft in draft_documents().items():
        for text in (
            draft.base.name,
            draft.base.summary,
            draft.description.body,
            draft.guide.body,
            draft.support.content,
        ):
            assert chinese.search(text.zh), (slug, text)
            assert text.en, (slug, text)
            assert not chinese.search(text.en), (slug, text)
        # SQLite does not enforce the length of texts; PostgreSQL does.
        assert max(len(draft.base.name.zh), len(draft.base.name.en)) <= 64
        assert len(draft.base.summary.en) <= 200


@pytest.mark.parametrize("slug", [*(p.slug for p in products()), "your-company", "yunjian-git"])
def test_pictures_contain_only_drawings(slug: str) -> None:
    text = (files("tradepost.market.seed") / "pictures" / f"{slug}.svg").read_text(encoding="utf-8")
    for element in ET.fromstring(text).iter():
        name = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
        assert name in DRAWING
        assert set(element.attrib) <= DRAWING[name], (name, element.attrib)
    assert len(text) < 4096


def test_pictures_are_distinct() -> None:
    folder = files("tradepost.market.seed") / "pictures"
    drawings = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".svg")]
    assert len(set(drawings)) == len(drawings) == len(products()) + 4, (
        "and your company, the delivery by people, the image, the joint one"
    )


def test_all_products_use_the_sample_sellers_server(seeded: seed.SeedResult) -> None:
    assert {(a.url, a.protocol, a.require_body_sign) for a in Address.objects.all()} == {(ADDRESS, "saas_v2", True)}
    assert Binding.objects.count() == 18
    now = clock.now()
    assert {keys.signing_secrets(s.pk, BASE, now=now) for s in Seller.objects.all()} == {(seeded.signing_key,)}


def test_address_follows_the_server_to_another_port_only(seeded: seed.SeedResult) -> None:
    own = "http://127.0.0.1:7000/my-own-server"
    Address.objects.filter(seller=seeded.seller).update(url=own)
    moved = ADDRESS.replace("9801", "9802")
    seed.load(clock.now(), seller_address=moved)
    urls = list(Address.objects.order_by("pk").values_list("url", flat=True))
    assert urls == [own, moved, moved, moved, moved]
    bound = Binding.objects.filter(product__seller=seeded.seller).values_list("address__url", flat=True)
    assert set(bound) == {own}


def test_rotated_signing_key_is_shared_at_the_next_start(seeded: seed.SeedResult) -> None:
    now = clock.now()
    rotated = keys.rotate_signing_key(seeded.seller, BASE, now=now).secret
    assert seed.load(now, seller_address=ADDRESS).signing_key == rotated
    assert {keys.signing_secrets(s.pk, BASE, now=now)[0] for s in Seller.objects.all()} == {rotated}


def test_revoked_access_key_is_replaced_at_the_next_start(seeded: seed.SeedResult) -> None:
    now = clock.now()
    keys.revoke_access_key(seeded.seller, seeded.access_key, now=now)
    second_load = seed.load(now, seller_address=ADDRESS)
    assert second_load.access_key != seeded.access_key
    assert len(second_load.secret_key) == 40


def test_shipped_data_holds_no_secret_and_loading_creates_new_ones(seeded: seed.SeedResult) -> None:
    """Decision 0039: each installation has its own keys, though all begin with the same demo."""
    shipped.make_shippable(clock.now())
    assert not [rows for rows in all_rows().values() if "gAAAA" in repr(rows)], "nothing sealed is left"
    assert not SigningKey.objects.exists()
    fresh = seed.load(clock.now(), seller_address=ADDRESS)
    assert {fresh.signing_key, fresh.access_key, fresh.secret_key}.isdisjoint(
        {seeded.signing_key, seeded.access_key, seeded.secret_key}
    )
    accounts = Certification.objects.values_list("sealed_account", flat=True)
    assert [unseal(sealed)[:10] for sealed in accounts] == ["6222020200"] * 4
    assert all(len(token) == 32 for token in Domain.objects.values_list("token", flat=True))


def test_buyer_has_fifty_thousand_and_the_ledger_agrees(seeded: seed.SeedResult) -> None:
    buyer = User.objects.get(email="buyer@lantian.example")
    assert ledger.buyer_account(buyer, "CNY").balance.major == Decimal(50_000)
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("role", ["buyer", "seller", "operator"])
def test_each_login_works(seeded: seed.SeedResult, role: str) -> None:
    [login] = [entry for entry in seeded.logins if entry.role == role]
    assert len(login.password) >= 10
    assert login.email.endswith(".example")
    client = Client()
    response = client.post("/account/login/", {"login": login.email, "password": login.password})
    assert response.status_code == 302
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assert (user.email, user.is_operator, user.memberships.exists()) == (
        login.email,
        role == "operator",
        role == "seller",
    )


def test_secrets_are_not_logged(seeded: seed.SeedResult) -> None:
    shown = repr(seeded)
    for secret in (seeded.signing_key, seeded.secret_key, *(login.password for login in seeded.logins)):
        assert secret not in shown


def test_real_market_is_not_filled_with_public_passwords(db: None, monkeypatch) -> None:
    monkeypatch.setattr("tradepost.market.seed.loading.config", lambda: Config(sandbox=False))
    with pytest.raises(Refused) as refused:
        seed.load(clock.now(), seller_address=ADDRESS)
    assert refused.value.code == "seed.real_market"
    assert not User.objects.exists()
    assert not Product.objects.exists()
