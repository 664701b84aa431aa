"""Probes take places that orders leave free, a tenth at most, and do not delay orders (shelf §6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from tests.factories import NOW, make_address, make_buyer, make_call, make_offer, make_order, make_seller
from tests.factories.joint import make_kit_address
from tradepost.market.base.values import replace
from tradepost.market.base.work import State
from tradepost.market.production import calls, upkeep
from tradepost.market.production.claim import claim_calls
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.protocols.commands import Query
from tradepost.protocols.sync_commands import SyncFlag, SyncTenant

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
CAPACITY = 40


def probes(number: int, *, address: Address | None = None, give_up_at: timedelta = MINUTE) -> list[Call]:
    """Make probes due for a minute, at as many sellers or at one address."""
    return calls.store_calls(
        [
            calls.probe(
                address or make_address(make_seller()), Query(instance_ids=("i-1",), test=True), owner=n + 1,
                due_at=NOW - MINUTE, give_up_at=NOW + give_up_at, now=NOW,
            )
            for n in range(number)
        ]
    )  # fmt: skip


def orders(number: int) -> list[Call]:
    return [make_call(make_order(make_buyer(), offer=make_offer(), paid=True)) for _ in range(number)]


def claimed_purposes(*, limit: int = 32) -> list[str]:
    """Return the claimed calls by purpose."""
    claimed = claim_calls(now=NOW, wall=NOW, owner="w", limit=limit, per_seller=16, duration=MINUTE, capacity=CAPACITY)
    return [claimed_call.purpose for claimed_call in claimed]


def held_probes() -> int:
    return Call.objects.filter(state=State.HELD, hold=Call.Hold.PROBES).count()


def test_probes_take_at_most_a_tenth_and_the_rest_is_held() -> None:
    probes(10)
    assert claimed_purposes() == ["probe"] * 4
    assert held_probes() == 6
    assert claimed_purposes() == []


def test_orders_come_first_and_earlier_probes_do_not_delay_them() -> None:
    probes(10)
    orders(3)
    assert claimed_purposes(limit=8) == ["order"] * 3 + ["probe"] * 4
    assert held_probes() == 6, "what would fill the next claim is put aside"


def test_seller_gets_one_probe_at_a_time() -> None:
    probes(5, address=make_address(make_seller()))
    assert claimed_purposes() == ["probe"]
    assert held_probes() == 4


def test_held_probes_are_claimed_fairly_over_sellers_when_a_place_is_free() -> None:
    crowd = probes(6, address=make_address(make_seller()))
    others = probes(5)
    assert claimed_purposes() == ["probe"] * 4
    upkeep.release_due_calls(now=NOW, per_seller=16, capacity=CAPACITY)
    assert Call.objects.filter(state=State.WAITING).count() == 0, "no place is free"
    Call.objects.filter(state=State.LEASED).update(state=State.ENDED, outcome="done")
    upkeep.release_due_calls(now=NOW, per_seller=16, capacity=CAPACITY)
    freed = set(Call.objects.filter(state=State.WAITING).values_list("pk", flat=True))
    assert len(freed & {call.pk for call in crowd}) == 1
    assert len(freed & {call.pk for call in others}) <= 3
    assert len(freed) <= 4


def test_end_of_a_slot_does_not_release_all_probes() -> None:
    probes(10, give_up_at=-MINUTE)
    assert claimed_purposes() == ["probe"] * 4
    upkeep.release_due_calls(now=NOW, per_seller=16, capacity=CAPACITY)
    assert held_probes() == 6


def test_probes_wait_at_an_open_breaker_and_serve_as_its_trial() -> None:
    """Shelf §6: held at an open one they serve as its trial, else go at slot end."""
    address = make_address(make_seller())
    Address.objects.filter(pk=address.pk).update(breaker="open", trial_at=NOW + MINUTE, opened_at=NOW)
    [call] = probes(1, address=address)
    assert claimed_purposes() == []
    assert Call.objects.get().hold == Call.Hold.BREAKER
    Address.objects.filter(pk=address.pk).update(trial_at=NOW)
    upkeep.release_due_calls(now=NOW, per_seller=16, capacity=CAPACITY)
    assert claimed_purposes() == ["probe"]
    call.refresh_from_db()
    assert call.trigger == Attempt.Trigger.TRIAL
    assert Address.objects.get().breaker == Address.Breaker.TRIAL


def test_probe_at_the_end_of_its_slot_passes_an_open_breaker() -> None:
    address = make_address(make_seller())
    Address.objects.filter(pk=address.pk).update(breaker="open", trial_at=NOW + MINUTE, opened_at=NOW)
    probes(1, address=address, give_up_at=-MINUTE)
    assert claimed_purposes() == ["probe"]
    assert Address.objects.get().breaker == Address.Breaker.OPEN, "and says nothing of it"


@pytest.mark.postgres
def test_probes_in_progress_are_counted_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT seller_id, count(*) FROM production_call WHERE state = 1 AND purpose = 'probe' GROUP BY seller_id"
        )
        assert "call_probe_busy" in "\n".join(row[0] for row in cursor.fetchall())


def test_enterprise_messages_come_before_probes_of_the_same_calls() -> None:
    """openapi-jointkit §A.0 beside shelf §6: buyers wait for the former, nobody for the latter; probes get at most a
    tenth.
    """
    address = make_kit_address(make_seller())
    message = SyncTenant(
        tenant_id="t-1", tenant_code="t1", name="T", domain_name="https://t1.example", flag=SyncFlag.ADD
    )
    calls.store_calls(
        [
            calls.probe(
                address, replace(message, test=True), owner=n, due_at=NOW - MINUTE, give_up_at=NOW + MINUTE, now=NOW
            )
            for n in range(1, 11)
        ]
    )
    for n in range(1, 4):
        real = replace(message, instance_id=f"i-{n}")
        calls.synchronise(calls.SyncRequest(command=real, address=address, owner=n), now=NOW)
    assert claimed_purposes(limit=8) == ["sync"] * 3 + ["probe"], "one place of the sixteen of a seller"
    assert held_probes() == 9
