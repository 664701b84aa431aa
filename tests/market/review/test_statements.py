"""Lists of submissions in a large market: none reads the whole table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.people import NOW, make_seller
from tradepost.market.identity.models import Seller
from tradepost.market.review import drafts, operator_queries, seller_queries
from tradepost.market.review.models import Submission
from tradepost.market.review.operator_queries import QueueFilter
from tradepost.market.review.seller_queries import SubmissionFilter

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

FILL = """
INSERT INTO review_submission (kind, seller_id, document, sha256, revision, status, due_at, checklist, findings, reasons,
  created_at, saved_at, sent_at)
SELECT 'company', CASE WHEN n % 10 = 0 THEN %s ELSE %s END, '{}', '', 0,
  CASE WHEN n % 500 = 7 THEN 'failed' WHEN n % 700 = 3 THEN 'withdrawn' WHEN n % 3 = 0 THEN 'rejected' ELSE 'approved' END,
  NULL, '[]', '[]', '{}', now(), now(), now()
FROM generate_series(1, 20000) n
"""
WAITING = """
INSERT INTO review_submission (kind, seller_id, document, sha256, revision, status, due_at, checklist, findings, reasons,
  created_at, saved_at, sent_at)
SELECT 'kind' || n, %s, '{}', '', 0, CASE WHEN n % 10 = 0 THEN 'checking' ELSE 'pending' END, now(), '[]', '[]', '{}', now(), now(), now()
FROM generate_series(1, 200) n
"""


@pytest.fixture
def seller() -> Seller:
    large, other = make_seller(), make_seller()
    with connection.cursor() as cursor:
        cursor.execute(FILL.replace("% ", "%% ").replace("%%s", "%s"), [large.pk, other.pk])
        cursor.execute(WAITING.replace("% ", "%% ").replace("%%s", "%s"), [large.pk])
        cursor.execute("ANALYZE review_submission")
    return large


def _queue(state: str, _seller: Seller) -> object:
    return operator_queries.queue(QueueFilter(state=state), now=NOW)


ASKED: dict[str, Callable[[Seller], Any]] = {
    **{f"queue {state}": partial(_queue, state) for state in operator_queries.TAB_CONDITIONS},
    "queue overdue": lambda _: operator_queries.queue(QueueFilter(overdue=True), now=NOW),
    "queue of a seller": lambda seller: operator_queries.queue(
        QueueFilter(state="decided", seller=str(seller.pk)), now=NOW
    ),
    "sellers in queue": lambda _: operator_queries.sellers_in_queue(),
    "of a seller": operator_queries.submissions_of,
    "own": lambda seller: seller_queries.submissions_of(seller, SubmissionFilter()),
    "own approved": lambda seller: seller_queries.submissions_of(seller, SubmissionFilter(status="approved")),
    "latest": lambda seller: seller_queries.latest(seller, "company"),
    "under way": seller_queries.submissions_under_way,
    "draft": lambda seller: drafts.draft_of("company", seller),
    "open": lambda seller: drafts.open_submission_of("company", seller),
    "next": lambda _: operator_queries.next_submission(Submission(pk=1)),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_list_reads_the_whole_table(seller: Seller, name: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        ASKED[name](seller)
    statements = [query["sql"] for query in captured.captured_queries if "review_submission" in query["sql"]]
    assert statements
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + statement.replace("%", "%%"), None)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan on review_submission" not in plan, plan
