"""issue 27, must show 3: member searches by prefix read the index in its order."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.picking import find_people
from tradepost.market.organisations.queries import matching_keys

pytestmark = pytest.mark.django_db


def plan_of(statement: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{statement}")
        return str(cursor.fetchall())


def test_member_searches_do_not_scan_the_table() -> None:
    """Without an order, PostgreSQL scanned the table until it had 200 rows: 7,111 rows of 10,000 members."""
    enterprise = Enterprise.objects.create(
        code="a", name="A", buyer=factories.make_buyer(), created_at=factories.NOW
    )  # fmt: skip
    with CaptureQueriesContext(connection) as captured:
        assert matching_keys(Member.objects.filter(enterprise=enterprise, removed_at=None), "user7") == []
        assert find_people(enterprise, "user7") == []
    searches = [query["sql"] for query in captured if '"organisations_member"' in query["sql"]]
    assert len(searches) == 5
    for statement in searches:
        assert "ORDER BY" in statement
        plan = plan_of(statement)
        assert "enterprise_member_" in plan, plan
        assert ("Sort" in plan, "TEMP B-TREE" in plan) == (False, False), plan
