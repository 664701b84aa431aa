"""Issue 25, 1: the console's page of categories, in both languages; each act is in the audit log."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import make_operator, make_product
from tradepost.market.audit.models import Entry
from tradepost.market.catalog import category_queries
from tradepost.market.catalog.models import Category

pytestmark = pytest.mark.django_db

ROBOTS = {"name": "机器人", "name_en": "Robots", "slug": "", "icon": "robot", "parent": ""}


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def url_of(name: str, *args: int) -> str:
    return reverse(f"console:{name}", args=args)


def slugs() -> list[str]:
    return [row.slug for row in category_queries.in_order()]


def acts() -> list[tuple[str, str, str]]:
    return list(Entry.objects.order_by("pk").values_list("act", "outcome", "object_text"))


def notes(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.parametrize(("language", "words"), [("en", "Office &amp; collaboration"), ("zh-hans", "办公协同")])
def test_navigation_links_to_the_list_and_the_list_to_every_act(language: str, words: str) -> None:
    client = Client(headers={"accept-language": language})
    client.force_login(make_operator())
    assert f'href="{url_of("categories")}"' in client.get(url_of("overview")).content.decode()
    shown = client.get(url_of("categories")).content.decode()
    assert words in shown
    assert url_of("category_new") in shown
    for row in Category.objects.all():
        for name in ("category", "category_move", "category_hide", "category_delete"):
            assert f'"{url_of(name, row.pk)}"' in shown, name


def test_category_is_added_renamed_moved_hidden_shown_and_deleted(console: Client) -> None:
    assert console.post(url_of("category_new"), ROBOTS).status_code == 302
    row = Category.objects.get(slug="robots")
    assert (row.name, row.name_en, row.icon, slugs()[-1]) == ("机器人", "Robots", "robot", "robots")
    console.post(url_of("category", row.pk), ROBOTS | {"name_en": "Robotics", "parent": "industry"})
    row.refresh_from_db()
    assert row.parent is not None
    assert (row.name_en, row.parent.slug) == ("Robotics", "industry")
    console.post(url_of("category", row.pk), ROBOTS | {"parent": ""})
    console.post(url_of("category_move", row.pk), {"to": "up"})
    assert slugs()[-2:] == ["robots", "retail"]
    console.post(url_of("category_move", row.pk), {"to": "down"})
    assert slugs()[-1] == "robots"
    console.post(url_of("category_hide", row.pk))
    assert Category.objects.get(pk=row.pk).hidden
    assert url_of("category_show", row.pk) in console.get(url_of("categories")).content.decode()
    console.post(url_of("category_show", row.pk))
    assert not Category.objects.get(pk=row.pk).hidden
    console.post(url_of("category_delete", row.pk))
    assert "robots" not in slugs()
    assert acts() == [
        ("category_new", "done", ""), ("category", "done", "机器人"), ("category", "done", "机器人"),
        ("category_move", "done", "机器人"), ("category_move", "done", "机器人"), ("category_hide", "done", "机器人"),
        ("category_show", "done", "机器人"), ("category_delete", "done", "机器人"),
    ]  # fmt: skip
    assert "Category deleted" in console.get(url_of("audit")).content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"), ({"name": " \u200b"}, "name"), ({"name_en": ""}, "name_en"), ({"name": "长" * 65}, "name"),
        ({"slug": "Not a slug"}, "slug"), ({"slug": "office"}, "slug"), ({"name": "办公协同"}, "name"),
        ({"icon": "skull"}, "icon"), ({"icon": ""}, "icon"), ({"parent": "nowhere"}, "parent"),
    ],
)  # fmt: skip
def test_invalid_form_answers_422_with_the_error_beside_its_field(console: Client, change, field) -> None:
    before = slugs()
    answer = console.post(url_of("category_new"), ROBOTS | change)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert "tp-error" in answer.content.decode()
    assert slugs() == before
    assert acts()[-1][:2] == ("category_new", "refused")


def test_refused_edit_changes_neither_the_parent_nor_the_names(console: Client) -> None:
    office, retail = Category.objects.get(slug="office"), Category.objects.get(slug="retail")
    form = {"name": "", "name_en": "Shops", "icon": "box", "parent": "office"}
    assert console.post(url_of("category", retail.pk), form).status_code == 422
    Category.objects.create(slug="shops", name="店", name_en="Shops", parent=office)
    answer = console.post(url_of("category", retail.pk), form | {"name": "店铺"})
    assert answer.status_code == 422
    retail.refresh_from_db()
    assert (retail.parent, retail.name_en) == (None, "Retail & hospitality")
    assert console.get(url_of("category", 10**9)).status_code == 404


def test_used_category_is_kept_and_the_page_counts_its_products(console: Client) -> None:
    product = make_product()
    answer = console.post(url_of("category_delete", product.category.pk), follow=True)
    assert "1 product" in notes(answer)
    assert "Hide it" in notes(answer)
    assert "office" in slugs()
    assert acts()[-1][:2] == ("category_delete", "refused")
    row = re.search(r"office</td>\s*<td[^>]*>(\d+)<", answer.content.decode())
    assert row is not None
    assert row[1] == "1"


def test_empty_list_says_how_to_add_a_category(console: Client) -> None:
    Category.objects.all().delete()
    shown = console.get(url_of("categories")).content.decode()
    assert "Sellers cannot add products before the market has one." in shown
    assert url_of("category_new") in shown


def test_seller_starts_a_product_in_a_new_market_and_chooses_its_category() -> None:
    owner = factories.make_buyer()
    factories.make_member(factories.make_seller(), owner)
    client = Client()
    client.force_login(owner)
    begun = client.post(
        reverse("seller_center:product_new"), {"kind": "SAAS", "name.zh": "云文档", "name.en": "Cloud Docs"}
    )
    assert begun.status_code == 302
    shown = client.get(begun["Location"]).content.decode()
    offered = re.findall(
        r'<option value="([a-z-]*)"', shown[shown.index('name="category"') :].partition("</select>")[0]
    )
    assert offered == ["", *slugs()]


def test_store_shows_subcategories_of_the_chosen_category() -> None:
    product = make_product()
    parent = Category.objects.create(slug="work", name="工作", name_en="Work", position=99)
    Category.objects.filter(pk=product.category.pk).update(parent=parent)
    client = Client(headers={"accept-language": "en"})
    shown = client.get("/", {"category": "work"}).content.decode()
    assert 'class="sf-subcategories"' in shown
    assert "category=office" in shown
    page = client.get(f"/products/{product.slug}/").content.decode()
    assert page.index("category=work") < page.index("category=office")
    Category.objects.filter(pk=parent.pk).update(hidden=True)
    page = client.get(f"/products/{product.slug}/").content.decode()
    assert "category=" not in page
