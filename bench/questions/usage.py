"""How many usage records a second does a market take, in pushes of 100, and what does reading them alone take?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.places import folder, open_market, postgresql
from tradepost.protocols.open_api.usage_items import load_each
from tradepost.protocols.open_api.usage_push import dump_time

A_PUSH = 100
PARSED, TAKEN, BARE = "read alone", "taken", "bare insert"


def measure(scale: Scale, say: Say) -> Answer:
    pushes = scale.of(500, 3)
    runs = Runs(say)
    now = datetime.now(UTC).replace(microsecond=0)
    with postgresql() as database, folder() as data:
        open_market(data, database_url=database)
        seller = _metered(now)
        for turn in range(scale.repeats):
            bodies = [_body(n + turn * pushes, now) for n in range(pushes)]
            runs.add(PARSED, _rate(bodies, load_each), "records/s")
            runs.add(TAKEN, _rate(bodies, _take(seller, now)), "records/s")
            runs.add(BARE, _rate(bodies, _bare()), "records/s")
    return Answer(
        name="usage",
        title="Usage records, 100 a push: read, judged, deduplicated and durable",
        ratios=(runs.ratio(BARE, TAKEN, BARE),),
        figures=runs.figures(),
        needs=(
            Need(text="taken on PostgreSQL, records/s", reached=runs.value(TAKEN), bound=20_000),
            Need(text="µs to read a record", reached=1e6 / runs.value(PARSED), bound=10, at_most=True),
        ),
    )


def _metered(now: datetime) -> int:
    """A service that has been on demand for 21 days; its seller's key."""
    from tests.factories.metering import make_metered

    return make_metered(instance_id="metered", started_at=now - timedelta(days=21)).seller_id


def _body(number: int, now: datetime) -> bytes:
    """Windows of ten seconds, none twice."""
    first = now - timedelta(days=20) + number * A_PUSH * timedelta(seconds=10)
    begins = [first + n * timedelta(seconds=10) for n in range(A_PUSH)]
    records = [
        {
            "instance_id": "metered", "record_time": dump_time(now), "begin_time": dump_time(at),
            "end_time": dump_time(at + timedelta(seconds=10)), "usage_value": f"{n + 1}.25", "metering_sn": f"sn-{number}-{n}",
        }
        for n, at in enumerate(begins)
    ]  # fmt: skip
    return json.dumps({"usage_records": records}, sort_keys=True, separators=(",", ":")).encode()


def _rate(bodies: list[bytes], act: Callable[[bytes], object]) -> float:
    begun = time.perf_counter()
    for body in bodies:
        act(body)
    return len(bodies) * A_PUSH / (time.perf_counter() - begun)


def _take(seller: int, now: datetime) -> Callable[[bytes], object]:
    """What the API does once a request is there: the signature, the loader, the transaction."""
    from tradepost.market.metering.intake import Pushed, rule_of, take
    from tradepost.market.metering.models import Push
    from tradepost.protocols.open_api.usage_push import push_signature

    rule, zone = rule_of(usage_max_age_days=21, usage_future_skew_seconds=60), ZoneInfo("Asia/Shanghai")

    def act(body: bytes) -> None:
        push_signature(key="k" * 32, ts="1", nonce="n", body=body)
        taken = take(Pushed(seller=seller, api=Push.Api.NEW, loaded=load_each(body)), rule=rule, zone=zone, now=now)
        if taken.accepted != A_PUSH:
            raise ValueError(f"of a push {taken.accepted} were accepted")

    return act


def _bare() -> Callable[[bytes], object]:
    """The same members into a table with the same two unique indexes, one statement a push."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS bare_usage; CREATE TABLE bare_usage (id bigserial PRIMARY KEY, instance_id text, begin_time text,"
            " end_time text, usage_value text, metering_sn text UNIQUE, UNIQUE (instance_id, begin_time, end_time))"
        )

    def act(body: bytes) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bare_usage (instance_id, begin_time, end_time, usage_value, metering_sn)"
                " SELECT * FROM json_to_recordset(%s::json->'usage_records') AS r(instance_id text, begin_time text, end_time text,"
                " usage_value text, metering_sn text)",
                [body.decode()],
            )

    return act
