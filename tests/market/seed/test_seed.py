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
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Category, Offer, Product, Sku
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.payments import ledger
from tradepost.market.production.models import Address, Binding
from tradepost.market.seed.people import categories, sellers
from tradepost.market.seed.products import products

ADDRESS = "http://127.0.0.1:9801/produce"
BASE = SigningKey.InterfaceClass.BASE
# Elements and attributes that draw and can do nothing else.
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


def everything() -> dict[str, list[dict[str, object]]]:
    """Every row of every table."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}


def test_a_second_load_changes_nothing_and_tells_the_same(seeded: seed.SeedResult) -> None:
    before = everything()
    again = seed.load(clock.now() + timedelta(days=1), seller_address=ADDRESS)
    assert again == seeded
    assert everything() == before


def test_what_people_changed_meanwhile_stays(seeded: seed.SeedResult) -> None:
    User.objects.filter(email="buyer@lantian.example").update(name="改名")
    Product.objects.filter(slug="tangli-bi").update(status=Product.Status.STOPPED, name="旧版")
    before = everything()
    seed.load(clock.now(), seller_address=ADDRESS)
    assert everything() == before


def test_the_shelf(seeded: seed.SeedResult) -> None:
    listed = Product.objects.all()
    assert len(listed) == len(products()) == 16
    assert {p.status for p in listed} == {Product.Status.ON_SALE}
    assert set(Category.objects.filter(products__isnull=False).values_list("slug", flat=True)) == {
        c.slug for c in categories()
    }
    assert set(Seller.objects.filter(products__isnull=False).values_list("slug", flat=True)) == {
        s.slug for s in sellers()
    }
    assert set(Offer.objects.values_list("charging_mode", "period_type")) == {
        ("PERIOD", "month"),
        ("PERIOD", "year"),
        ("ONE_TIME", ""),
    }
    assert {tuple(o.period_numbers) for o in Offer.objects.filter(period_type="month")} == {(1, 3, 6, 9)}
    assert any(len(p.name) > 30 for p in listed)
    assert [p.slug for p in listed if p.extend_params] == ["qingxie-mail"]
    assert Sku.objects.filter(quantity_step__gt=1).exists()


def test_every_text_is_there_in_both_languages(seeded: seed.SeedResult) -> None:
    chinese = re.compile("[一-鿿]")
    for product in Product.objects.all():
        for name in ("name", "summary", "description", "guide"):
            zh, en = getattr(product, name), getattr(product, f"{name}_en")
            assert chinese.search(zh), (product.slug, name)
            assert en, (product.slug, name)
            assert not chinese.search(en), (product.slug, name)
        assert len(product.name_en) <= 64
        assert len(product.summary_en) <= 200
    # SQLite does not hold texts to their length; PostgreSQL does.
    assert max(len(p.name) for p in Product.objects.all()) <= 64


@pytest.mark.parametrize("slug", [*(p.slug for p in products()), "your-company"])
def test_pictures_are_drawings_and_nothing_else(slug: str) -> None:
    text = (files("tradepost.market.seed") / "pictures" / f"{slug}.svg").read_text(encoding="utf-8")
    for element in ET.fromstring(text).iter():
        name = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
        assert name in DRAWING
        assert set(element.attrib) <= DRAWING[name], (name, element.attrib)
    assert len(text) < 4096


def test_pictures_are_distinct() -> None:
    folder = files("tradepost.market.seed") / "pictures"
    drawings = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".svg")]
    assert len(set(drawings)) == len(drawings) == len(products()) + 1


def test_everything_is_served_by_the_sample_sellers_server(seeded: seed.SeedResult) -> None:
    assert {(a.url, a.protocol, a.require_body_sign) for a in Address.objects.all()} == {(ADDRESS, "saas_v2", True)}
    assert Binding.objects.count() == 16
    now = clock.now()
    assert {keys.signing_secrets(s.pk, BASE, now=now) for s in Seller.objects.all()} == {(seeded.signing_key,)}


def test_the_address_follows_the_server_to_another_port_only(seeded: seed.SeedResult) -> None:
    own = "http://127.0.0.1:7000/my-own-server"
    Address.objects.filter(seller=seeded.seller).update(url=own)
    moved = ADDRESS.replace("9801", "9802")
    seed.load(clock.now(), seller_address=moved)
    urls = list(Address.objects.order_by("pk").values_list("url", flat=True))
    assert urls == [own, moved, moved, moved, moved]
    bound = Binding.objects.filter(product__seller=seeded.seller).values_list("address__url", flat=True)
    assert set(bound) == {own}


def test_a_signing_key_rotated_for_the_demo_seller_is_shared_at_the_next_start(seeded: seed.SeedResult) -> None:
    now = clock.now()
    rotated = keys.rotate_signing_key(seeded.seller, BASE, now=now).secret
    assert seed.load(now, seller_address=ADDRESS).signing_key == rotated
    assert {keys.signing_secrets(s.pk, BASE, now=now)[0] for s in Seller.objects.all()} == {rotated}


def test_a_revoked_access_key_is_replaced_at_the_next_start(seeded: seed.SeedResult) -> None:
    now = clock.now()
    keys.revoke_access_key(seeded.seller, seeded.access_key, now=now)
    again = seed.load(now, seller_address=ADDRESS)
    assert again.access_key != seeded.access_key
    assert len(again.secret_key) == 40


def test_the_buyer_has_fifty_thousand_and_the_ledger_agrees(seeded: seed.SeedResult) -> None:
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


def test_secrets_do_not_show_in_a_log(seeded: seed.SeedResult) -> None:
    shown = repr(seeded)
    for secret in (seeded.signing_key, seeded.secret_key, *(login.password for login in seeded.logins)):
        assert secret not in shown


def test_a_real_market_is_not_filled_with_public_passwords(db: None, monkeypatch) -> None:
    monkeypatch.setattr("tradepost.market.seed.loading.config", lambda: Config(sandbox=False))
    with pytest.raises(Refused) as refused:
        seed.load(clock.now(), seller_address=ADDRESS)
    assert refused.value.code == "seed.real_market"
    assert not User.objects.exists()
    assert not Product.objects.exists()
