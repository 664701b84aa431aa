"""How long does it take to charge a collection of a million usage records, compared with one SQL aggregate over them?

The records are a month of pushes, of every service in turn. A tenth of them, of a tenth of the services, is charged
first: ten times as much must take ten times as long. ``bill-large`` uses ten million.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.places import folder, open_market, postgresql
from bench.programs import ProgramFailed

if TYPE_CHECKING:
    from tradepost.market.metering.models import Collection

FULL, QUICK = 1_000_000, 20_000
RECORDS_PER_SERVICE = 1000
SERVICES_OF_A_SELLER, SERVICES_OF_A_BUYER = 20, 10
CHARGED, AGGREGATE = "charged", "one SQL aggregate"


def measure(scale: Scale, say: Say) -> Answer:
    """``--orders``: records of the larger collection."""
    return measure_of("bill", scale.orders or scale.of(FULL, QUICK), scale, say)


def measure_of(name: str, most: int, scale: Scale, say: Say) -> Answer:
    """Charge a tenth of ``most`` records, then ``most``."""
    runs = Runs(say)
    with postgresql() as database, folder() as data:
        open_market(data, database_url=database)
        now = datetime.now(UTC).replace(microsecond=0)
        services = max(most // RECORDS_PER_SERVICE, 10)
        say(f"a market with {services:,} services on demand")
        _market(services, now)
        for _ in range(scale.repeats):
            for part in (services // 10, services):
                _measure(runs, part, most // services, now)
    large, small = runs.value(_name(CHARGED, most)), runs.value(_name(CHARGED, most // 10))
    aggregate = runs.ratio("one SQL aggregate over the same records", _name(CHARGED, most), _name(AGGREGATE, most))
    return Answer(
        name=name,
        title=f"{most:,} usage records charged: accumulated, priced, booked and collected, PostgreSQL",
        ratios=(aggregate,),
        figures=runs.figures(),
        needs=(
            Need(text="times one SQL aggregate", reached=aggregate.value, bound=10, at_most=True),
            Need(text="times as long for ten times the records", reached=large / small, bound=12, at_most=True),
        ),
        notes=(
            f"{RECORDS_PER_SERVICE:,} records of a service; a buyer has {SERVICES_OF_A_BUYER} services at one seller or two, and pays from a balance.",
        ),
    )


def _name(quantity: str, records: int) -> str:
    return f"{quantity}, {records:,} records"


def _measure(runs: Runs, services: int, each: int, now: datetime) -> None:
    records = services * each
    collection = _make_collection(services, each, now)
    _run("VACUUM ANALYZE")
    _aggregate(collection)  # reads the table into memory
    begun = time.perf_counter()
    sums = _aggregate(collection)
    spent = time.perf_counter() - begun
    runs.add(_name(AGGREGATE, records), spent, "s")
    begun = time.perf_counter()
    _charge(collection, now)
    runs.add(_name(CHARGED, records), time.perf_counter() - begun, "s")
    begun = time.perf_counter()
    _tally(collection)
    runs.add(_name("added to the charts of usage", records), time.perf_counter() - begun, "s")
    _check_sums(sums)
    _run("TRUNCATE metering_record, metering_collection, billing_accumulation, billing_charge CASCADE")


def _aggregate(collection: Collection) -> list[tuple[Any, ...]]:
    return _run(_SUMS, [collection.after_id, collection.upto_id])


def _charge(collection: Collection, now: datetime) -> None:
    """Charge like the timers, one after another."""
    from tradepost.market.billing.charge import charge

    after = charge(collection, now=now)
    while after is not None:
        after = charge(collection, after=after, now=now)


def _tally(collection: Collection) -> None:
    """Run the last timer after all charges."""
    from zoneinfo import ZoneInfo

    from tradepost.market.billing.tally import tally

    tally(collection, zone=ZoneInfo(_ZONE))


def _market(services: int, now: datetime) -> None:
    from bench import metered
    from tradepost.market.base.money import Money
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.metering.models import Push
    from tradepost.market.payments import ledger
    from tradepost.market.subscriptions.models import Subscription

    sellers = max(services // SERVICES_OF_A_SELLER, 1)
    metered.open_metered(sellers=sellers, services=services // sellers, now=now)
    Push.objects.create(  # referred to by all records
        seller=Seller.objects.all()[0], api=Push.Api.NEW, received_at=now, received=0, accepted=0, repeated=0, refused=0
    )
    buyers = User.objects.bulk_create(
        User(email=f"buyer{n}@bench.example", name=f"Buyer {n}") for n in range(max(services // SERVICES_OF_A_BUYER, 1))
    )
    held = list(Subscription.objects.order_by("pk"))
    for position, one in enumerate(held):
        one.buyer = buyers[position // SERVICES_OF_A_BUYER % len(buyers)]
    Subscription.objects.bulk_update(held, ["buyer"], 1000)
    for buyer in buyers:
        ledger.top_up(buyer, Money.of(10**6, "CNY"), reference=f"BENCH-{buyer.pk}", actor="bench", now=now)


_ZONE = "Asia/Shanghai"
_SUMS = """
SELECT subscription_id, accumulation_start, SUM(sign * quantity) FROM metering_record WHERE id > %s AND id <= %s
 GROUP BY subscription_id, accumulation_start
"""
_FILL = f"""
INSERT INTO metering_record (push_id, seller_id, subscription_id, begin_at, end_at, sn, quantity, sign, voided, cycle,
 accumulation_start)
SELECT p.id, s.seller_id, s.id, at, at + %(window)s, 'sn-' || s.id || '-' || n, 10000 + n, 1, false, 'hour',
 date_trunc('month', at AT TIME ZONE '{_ZONE}') AT TIME ZONE '{_ZONE}'
FROM metering_push p, generate_series(1, %(each)s) AS n CROSS JOIN LATERAL (SELECT %(first)s + n * %(window)s AS at) AS w
 CROSS JOIN (SELECT id, seller_id FROM subscriptions_subscription ORDER BY id LIMIT %(services)s) AS s ORDER BY n, s.id
"""  # noqa: S608  # a constant of ours


def _make_collection(services: int, each: int, now: datetime) -> Collection:
    """Create ``each`` records for each service, bypassing triggers and before the indexes, and their collection."""
    from bench.metered import OPEN_FOR
    from tradepost.market.metering import collect

    indexes = _run(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'metering_record' AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint WHERE conrelid = 'metering_record'::regclass)"
    )
    _run("SET session_replication_role = replica; " + "; ".join(f'DROP INDEX "{name}"' for name, _text in indexes))
    _run(_FILL, {"services": services, "each": each, "window": timedelta(seconds=60), "first": now - OPEN_FOR})
    _run("; ".join([*(text for _name, text in indexes), "SET session_replication_role = origin"]))
    closed = collect.close("hour", now=now)
    if closed is None:
        raise ProgramFailed("there is nothing to charge")
    return closed


def _check_sums(sums: list[tuple[Any, ...]]) -> None:
    from tradepost.market.base.money import Money
    from tradepost.market.billing.models import Accumulation
    from tradepost.market.payments import ledger

    held = {(a.meter_id, a.start): a.quantity for a in Accumulation.objects.all()}
    if held != {(subscription, start): total for subscription, start, total in sums}:
        raise ProgramFailed("what was charged is not what was used")
    charged = sum(Accumulation.objects.values_list("charged_minor", flat=True))
    if problems := ledger.verify().problems:
        raise ProgramFailed(f"the ledger: {problems[:3]}")
    if not charged:
        raise ProgramFailed(f"{Money(charged, 'CNY')} was charged")


def _run(statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []
