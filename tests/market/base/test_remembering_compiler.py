"""Cached compilations change no statement and no value compared with plain Django."""

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
from tradepost.market.base.django_internals import remembering_compiler
from tradepost.market.catalog.models import Category, Offer, Product, Version
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import Order, OrderLine

pytestmark = [pytest.mark.django_db]


def compile_with_django(asked: QuerySet[Any]) -> Any:
    module = postgresql if connection.vendor == "postgresql" else plain
    return module.SQLCompiler(asked.query.clone(), connection, "default")


def compile_with_cache(asked: QuerySet[Any]) -> Any:
    return asked.query.clone().get_compiler("default")


def compiled(compiler: Any) -> tuple[Any, ...]:
    """The statement, the columns of each object, and the converters."""
    text = compiler.as_sql()
    columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
    converters = {
        at: [converter.__name__ for converter in converters]
        for at, (converters, _) in compiler.get_converters(columns).items()
    }
    object_columns = objects(compiler.klass_info)
    return text, columns, object_columns, compiler.annotation_col_map, converters, compiler._meta_ordering


def objects(info: dict[str, Any] | None) -> Any:
    """The columns of an object and of its selected related objects."""
    if info is None:
        return None
    related = [(klass["field"].name, klass["reverse"], objects(klass)) for klass in info.get("related_klass_infos", ())]
    return info["model"], list(info["select_fields"]), related


QUERIES: dict[str, Callable[[], QuerySet[Any]]] = {
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
    "extra": lambda: Product.objects.extra(select={"one": "1"}).order_by("one"),  # a constant
    "a part": lambda: Product.objects.order_by("pk")[3:9],
    "among others": lambda: Product.objects.filter(seller__in=Seller.objects.filter(slug="a").order_by("pk")),
    "where another is": lambda: Product.objects.filter(Exists(Version.objects.filter(product=OuterRef("pk")))),
    "either": lambda: Product.objects.filter(Q(slug="a") | Q(seller__slug="b")).order_by("pk"),
    "united": lambda: Product.objects.filter(pk=1).union(Product.objects.filter(pk=2)).order_by("pk"),
    "none": Product.objects.none,
}


@pytest.mark.parametrize("shape", QUERIES)
def test_every_query_compiles_as_in_django(shape: str) -> None:
    queryset = QUERIES[shape]
    for _ in range(2):  # compiled first, then cached
        try:
            expected = compiled(compile_with_django(queryset()))
        except Exception as error:  # noqa: BLE001  # such as what is empty
            with pytest.raises(type(error)):
                compiled(compile_with_cache(queryset()))
        else:
            assert compiled(compile_with_cache(queryset())) == expected


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_every_model_is_read_as_in_django(model: type[models.Model]) -> None:
    for queryset in (model._default_manager.all(), model._default_manager.order_by("-pk")):
        expected = compiled(compile_with_django(queryset))
        assert compiled(compile_with_cache(queryset)) == expected
        assert compiled(compile_with_cache(queryset)) == expected, "cached"


def test_changing_a_result_does_not_change_the_cache() -> None:
    queryset = Product.objects.order_by("pk")
    first = compile_with_cache(queryset)
    expected = compiled(first)
    first.select.clear()
    first.klass_info["select_fields"].clear()
    first.get_default_columns({}).clear()
    assert compiled(compile_with_cache(queryset)) == expected


def test_instances_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order()
    make_product()
    querysets = lambda: (Order.objects.order_by("-pk"), OrderLine.objects.select_related("order", "product__seller"))  # noqa: E731
    ours = [[instance.__dict__ for instance in rows] for rows in querysets()]
    monkeypatch.setattr(remembering_compiler, "_is_remembered", lambda _meta: False)
    django = [[instance.__dict__ for instance in rows] for rows in querysets()]
    for values in (*ours, *django):
        for value in values:
            del value["_state"]
    assert ours == django
    assert ours[0][0]["number"] == order.number


def test_models_of_migrations_are_not_cached() -> None:
    """They are rebuilt for each migration, and all would be kept."""
    state = ProjectState.from_apps(apps)
    former = state.apps.get_model("catalog", "Product")
    memory: remembering_compiler.Memory = connection.ops.memory  # type: ignore[attr-defined]  # ours
    before = len(memory.selected)
    list(former.objects.order_by("pk"))
    assert len(memory.selected) == before


def test_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering_compiler, "MAX_NAMES", 10)
    memory = remembering_compiler.Memory()
    monkeypatch.setattr(connection.ops, "memory", memory)
    for model in (Product, Offer, Version):
        list(model._default_manager.all())
    assert len(memory.names) <= 10
