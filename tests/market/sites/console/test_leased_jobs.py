"""Jobs that wait for servers of others: operators see and stop them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_operator, make_seller
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.leased_jobs_list import JobFilter, listed
from tradepost.market.base.models import LeasedJob
from tradepost.market.debugging import replay
from tradepost.market.identity import domains
from tradepost.market.sites.console.leased_jobs import TITLES
from tradepost.market.wiring import LEASED_TASKS

pytestmark = pytest.mark.django_db
LIST = "/console/jobs/"


@pytest.fixture
def page() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def run_all(work: Callable[[RunningJob], Any]) -> None:
    tasks = dict.fromkeys(LEASED_TASKS, LeasedTask(work=work, attempts=1))
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="test")


def test_every_kind_of_job_has_a_name() -> None:
    assert set(TITLES) == set(LEASED_TASKS)


def test_running_and_failed_jobs_are_listed_with_their_subjects(page: Client) -> None:
    seller = make_seller()
    leased_jobs.start(replay.KIND, "submission:17", payload={}, now=NOW, seller_id=seller.pk)
    shown = page.get(LIST).content.decode()
    for words in ("Replay of debug cases", "/console/reviews/17/", f"/console/sellers/{seller.pk}/", "Under way (1)"):
        assert words in shown

    def fails(_running: RunningJob) -> None:
        raise Refused("x", "Nobody <b>answers</b>")

    run_all(fails)
    assert "No jobs are running" in page.get(LIST).content.decode()
    failed = page.get(LIST, {"show": "failed"}).content.decode()
    assert "Nobody &lt;b&gt;answers&lt;/b&gt;" in failed
    assert "/cancel/" not in failed
    assert "No jobs found" in page.get(LIST, {"show": "failed", "kind": domains.PROVE}).content.decode()
    assert page.get(LIST, {"show": "no such", "after": "x"}).status_code == 200


def test_operator_stops_a_job_and_it_ends_at_its_next_step(page: Client) -> None:
    job = leased_jobs.start(domains.PROVE, "4", payload={}, now=NOW)
    assert page.get(f"{LIST}{job.pk}/cancel/").status_code == 405
    assert page.post(f"{LIST}{job.pk}/cancel/").headers["Location"] == f"{LIST}?show="
    assert "stop requested" in page.get(LIST).content.decode()
    steps_done: list[int] = []

    def steps(running: RunningJob) -> dict[str, Any]:
        running.progress(1, 2)
        steps_done.append(running.pk)
        return {}

    run_all(steps)
    job.refresh_from_db()
    assert (job.outcome, steps_done) == ("cancelled", [])
    assert page.post(f"{LIST}{job.pk}/cancel/", follow=True).content.decode().count("The job had already ended") == 1
    assert page.post(f"{LIST}999/cancel/").status_code == 404


FILL = """
INSERT INTO base_leasedjob (kind, key, state, due_at, lease_owner, attempts, payload, done, total, words, cancel, outcome,
  error, created_at)
SELECT 'kind' || n % 3, n::text, 3, now(), '', 1, '{}', 0, 0, '', false,
  CASE WHEN n % 500 = 7 THEN 'failed' WHEN n % 700 = 3 THEN 'cancelled' ELSE 'done' END, '', now()
FROM generate_series(1, 20000) n
"""


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["", "kind1"])
def test_no_list_reads_the_whole_table(kind: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILL)
        cursor.execute("ANALYZE base_leasedjob")
    with CaptureQueriesContext(connection) as captured:
        for outcome in LeasedJob.Outcome.values:
            listed(JobFilter(outcome=outcome, kind=kind))
    assert captured.captured_queries
    for query in captured.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + query["sql"])
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan on base_leasedjob" not in plan, plan
