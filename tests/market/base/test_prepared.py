"""A question put together once gives what the ORM gives, whatever it is about, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_order
from tradepost.market.base.prepared import Prepared
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
