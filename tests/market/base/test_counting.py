"""Counts for people stop at a limit."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import OuterRef
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.utils.translation import ngettext

from tests import factories
from tradepost.market.base.counting import Count, CountedUpTo, count_up_to, counts_up_to
from tradepost.market.identity.models import Seller, User
from tradepost.market.notifications.models import Notice


@pytest.mark.parametrize(
    ("value", "number", "text"), [(0, 0, "0"), (99, 99, "99"), (100, 99, "99+"), (5000, 99, "99+")]
)
def test_count_above_the_limit_has_a_plus(value: int, number: int, text: str) -> None:
    count = Count(value, 99)
    assert (int(count), str(count), ngettext("%(n)s", "%(n)s", count) % {"n": count}, f"{count}") == (
        number,
        text,
        text,
        text,
    )


def test_sum_with_an_unfinished_count_has_a_plus() -> None:
    assert [str(Count(a, 9) + Count(b, 9)) for a, b in ((1, 2), (9, 3), (10, 3), (3, 10))] == ["3", "12", "12+", "12+"]


def test_templates_show_the_count_and_choose_its_plural() -> None:
    template = Template(
        "{% load i18n %}{% blocktranslate count n=n %}{{ n }} call{% plural %}{{ n }} calls{% endblocktranslate %} {{ n }}"
    )
    assert [template.render(Context({"n": Count(n, 9)})) for n in (1, 9, 10)] == [
        "1 call 1",
        "9 calls 9",
        "9+ calls 9+",
    ]


@pytest.mark.django_db
def test_rows_beyond_the_limit_are_not_read() -> None:
    for _ in range(4):
        factories.make_seller()
    with CaptureQueriesContext(connection) as queries:
        assert str(count_up_to(Seller.objects.order_by("name"), 2)) == "2+"
        assert [str(c) for c in counts_up_to(Seller.objects.all(), Seller.objects.filter(slug="none"), most=3)] == [
            "3+",
            "0",
        ]
    assert len(queries) == 2
    assert all("LIMIT" in query["sql"] for query in queries)


@pytest.mark.django_db
def test_related_rows_are_counted_in_a_subquery() -> None:
    first, second = factories.make_buyer(), factories.make_buyer()
    for n in range(5):
        Notice.objects.create(user=first, kind="top_up", created_at=factories.NOW, once=str(n))
    users = User.objects.annotate(n=CountedUpTo(Notice.objects.filter(user=OuterRef("pk")), 3))
    counts = dict(users.values_list("pk", "n"))
    assert (counts[first.pk], counts[second.pk]) == (4, 0)  # one more than 3 means more than 3
