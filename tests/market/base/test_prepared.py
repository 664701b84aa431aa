"""Prepared queries give the same result as the ORM, for any parameters, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_order
from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects
from tradepost.market.orders.models import OrderLine

pytestmark = pytest.mark.django_db
COLUMNS = ("number", "linear", "values", "order__placed_at", "subscription__expires_at", "order__buyer__email")


def lines_query(number: object, before: object) -> models.QuerySet[OrderLine, tuple[object, ...]]:
    lines = OrderLine.objects.filter(order__number=number, order__placed_at__lte=before)
    return lines.exclude(order__status="cancelled").order_by("pk").values_list(*COLUMNS)


def test_prepared_query_equals_the_orm_for_every_value() -> None:
    prepared = Prepared((models.CharField(), models.DateTimeField()), lines_query)
    orders = [make_order(paid=paid) for paid in (True, False)]
    for number in (*(order.number for order in orders), "unknown", "' OR 1=1 --"):
        for before in (NOW, NOW - timedelta(seconds=1)):
            assert prepared(number, before) == list(lines_query(number, before))
    assert [type(value) for value in prepared(orders[0].number, NOW)[0]][:4] == [str, bool, list, type(NOW)]


def test_value_is_a_parameter_and_the_statement_constant() -> None:
    prepared = Prepared((models.CharField(), models.DateTimeField()), lines_query)
    order = make_order()
    prepared("the first time", NOW)
    with CaptureQueriesContext(connection) as queries:
        [line] = prepared(order.number, NOW)
    assert line[0].startswith(order.number)
    assert len(queries) == 1


def test_missing_value_is_an_error() -> None:
    prepared = Prepared((models.CharField(), models.DateTimeField()), lines_query)
    with pytest.raises(ValueError, match="shorter"):
        prepared("only one")


# --- model instances --------------------------------------------------------------------------------------------------

RELATED = ("order__buyer", "subscription", "offer__sku__spec")
UNREAD = ("order__buyer__name", "values")


def lines_of(numbers: Any) -> models.QuerySet[OrderLine]:
    lines = OrderLine.objects.filter(Among("order__number", numbers)).select_related(*RELATED).defer(*UNREAD)
    return lines.order_by("pk")


def plain_lines(numbers: list[str]) -> models.QuerySet[OrderLine]:
    return OrderLine.objects.filter(order__number__in=numbers).select_related(*RELATED).defer(*UNREAD).order_by("pk")


def description(instance: models.Model | None) -> object:
    """All loaded fields of an object and of its selected related objects."""
    if instance is None:
        return None
    state = instance._state
    own_fields = {name: value for name, value in vars(instance).items() if name != "_state"}
    related = {name: description(other) for name, other in state.fields_cache.items()}
    return type(instance), own_fields, state.adding, state.db, instance.get_deferred_fields(), related


def test_instances_equal_those_of_the_orm() -> None:
    prepared = PreparedObjects((Keys("text"),), lines_of)
    orders = [make_order(paid=paid) for paid in (True, False)]
    numbers = [order.number for order in orders]
    for numbers_given in (numbers, numbers[:1], [], ["unknown", "' OR 1=1 --", '"', "\\"]):
        assert [description(one) for one in prepared(numbers_given)] == [
            description(plain_line) for plain_line in plain_lines(numbers_given)
        ]
    assert [line.subscription for line in prepared(numbers)] == [None, None]
    assert len(prepared(numbers)) == 2


def test_deferred_field_is_loaded_when_needed() -> None:
    [line] = PreparedObjects((Keys("text"),), lines_of)([make_order().number])
    with CaptureQueriesContext(connection) as queries:
        assert line.order.buyer.email
        assert line.offer.sku.spec.key
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        assert line.order.buyer.name == type(line.order.buyer).objects.get(pk=line.order.buyer.pk).name
    assert len(queries) == 2
    line.sku_code = "changed"
    line.save(update_fields=["sku_code"])
    assert OrderLine.objects.get(pk=line.pk).sku_code == "changed"


def test_any_number_of_keys_is_one_statement() -> None:
    prepared = PreparedObjects((Keys(),), lambda keys: OrderLine.objects.filter(Among("pk", keys)).order_by("pk"))
    keys = [line.pk for line in OrderLine.objects.filter(order__in=[make_order(), make_order(), make_order()])]
    texts = set()
    for numbers_given in (keys, keys[:1], []):
        with CaptureQueriesContext(connection) as queries:
            assert [one.pk for one in prepared(numbers_given)] == sorted(numbers_given)
        [statement] = queries.captured_queries
        texts.add(statement["sql"].partition("WHERE")[0])
    assert len(texts) == 1


@pytest.mark.sqlite
def test_rows_are_found_by_an_index_on_sqlite_too() -> None:
    """SQLite scans the whole table for a condition compared with 1."""
    prepared = PreparedObjects((Keys(),), lambda keys: OrderLine.objects.filter(Among("order", keys)).order_by("pk"))
    with CaptureQueriesContext(connection) as queries:
        prepared([1, 2])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        steps = [step for _, _, _, step in cursor.fetchall()]
    assert "SEARCH orders_orderline USING INDEX" in steps[0], steps


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_only_within_a_transaction() -> None:
    prepared = PreparedObjects(
        (Keys(),), lambda keys: OrderLine.objects.select_for_update().filter(Among("pk", keys)).order_by("pk")
    )
    [line] = OrderLine.objects.filter(order=make_order())
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        prepared([line.pk])
    assert queries.captured_queries[0]["sql"].endswith("FOR UPDATE")
    with pytest.raises(transaction.TransactionManagementError):
        prepared([line.pk])


def test_model_with_its_own_construction_is_refused() -> None:
    def made(**_facts: object) -> None:
        """Whoever listens may change what is made."""

    prepared = PreparedObjects((Keys(),), lambda keys: OrderLine.objects.filter(Among("pk", keys)))
    post_init.connect(made, sender=OrderLine)
    try:
        with pytest.raises(TypeError, match="OrderLine"):
            prepared([1])
    finally:
        post_init.disconnect(made, sender=OrderLine)
