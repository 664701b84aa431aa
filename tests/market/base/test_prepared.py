"""A question put together once gives what the ORM gives, whatever it is about, on both databases."""

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


def question(number: object, before: object) -> models.QuerySet[OrderLine, tuple[object, ...]]:
    lines = OrderLine.objects.filter(order__number=number, order__placed_at__lte=before)
    return lines.exclude(order__status="cancelled").order_by("pk").values_list(*COLUMNS)


def test_it_answers_as_the_orm_does_for_every_value() -> None:
    prepared = Prepared((models.CharField(), models.DateTimeField()), question)
    orders = [make_order(paid=paid) for paid in (True, False)]
    for number in (*(order.number for order in orders), "unknown", "' OR 1=1 --"):
        for before in (NOW, NOW - timedelta(seconds=1)):
            assert prepared(number, before) == list(question(number, before))
    assert [type(value) for value in prepared(orders[0].number, NOW)[0]][:4] == [str, bool, list, type(NOW)]


def test_the_value_is_a_parameter_and_the_question_one() -> None:
    prepared = Prepared((models.CharField(), models.DateTimeField()), question)
    order = make_order()
    prepared("the first time", NOW)
    with CaptureQueriesContext(connection) as asked:
        [line] = prepared(order.number, NOW)
    assert line[0].startswith(order.number)
    assert len(asked) == 1


def test_a_value_too_few_is_an_error() -> None:
    prepared = Prepared((models.CharField(), models.DateTimeField()), question)
    with pytest.raises(ValueError, match="shorter"):
        prepared("only one")


# --- objects ----------------------------------------------------------------------------------------------------------

RELATED = ("order__buyer", "subscription", "offer__sku__spec")
UNREAD = ("order__buyer__name", "values")


def lines_of(numbers: Any) -> models.QuerySet[OrderLine]:
    lines = OrderLine.objects.filter(Among("order__number", numbers)).select_related(*RELATED).defer(*UNREAD)
    return lines.order_by("pk")


def plain_lines(numbers: list[str]) -> models.QuerySet[OrderLine]:
    return OrderLine.objects.filter(order__number__in=numbers).select_related(*RELATED).defer(*UNREAD).order_by("pk")


def described(one: models.Model | None) -> object:
    """All that was read of an object, and of those that were selected with it."""
    if one is None:
        return None
    state = one._state
    own = {name: value for name, value in vars(one).items() if name != "_state"}
    related = {name: described(other) for name, other in state.fields_cache.items()}
    return type(one), own, state.adding, state.db, one.get_deferred_fields(), related


def test_objects_are_those_that_the_orm_gives() -> None:
    prepared = PreparedObjects((Keys("text"),), lines_of)
    orders = [make_order(paid=paid) for paid in (True, False)]
    numbers = [order.number for order in orders]
    for wanted in (numbers, numbers[:1], [], ["unknown", "' OR 1=1 --", '"', "\\"]):
        assert [described(one) for one in prepared(wanted)] == [described(one) for one in plain_lines(wanted)]
    assert [line.subscription for line in prepared(numbers)] == [None, None]
    assert len(prepared(numbers)) == 2


def test_what_was_left_out_is_read_when_it_is_needed() -> None:
    [line] = PreparedObjects((Keys("text"),), lines_of)([make_order().number])
    with CaptureQueriesContext(connection) as asked:
        assert line.order.buyer.email
        assert line.offer.sku.spec.key
    assert len(asked) == 0
    with CaptureQueriesContext(connection) as asked:
        assert line.order.buyer.name == type(line.order.buyer).objects.get(pk=line.order.buyer.pk).name
    assert len(asked) == 2
    line.sku_code = "changed"
    line.save(update_fields=["sku_code"])
    assert OrderLine.objects.get(pk=line.pk).sku_code == "changed"


def test_any_number_of_keys_is_one_statement() -> None:
    prepared = PreparedObjects((Keys(),), lambda keys: OrderLine.objects.filter(Among("pk", keys)).order_by("pk"))
    keys = [line.pk for line in OrderLine.objects.filter(order__in=[make_order(), make_order(), make_order()])]
    texts = set()
    for wanted in (keys, keys[:1], []):
        with CaptureQueriesContext(connection) as asked:
            assert [one.pk for one in prepared(wanted)] == sorted(wanted)
        [statement] = asked.captured_queries
        texts.add(statement["sql"].partition("WHERE")[0])
    assert len(texts) == 1


@pytest.mark.sqlite
def test_rows_are_found_by_an_index_on_sqlite_too() -> None:
    """SQLite reads a whole table for a condition that is compared with 1."""
    prepared = PreparedObjects((Keys(),), lambda keys: OrderLine.objects.filter(Among("order", keys)).order_by("pk"))
    with CaptureQueriesContext(connection) as asked:
        prepared([1, 2])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]['sql']}")
        steps = [step for _, _, _, step in cursor.fetchall()]
    assert "SEARCH orders_orderline USING INDEX" in steps[0], steps


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_within_a_transaction_only() -> None:
    prepared = PreparedObjects(
        (Keys(),), lambda keys: OrderLine.objects.select_for_update().filter(Among("pk", keys)).order_by("pk")
    )
    [line] = OrderLine.objects.filter(order=make_order())
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        prepared([line.pk])
    assert asked.captured_queries[0]["sql"].endswith("FOR UPDATE")
    with pytest.raises(transaction.TransactionManagementError):
        prepared([line.pk])


def test_a_model_that_is_made_in_a_way_of_its_own_is_refused() -> None:
    def made(**_facts: object) -> None:
        """Whoever listens may change what is made."""

    prepared = PreparedObjects((Keys(),), lambda keys: OrderLine.objects.filter(Among("pk", keys)))
    post_init.connect(made, sender=OrderLine)
    try:
        with pytest.raises(TypeError, match="OrderLine"):
            prepared([1])
    finally:
        post_init.disconnect(made, sender=OrderLine)
