"""Issue 25, 1: operators manage the store's categories: two levels, unique names, and no deletion of used ones."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from django.apps import apps

from tests import factories
from tests.factories import NOW
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbox import dispatch
from tradepost.market.catalog import categories, category_queries, drafts
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.categories import Names
from tradepost.market.catalog.complete import Market, find_missing
from tradepost.market.catalog.document import Base
from tradepost.market.catalog.events import CategoryRenamed
from tradepost.market.catalog.first_categories import FIRST
from tradepost.market.catalog.models import Category, Product, ShelfTerm
from tradepost.market.catalog.reactions import on_category_renamed
from tradepost.market.catalog.shelf_queries import Search, shelf
from tradepost.market.web.templatetags.ui import icon_names
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db

ICONS = frozenset({"box", "robot"})


def names(name: str = "机器人", name_en: str = "Robots", icon: str = "robot") -> Names:
    return Names(name=name, name_en=name_en, icon=icon)


def add(name: str = "机器人", name_en: str = "Robots", **more) -> Category:
    return categories.add(names(name, name_en), icons=ICONS, **more)


def everything() -> list[tuple]:
    return list(Category.objects.order_by("pk").values_list())


def slugs() -> list[str]:
    return [row.slug for row in category_queries.in_order()]


def refused(code: str, act, field: str = "") -> Refused:
    before = everything()
    with pytest.raises(Refused) as caught:
        act()
    assert (caught.value.code, caught.value.field) == (code, field)
    assert everything() == before
    return caught.value


def number_in(refusal: Refused) -> int:
    match = re.search(r"\d+", refusal.message)
    assert match is not None
    return int(match.group())


# --- a new market -----------------------------------------------------------------------------------------------------


def create_again() -> None:
    import_module("tradepost.market.catalog.migrations.from_0_1.0012_first_categories").create(apps, None)


def test_new_market_has_eight_categories_in_the_order_of_the_demo() -> None:
    assert slugs() == [slug for slug, *_ in FIRST]
    assert len(FIRST) == 8
    assert set(Category.objects.values_list("icon", flat=True)) <= icon_names()


def test_migration_leaves_existing_categories_alone() -> None:
    Category.objects.exclude(slug="retail").delete()
    Category.objects.update(name="自有", hidden=True)
    before = everything()
    create_again()
    assert everything() == before


def test_migration_adds_the_eight_categories_where_there_are_none() -> None:
    Category.objects.all().delete()
    create_again()
    assert slugs() == [slug for slug, *_ in FIRST]


# --- add and rename ---------------------------------------------------------------------------------------------------


def test_new_category_is_last_and_its_slug_follows_the_english_name() -> None:
    top = add()
    child = add("机械臂", "Robot Arms & Grippers", parent=top)
    other = add("无人机", "Drones", parent=top, slug=" UAV ")
    assert slugs()[-3:] == [top.slug, child.slug, other.slug] == ["robots", "robot-arms-grippers", "uav"]
    assert (child.position, other.position) == (0, 1)


def test_names_are_trimmed_and_lose_invisible_characters() -> None:
    category = add(" \u200b机器\u202e人\x00 ", "Ro\u00adbots \n and\tmore ", slug="robots")
    assert (category.name, category.name_en) == ("机器人", "Robots and more")


@pytest.mark.parametrize(
    ("name", "name_en", "more", "code", "field"),
    [
        ("", "Robots", {}, "category.name", "name"), (" \u200b ", "Robots", {}, "category.name", "name"),
        ("机器人", "—", {}, "category.name", "name_en"), ("长" * 65, "Robots", {}, "category.name", "name"),
        ("机器人", "R" * 65, {}, "category.name", "name_en"),
        ("机器人", "Robots", {"slug": "Robots!"}, "category.slug", "slug"),
        ("机器人", "Robots", {"slug": "a" * 51}, "category.slug", "slug"),
        ("机器人", "Robots", {"slug": "office"}, "category.slug_taken", "slug"),
        ("机器人", "机器人", {}, "category.slug", "slug"),
        ("办公协同", "Robots", {}, "category.name_taken", "name"),
        ("机器人", "office  &  COLLABORATION", {"slug": "o"}, "category.name_taken", "name_en"),
        ("机器人", "Ｏffice & collaboration", {"slug": "o"}, "category.name_taken", "name_en"),
    ],
)  # fmt: skip
def test_invalid_and_duplicate_categories_are_refused_beside_their_field(name, name_en, more, code, field) -> None:
    refused(code, lambda: add(name, name_en, **more), field)


def test_unknown_icon_is_refused() -> None:
    refused("category.icon", lambda: categories.add(names(icon="skull"), icons=ICONS), "icon")
    first = Category.objects.first()
    assert first is not None
    refused(
        "category.icon",
        lambda: categories.rename(first, names(icon=""), icons=ICONS, now=NOW),
        "icon",
    )


def test_categories_have_two_levels() -> None:
    top = add()
    child = add("机械臂", "Arms", parent=top)
    refused("category.levels", lambda: add("夹爪", "Grippers", parent=child), "parent")
    office = Category.objects.get(slug="office")
    refused("category.has_children", lambda: categories.move_under(top, office), "parent")
    refused("category.levels", lambda: categories.move_under(office, child), "parent")
    refused("category.levels", lambda: categories.move_under(child, child), "parent")
    refused("category.has_children", lambda: categories.move_under(top, top), "parent")


def test_same_name_is_allowed_under_another_parent_but_not_after_a_move() -> None:
    top, office = add(), Category.objects.get(slug="office")
    add("其他", "Other", parent=top)
    second = add("其他", "Other", parent=office, slug="other-office")
    refused("category.name_taken", lambda: categories.move_under(second, top), "name")


def test_renamed_category_is_found_by_its_new_name() -> None:
    product = factories.make_product()
    row = product.category
    categories.rename(row, names("群件", "Groupware"), icons=ICONS, now=NOW)
    assert shelf(Search(q="groupware")).total == 0
    on_category_renamed(CategoryRenamed(category=row.pk), NOW)
    assert [card.product for card in shelf(Search(q="groupware")).page.rows] == [product]
    assert ShelfTerm.objects.filter(term="groupware", shelf=product.pk).exists()


def test_products_of_a_renamed_category_are_indexed_in_batches(monkeypatch) -> None:
    monkeypatch.setattr("tradepost.market.catalog.shelf.BATCH", 2)
    for _ in range(3):
        factories.make_product()
    row = Category.objects.get(slug="office")
    categories.rename(row, names("群件", "Groupware"), icons=ICONS, now=NOW)
    while dispatch(REACTIONS, now=NOW):
        pass
    assert shelf(Search(q="groupware")).total == 3


# --- order, hide and show ---------------------------------------------------------------------------------------------


def test_category_moves_among_its_siblings() -> None:
    first, *_, last = category_queries.in_order()
    categories.move_by(last, -1)
    assert slugs()[-2:] == ["retail", "security"]
    categories.move_by(last, 5)
    categories.move_by(first, -1)
    assert slugs() == [slug for slug, *_ in FIRST]
    categories.move_to(last, 0)
    assert slugs()[0] == "retail"
    assert [row.position for row in category_queries.in_order()] == list(range(8))


def test_hidden_category_leaves_the_store_and_its_products_stay() -> None:
    product = factories.make_product()
    row = product.category
    assert shelf(Search(category="office")).total == 1
    categories.set_hidden(row, hidden=True)
    listing = shelf(Search())
    assert [card.product for card in listing.page.rows] == [product]
    assert listing.categories == []
    assert shelf(Search(category="office")).total == 0
    assert Product.objects.get().category.shown is None
    categories.set_hidden(row, hidden=False)
    assert [category.what for category in shelf(Search()).categories] == [row]


def test_parent_lists_products_of_all_subcategories() -> None:
    product = factories.make_product()
    child = product.category
    parent = add()
    categories.move_under(child, parent)
    for hidden in (False, True):
        categories.set_hidden(child, hidden=hidden)
        listing = shelf(Search(category="robots"))
        assert [card.product for card in listing.page.rows] == [product]
        assert [(category.what, category.number) for category in listing.categories] == [(parent, 1)]
        assert [subcategory.what for subcategory in listing.subcategories] == ([] if hidden else [child])
        assert Product.objects.get().category.shown == (parent if hidden else child)
        assert shelf(Search(category="office")).total == (0 if hidden else 1)
    categories.set_hidden(parent, hidden=True)
    categories.set_hidden(child, hidden=False)
    assert shelf(Search(category="office")).total == 0
    assert Product.objects.get().category.shown is None


def test_hidden_category_is_offered_only_to_its_own_products() -> None:
    listed_product, draft = factories.make_product(), factories.make_product(on_sale=False)
    categories.set_hidden(Category.objects.get(slug="office"), hidden=True)
    offered = [[row.slug for row in category_queries.choices_for(product)] for product in (listed_product, draft)]
    assert ["office" in row for row in offered] == [True, False]
    missing = [_category_missing(product) for product in (listed_product, draft)]
    assert missing == [False, True]


def _category_missing(product: Product) -> bool:
    document = documents.load(product.versions.order_by("-number")[0].document)
    market = Market(currency="CNY", host="market.example")
    return any(finding.field == "category" for finding in find_missing(product, document, market=market))


# --- delete -----------------------------------------------------------------------------------------------------------


def test_unused_category_is_deleted() -> None:
    categories.delete(Category.objects.get(slug="retail"))
    assert "retail" not in slugs()


@pytest.mark.parametrize("status", ["on_sale", "frozen", "stopped"])
def test_category_of_listed_products_is_kept_and_the_refusal_counts_them(status: str) -> None:
    product = factories.make_product()
    Product.objects.update(status=status)
    assert number_in(refused("category.used", lambda: categories.delete(product.category))) == 1


def test_drafts_and_submissions_keep_their_category() -> None:
    sealed, draft = factories.make_product(on_sale=False), factories.make_product(on_sale=False)
    drafts.seal(sealed, now=NOW, actor="test")
    assert number_in(refused("category.used", lambda: categories.delete(draft.category))) == 2


def test_draft_of_a_listed_product_keeps_its_new_category() -> None:
    product = factories.make_product()
    version = drafts.open_draft(product, by=None, now=NOW)
    base = Base(name=Text(zh="a", en="a"), summary=Text(zh="a", en="a"), category="retail")
    drafts.save_section(product, "base", base, seen=version.revisions.get("base", 0), by=None, now=NOW)
    retail = Category.objects.get(slug="retail")
    assert number_in(refused("category.used", lambda: categories.delete(retail))) == 1


def test_category_with_subcategories_is_kept() -> None:
    top = add()
    add("机械臂", "Arms", parent=top)
    assert number_in(refused("category.has_children", lambda: categories.delete(top))) == 1


def test_draft_without_a_choice_uses_no_category() -> None:
    seller = factories.make_seller()
    draft = drafts.begin(seller, "SAAS", Base(name=Text(zh="云", en="Cloud")), by=None, now=NOW)
    assert category_queries.product_counts() == {}
    categories.delete(draft.category)
    draft.refresh_from_db()
    assert draft.category.slug == "sales-service"
    for row in category_queries.in_order()[:-1]:
        categories.delete(row)
    refused("category.last", lambda: categories.delete(Category.objects.get()))


def test_deleted_category_is_refused() -> None:
    row = Category.objects.get(slug="retail")
    categories.delete(Category.objects.get(slug="retail"))
    for act in (
        lambda: categories.delete(row), lambda: categories.set_hidden(row, hidden=True), lambda: categories.move_by(row, 1),
        lambda: categories.rename(row, names(), icons=ICONS, now=NOW), lambda: categories.move_under(row, None),
    ):  # fmt: skip
        assert refused("category.unknown", act).status == 404
    refused("category.parent_unknown", lambda: add(parent=row), "parent")


def test_product_without_any_category_is_refused_with_advice() -> None:
    Category.objects.all().delete()
    with pytest.raises(Refused) as caught:
        drafts.begin(factories.make_seller(), "SAAS", Base(name=Text(zh="云", en="Cloud")), by=None, now=NOW)
    assert (caught.value.code, caught.value.status) == ("product.category", 422)
    assert not Product.objects.exists()
