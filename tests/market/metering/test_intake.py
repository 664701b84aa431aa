"""Intake of a push: each record is accepted, recognised as a repetition, or refused with its code (openapi-jointkit §C.5)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_order, make_seller, make_subscription
from tests.factories.metering import RULE, ZONE, item, make_metered, on_demand, push
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.catalog.models import Factor
from tradepost.market.identity.models import Seller
from tradepost.market.metering import collect, intake
from tradepost.market.metering.intake import Nonce, NonceUsed, VerifiedPush, store_push
from tradepost.market.metering.models import Collection, Meter, Push, Record, RefusedRecord, Void
from tradepost.market.metering.void import void
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.open_api.usage_items import load_items

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + 12 * HOUR


def refusal_codes(taken: intake.Accepted) -> list[str]:
    return [record.refusal.code for record in taken.refused]


def test_invalid_record_does_not_affect_the_others_rule_1() -> None:
    service = make_metered()
    taken = push(
        service.seller,
        [item(service, NOW, "1.25"), item(service, NOW + HOUR, "0"), 7, item(service, NOW + 2 * HOUR, sn="s" * 65),
         item(service, NOW + 3 * HOUR, instance_id="of-nobody"), item(service, NOW + 4 * HOUR, 3)],
        now=LATER,
    )  # fmt: skip
    assert (taken.accepted, taken.repeated, refusal_codes(taken)) == (2, 0, ["003", "001", "004", "009"])
    records = list(Record.objects.order_by("pk"))
    assert [(r.quantity, r.sign, r.voided, r.cycle) for r in records] == [
        (12_500, 1, False, "hour"),
        (30_000, 1, False, "hour"),
    ]
    [stored_push] = Push.objects.all()
    assert (stored_push.received, stored_push.accepted, stored_push.repeated, stored_push.refused) == (6, 2, 0, 4)
    assert (stored_push.first_record, stored_push.last_record) == (records[0].pk, records[1].pk)
    refused_records = [(r.code, r.instance_id, json.loads(r.raw)) for r in RefusedRecord.objects.order_by("pk")]
    assert [code for code, _i, _raw in refused_records] == ["003", "001", "004", "009"]
    assert refused_records[3][1] == "of-nobody"
    assert refused_records[1][2] == 7
    assert Event.objects.get(name="records_refused").facts["refused"] == 4


def test_repetition_is_counted_and_not_stored_again_rule_4() -> None:
    service = make_metered()
    records = [item(service, NOW + n * HOUR, n + 1) for n in range(3)]
    push(service.seller, records, now=LATER)
    repeated = push(service.seller, [*records, item(service, NOW + 3 * HOUR)], now=LATER)
    assert (repeated.accepted, repeated.repeated, refusal_codes(repeated)) == (1, 3, [])
    assert Record.objects.count() == 4


def test_conflicting_record_is_refused_and_the_first_is_kept_rule_4() -> None:
    service = make_metered()
    push(service.seller, [item(service, NOW, 5, sn="a")], now=LATER)
    taken = push(
        service.seller,
        [item(service, NOW, 5, sn="b"), item(service, NOW, 6, sn="a"), item(service, NOW + HOUR, 5, sn="a")],
        now=LATER,
    )
    assert refusal_codes(taken) == ["010", "010", "005"]
    assert [r.differs for r in RefusedRecord.objects.order_by("pk")] == [False, True, False]
    assert [(r.sn, r.quantity) for r in Record.objects.all()] == [("a", 50_000)]


def test_first_record_also_wins_within_a_push() -> None:
    service = make_metered()
    first = item(service, NOW, 5, sn="a")
    taken = push(
        service.seller,
        # "b" loses its window to "a", so "b" is free for the next record.
        [first, first, item(service, NOW, 6, sn="b"), item(service, NOW + HOUR, 7, sn="b"), item(service, NOW + 2 * HOUR, 1, sn="a")],
        now=LATER,
    )  # fmt: skip
    assert (taken.accepted, taken.repeated, sorted(refusal_codes(taken))) == (2, 1, ["005", "010"])
    assert {(r.sn, r.quantity) for r in Record.objects.all()} == {("a", 50_000), ("b", 70_000)}


def test_foreign_and_not_on_demand_instances_are_refused() -> None:
    """§4.8: 009 not your instance, 012 not on-demand. The refusal does not reveal which instances others have."""
    service, other = make_metered(), make_metered()
    monthly = make_subscription(make_order(paid=True), instance_id="monthly")
    taken = push(service.seller, [item(other, NOW), item(service, NOW)], now=LATER)
    assert (taken.accepted, refusal_codes(taken)) == (1, ["009"])
    assert RefusedRecord.objects.get().subscription is None
    assert refusal_codes(push(monthly.seller, [item(monthly, NOW)], now=LATER)) == ["012"]


def test_frozen_or_released_service_accepts_earlier_usage_rule_3() -> None:
    service = make_metered()
    Subscription.objects.filter(pk=service.pk).update(status="frozen")
    Freeze.objects.create(subscription=service, reason="operator", since=NOW + 2 * HOUR, actor="op")
    taken = push(service.seller, [item(service, NOW + n * HOUR) for n in range(3)], now=LATER)
    assert (taken.accepted, refusal_codes(taken)) == (2, ["013"])


def test_usage_of_a_seller_who_left_is_refused_as_retired() -> None:
    """§4.8: 006 product retired."""
    service = make_metered()
    Seller.objects.filter(pk=service.seller_id).update(status=Seller.Status.EXITED)
    assert refusal_codes(push(service.seller, [item(service, NOW)], now=LATER)) == ["006"]


def test_service_is_metered_by_its_ordered_price() -> None:
    """design money.md §8: price as ordered."""
    service = make_metered(price=on_demand(cycle="day"))
    Factor.objects.filter(offer=service.offer).update(price=99, cycle="month")
    push(service.seller, [item(service, NOW)], now=LATER)
    meter = Meter.objects.get()
    assert (meter.code, meter.cycle, str(meter.price), meter.unit_en) == ("calls", "day", "0.00250000", "calls")
    assert Record.objects.get().cycle == "day"


def test_usage_accumulates_by_its_start_in_the_markets_zone() -> None:
    """design money.md §8: accumulation by begin_at in the market's zone."""
    service = make_metered()
    at = NOW.replace(day=31, hour=15)  # 23:00 on the last day of March in Shanghai
    push(service.seller, [item(service, at), item(service, at + HOUR)], now=at + 3 * HOUR)
    months = [r.accumulation_start.astimezone(ZONE).strftime("%m-%d %H") for r in Record.objects.order_by("pk")]
    assert months == ["03-01 00", "04-01 00"]


def test_nonce_is_stored_with_its_records_and_used_once() -> None:
    service = make_metered()
    loaded = load_items(json.dumps({"usage_records": [item(service, NOW)]}).encode())
    pushed = VerifiedPush(seller=service.seller_id, api=Push.Api.NEW, loaded=loaded, nonce=Nonce(text="n", until=LATER))
    with pytest.raises(RuntimeError), transaction.atomic():
        store_push(pushed, rule=RULE, zone=ZONE, now=LATER)
        raise RuntimeError  # a later failure does not use up the nonce
    assert store_push(pushed, rule=RULE, zone=ZONE, now=LATER).accepted == 1
    with pytest.raises(NonceUsed):
        store_push(pushed, rule=RULE, zone=ZONE, now=LATER)
    assert Push.objects.count() == 1


def test_push_of_many_records_takes_few_statements() -> None:
    services = [make_metered(seller=seller) for seller in [make_seller()] for _n in range(3)]
    push(services[0].seller, [item(s, NOW) for s in services], now=LATER)
    records = [item(s, NOW + n * HOUR) for n in range(1, 11) for s in services]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        push(services[0].seller, records, now=LATER)
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) <= 7


# --- voids ------------------------------------------------------------------------------------------------------------


def void_record(record: Record, **changes: object) -> Record:
    arguments = {
        "reason": "counted twice",
        "actor": "li@qingxie.example",
        "within": timedelta(days=21),
        "zone": ZONE,
        "now": LATER,
    } | changes
    return void(record, **arguments)  # type: ignore[arg-type]


def test_void_is_a_negative_record_and_frees_its_time() -> None:
    service = make_metered()
    push(service.seller, [item(service, NOW, 5, sn="a")], now=LATER)
    record = Record.objects.get()
    void_row = void_record(record)
    assert (void_row.sign, void_row.quantity, void_row.voids_id, void_row.accumulation_start) == (
        -1,
        50_000,
        record.pk,
        record.accumulation_start,
    )
    assert (Void.objects.get().reason, Record.objects.get(pk=record.pk).voided) == ("counted twice", True)
    taken = push(service.seller, [item(service, NOW, 4, sn="a2"), item(service, NOW + HOUR, 1, sn="a")], now=LATER)
    assert (taken.accepted, taken.refused) == (2, [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"reason": "  "}, "usage.reason"), ({"reason": "x" * 501}, "usage.reason"),
     ({"now": LATER + timedelta(days=21, seconds=1)}, "usage.too_late")],
)  # fmt: skip
def test_void_needs_a_reason_and_must_be_in_time(changes: dict[str, object], code: str) -> None:
    service = make_metered()
    push(service.seller, [item(service, NOW)], now=LATER)
    with pytest.raises(Refused) as error:
        void_record(Record.objects.get(), **changes)
    assert error.value.code == code
    assert (Record.objects.count(), Void.objects.count()) == (1, 0)


def test_record_is_voided_once_and_a_void_cannot_be_voided() -> None:
    service = make_metered()
    push(service.seller, [item(service, NOW)], now=LATER)
    void_row = void_record(Record.objects.get())
    assert void_row.voids
    for record in (void_row, void_row.voids):
        with pytest.raises(Refused, match=r"usage\.voided"):
            void_record(record)
    assert Record.objects.count() == 2


@pytest.mark.parametrize(
    "change", [{"quantity": 1}, {"begin_at": NOW}, {"cycle": "day"}, {"sn": "x"}, {"voided": False}]
)
def test_database_refuses_to_change_or_delete_a_record(change: dict[str, object]) -> None:
    service = make_metered()
    push(service.seller, [item(service, NOW + HOUR)], now=LATER)
    record = Record.objects.filter(pk=Record.objects.get().pk)
    if "voided" in change:
        void_record(record.get())
    for action in (lambda: record.update(**change), lambda: record._raw_delete(record.db)):
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            action()


def test_database_refuses_a_second_void_of_a_record() -> None:
    """For concurrent voids: enforced by an index of the migrations, on PostgreSQL one for voids only (0007)."""
    service = make_metered()
    push(service.seller, [item(service, NOW), item(service, NOW + HOUR)], now=LATER + HOUR)
    void_row = void_record(Record.objects.order_by("pk")[0])
    void_row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        void_row.save(force_insert=True)
    assert Record.objects.filter(sign=-1).count() == 1


# --- collections ------------------------------------------------------------------------------------------------------


def test_each_record_is_in_exactly_one_collection_of_its_cycle() -> None:
    """design money.md §6."""
    hourly, daily = make_metered(), make_metered(price=on_demand(cycle="day"))
    assert collect.close("hour", now=LATER) is None
    push(hourly.seller, [item(hourly, NOW)], now=LATER)
    first = collect.close("hour", now=LATER)
    push(daily.seller, [item(daily, NOW)], now=LATER)
    push(hourly.seller, [item(hourly, NOW + HOUR)], now=LATER)
    second, day = collect.close("hour", now=LATER), collect.close("day", now=LATER)
    assert first is not None
    assert second is not None
    assert day is not None
    assert collect.close("hour", now=LATER) is None
    assert (second.after_id, day.after_id) == (first.upto_id, 0)
    records_by_collection = {
        c.pk: list(
            Record.objects.filter(cycle=c.cycle, pk__gt=c.after_id, pk__lte=c.upto_id).values_list("pk", flat=True)
        )
        for c in Collection.objects.all()
    }
    assert sorted(pk for pks in records_by_collection.values() for pk in pks) == sorted(
        Record.objects.values_list("pk", flat=True)
    )
    assert Event.objects.filter(name="collection_closed").count() == 3


def test_timer_exists_only_while_records_are_pending() -> None:
    """A year on a sandbox's clock has no event for hours without usage."""
    service = make_metered(price=on_demand(cycle="day"))
    collect.schedule(LATER, ZONE)
    assert not Job.objects.filter(kind=collect.TIMER).exists()
    push(service.seller, [item(service, NOW)], now=LATER)
    [timer] = Job.objects.filter(kind=collect.TIMER)
    assert (timer.key, timer.due_at) == ("day", collect.next_moment("day", LATER, ZONE))
    jobs.run_due({collect.TIMER: collect.run}, now=timer.due_at)
    assert not Job.objects.filter(kind=collect.TIMER).exists()
    assert Collection.objects.get().upto_id == Record.objects.get().pk
    void_record(Record.objects.get())
    Job.objects.all().delete()
    collect.schedule(LATER, ZONE)
    assert Job.objects.get(kind=collect.TIMER).key == "day"


@pytest.mark.parametrize(
    ("cycle", "local", "expected"),
    [
        ("hour", "2026-03-10 12:14", "2026-03-10 12:15"),
        ("hour", "2026-03-10 12:15", "2026-03-10 13:15"),
        ("day", "2026-03-10 00:30", "2026-03-10 01:00"),
        ("day", "2026-03-10 01:00", "2026-03-11 01:00"),
        ("month", "2026-03-01 00:59", "2026-03-01 01:00"),
        ("month", "2026-12-31 23:59", "2027-01-01 01:00"),
    ],
)
def test_times_of_collections(cycle: str, local: str, expected: str) -> None:
    """saas-v2 §3.9: collection at :15 each hour, or 01:00 daily."""
    from datetime import datetime

    at = datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(NOW.tzinfo)
    next_time = collect.next_moment(cycle, at, ZONE)
    assert (next_time.astimezone(ZONE).strftime("%Y-%m-%d %H:%M"), next_time.tzinfo) == (expected, NOW.tzinfo)
