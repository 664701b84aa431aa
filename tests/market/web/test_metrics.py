"""Metrics: their content, who may read them, and their cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from tradepost.market.base import clock
from tradepost.market.base.models import Event, Job, WorkerProcess
from tradepost.market.base.work import State
from tradepost.market.identity.models import Seller, User
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.production.models import Address, Call, Tally
from tradepost.market.web.metrics import STATES, _depths

pytestmark = pytest.mark.django_db
HOUR = datetime(2026, 11, 1, 8, tzinfo=UTC)
LOCAL = {"host": "127.0.0.1:8000"}


def scrape(client) -> dict[tuple[str, ...], float]:
    response = client.get("/metrics", headers=LOCAL)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def tally(activity, verdict, attempts, seconds, *under, worker="w1", hour=HOUR):
    under_100ms, under_1s, under_5s = under
    Tally.objects.create(
        hour=hour,
        worker=worker,
        activity=activity,
        verdict=verdict,
        attempts=attempts,
        seconds=seconds,
        under_100ms=under_100ms,
        under_1s=under_1s,
        under_5s=under_5s,
    )


def test_attempts_add_up_over_hours_and_workers(client):
    tally("newInstance", "done", 10, 3.0, 6, 9, 10)
    tally("newInstance", "done", 5, 1.0, 5, 5, 5, worker="w2")
    tally("newInstance", "timeout", 1, 20.0, 0, 0, 0, hour=HOUR + timedelta(hours=1))
    tally("queryInstance", "done", 2, 0.1, 2, 2, 2)
    metrics = scrape(client)
    assert metrics["tradepost_attempts_total", "newInstance", "done"] == 15
    assert metrics["tradepost_attempts_total", "newInstance", "timeout"] == 1
    buckets = [metrics["tradepost_attempt_seconds_bucket", "newInstance", le] for le in ("0.1", "1.0", "5.0", "+Inf")]
    assert buckets == [11, 14, 15, 16]
    assert metrics["tradepost_attempt_seconds_count", "newInstance"] == 16
    assert metrics["tradepost_attempt_seconds_sum", "newInstance"] == 24.0
    assert metrics["tradepost_attempt_seconds_count", "queryInstance"] == 2


def test_queues_breakers_workers_and_mails(client):
    now = clock.now()
    Event.objects.create(name="a", due_at=now - timedelta(seconds=90), created_at=now)
    Event.objects.create(name="b", due_at=now + timedelta(days=1), created_at=now)
    Event.objects.create(name="c", due_at=now, created_at=now, state=State.LEASED)
    Job.objects.create(kind="k", key="1", due_at=now + timedelta(days=1))
    seller = Seller.objects.create(name="云帆", slug="yunfan", contact_email="a@yunfan.example", created_at=now)
    for position, breaker in enumerate(("closed", "closed", "open")):
        Address.objects.create(
            seller=seller, url=f"https://{position}.yunfan.example", protocol="saas_v2", created_at=now, breaker=breaker
        )
    for name, ago, flying in (("alive", 0, 7), ("also", 5, 2), ("dead", 60, 100)):
        last_seen = clock.wall() - timedelta(seconds=ago)
        WorkerProcess.objects.create(name=name, started_at=last_seen, seen_at=last_seen, in_flight=flying)
    user = User.objects.create_user("reader@yunfan.example")
    notice = Notice.objects.create(user=user, kind="k", created_at=now, once="1")
    NoticeDelivery.objects.create(notice=notice, address=user.email)
    metrics = scrape(client)
    depths = {key[1:]: value for key, value in metrics.items() if key[0] == "tradepost_queue_depth"}
    assert depths == {
        ("calls", "waiting"): 0, ("calls", "in_flight"): 0, ("calls", "held"): 0,
        ("events", "waiting"): 2, ("jobs", "waiting"): 1, ("jobs", "in_flight"): 0,
    }  # fmt: skip
    assert 90 <= metrics["tradepost_queue_oldest_due_seconds", "events"] < 120
    assert metrics["tradepost_queue_oldest_due_seconds", "jobs"] == 0
    assert [metrics["tradepost_breakers", state] for state in ("closed", "open", "trial")] == [2, 1, 0]
    assert metrics["tradepost_workers",] == 2
    assert metrics["tradepost_worker_calls_in_flight",] == 9
    assert [metrics["tradepost_mails", state] for state in ("waiting", "failed")] == [1, 0]


def test_scrape_takes_few_queries_for_any_amount_of_data(client, django_assert_max_num_queries):
    for hour in range(20):
        tally("newInstance", "done", 1, 0.1, 1, 1, 1, hour=HOUR + timedelta(hours=hour))
    with django_assert_max_num_queries(12):
        scrape(client)


@pytest.mark.sqlite  # PostgreSQL plans with statistics: on an empty table it uses no index
def test_queue_depths_are_read_from_partial_indexes():
    with CaptureQueriesContext(connection) as captured:
        _depths(Call, list(STATES))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        scans = [row[3] for row in cursor.fetchall() if "production_call" in row[3]]
    partial = {index.name for index in Call._meta.indexes if index.condition is not None}
    assert len(scans) == 3
    assert {scan.partition("USING COVERING INDEX ")[2] for scan in scans} <= partial


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "192.0.2.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.9"},
        {"HTTP_FORWARDED": "for=192.0.2.9"},
        {"HTTP_X_REAL_IP": "192.0.2.9"},
        {"HTTP_HOST": "market.example.com"},
    ],
)
def test_other_clients_get_404(settings, more):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "market.example.com"]
    response = Client().get("/metrics", **{"HTTP_HOST": "127.0.0.1:8000", **more})
    assert response.status_code == 404
    assert b"tradepost_workers" not in response.content


def test_operator_reads_metrics_from_any_address_and_a_buyer_cannot():
    for email, role, status in (("o@market.example", "auditor", 200), ("b@market.example", "", 404)):
        client = Client()
        client.force_login(User.objects.create_user(email, operator_role=role))
        assert client.get("/metrics", REMOTE_ADDR="192.0.2.9", HTTP_HOST="127.0.0.1:8000").status_code == status
