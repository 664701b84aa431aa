"""What the compiler remembers changes no statement and no value: each is held against Django's own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.backends.postgresql import compiler as postgresql
from django.db.migrations.state import ProjectState
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.sql import compiler as plain

from tests.factories import make_order, make_product
from tradepost.market.base import remembering_compiler
from tradepost.market.catalog.models import Category, Offer, Product, Version
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import Order, OrderLine

pytestmark = [pytest.mark.django_db]


def by_django(asked: QuerySet[Any]) -> Any:
    module = postgresql if connection.vendor == "postgresql" else plain
    return module.SQLCompiler(asked.query.clone(), connection, "default")


def by_us(asked: QuerySet[Any]) -> Any:
    return asked.query.clone().get_compiler("default")


def said(compiler: Any) -> tuple[Any, ...]:
    """The statement, which columns make which object, and how each is read."""
    text = compiler.as_sql()
    columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
    converters = {at: [one.__name__ for one in found] for at, (found, _) in compiler.get_converters(columns).items()}
    made = objects(compiler.klass_info)
    return text, columns, made, compiler.annotation_col_map, converters, compiler._meta_ordering


def objects(info: dict[str, Any] | None) -> Any:
    """Which columns make which object, and those that are selected with it."""
    if info is None:
        return None
    below = [(one["field"].name, one["reverse"], objects(one)) for one in info.get("related_klass_infos", ())]
    return info["model"], list(info["select_fields"]), below


SHAPES: dict[str, Callable[[], QuerySet[Any]]] = {
    "all": Product.objects.all,
    "one": lambda: Product.objects.filter(pk=1),
    "by the model's own order": Category.objects.all,
    "by a name": lambda: Product.objects.order_by("-pk"),
    "by names of others": lambda: OrderLine.objects.order_by("order__number", "-product__seller__slug", "pk"),
    "by another's own order": lambda: Product.objects.order_by("category", "seller"),
    "backwards": lambda: Product.objects.order_by("slug").reverse(),
    "at random": lambda: Product.objects.order_by("?"),
    "by an expression": lambda: Product.objects.order_by(F("slug").desc(nulls_last=True), "pk"),
    "without order": Category.objects.order_by,
    "joined": lambda: OrderLine.objects.select_related("order", "product__seller").order_by("-pk"),
    "joined far": lambda: Offer.objects.select_related("sku__spec__product__seller"),
    "joined twice to one table": lambda: Version.objects.select_related("base__base", "product"),
    "the same table filtered": lambda: Seller.objects.filter(products__slug="a").filter(products__slug="b"),
    "locked": lambda: Product.objects.select_for_update(of=("self",)).select_related("seller"),
    "values": lambda: Product.objects.values("slug", "seller__slug").order_by("slug"),
    "a list": lambda: Product.objects.values_list("pk", flat=True).order_by("-pk"),
    "some columns": lambda: Product.objects.only("slug"),
    "not some": lambda: Product.objects.defer("description").select_related("seller"),
    "annotated": lambda: Product.objects.annotate(n=Count("versions")).order_by("-n", "pk"),
    "with an alias": lambda: Product.objects.alias(n=Count("versions")).order_by("n"),
    "distinct": lambda: Product.objects.filter(versions__number=1).distinct().order_by("slug"),
    "extra": lambda: Product.objects.extra(select={"one": "1"}).order_by("one"),  # a constant of this test
    "a part": lambda: Product.objects.order_by("pk")[3:9],
    "among others": lambda: Product.objects.filter(seller__in=Seller.objects.filter(slug="a").order_by("pk")),
    "where another is": lambda: Product.objects.filter(Exists(Version.objects.filter(product=OuterRef("pk")))),
    "either": lambda: Product.objects.filter(Q(slug="a") | Q(seller__slug="b")).order_by("pk"),
    "united": lambda: Product.objects.filter(pk=1).union(Product.objects.filter(pk=2)).order_by("pk"),
    "none": Product.objects.none,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_question_reads_as_django_asks_it(shape: str) -> None:
    asked = SHAPES[shape]
    for _ in range(2):  # for the first time, and remembered
        try:
            expected = said(by_django(asked()))
        except Exception as error:  # noqa: BLE001  # such as what is empty
            with pytest.raises(type(error)):
                said(by_us(asked()))
        else:
            assert said(by_us(asked())) == expected


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_every_model_is_read_as_django_reads_it(model: type[models.Model]) -> None:
    for asked in (model._default_manager.all(), model._default_manager.order_by("-pk")):
        expected = said(by_django(asked))
        assert said(by_us(asked)) == expected
        assert said(by_us(asked)) == expected, "remembered"


def test_who_changes_what_was_given_changes_nothing_that_is_remembered() -> None:
    asked = Product.objects.order_by("pk")
    first = by_us(asked)
    expected = said(first)
    first.select.clear()
    first.klass_info["select_fields"].clear()
    first.get_default_columns({}).clear()
    assert said(by_us(asked)) == expected


def test_objects_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order()
    make_product()
    asked = lambda: (Order.objects.order_by("-pk"), OrderLine.objects.select_related("order", "product__seller"))  # noqa: E731
    ours = [[one.__dict__ for one in found] for found in asked()]
    monkeypatch.setattr(remembering_compiler, "_is_remembered", lambda _meta: False)
    django = [[one.__dict__ for one in found] for found in asked()]
    for found in (*ours, *django):
        for one in found:
            del one["_state"]
    assert ours == django
    assert ours[0][0]["number"] == order.number


def test_models_of_a_migration_are_not_remembered() -> None:
    """They are made anew for each, and would all be kept."""
    state = ProjectState.from_apps(apps)
    former = state.apps.get_model("catalog", "Product")
    memory: remembering_compiler.Memory = connection.ops.memory  # type: ignore[attr-defined]  # ours
    before = len(memory.selected)
    list(former.objects.order_by("pk"))
    assert len(memory.selected) == before


def test_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering_compiler, "MOST", 10)
    memory = remembering_compiler.Memory()
    monkeypatch.setattr(connection.ops, "memory", memory)
    for model in (Product, Offer, Version):
        list(model._default_manager.all())
    assert len(memory.names) <= 10
