"""Claim due calls in one short transaction: each row says which attempt it is in before anything is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction
from django.db.models import F

from tradepost.market.base import clock, ids, rows
from tradepost.market.base.rows import aware, moment
from tradepost.market.base.secrets import unseal
from tradepost.market.base.values import replace
from tradepost.market.base.work import State, by_index, peek, until_next
from tradepost.protocols.commands import Command, Create
from tradepost.protocols.contract import RetryRule
from tradepost.protocols.registry import protocol, protocols

from .calls import UNREADABLE, cancel, load
from .choose import AccessPlaces, AddressState, Due, ProbePlaces, Taking, choose
from .models import Address, Attempt, Call
from .plan import Probing

log = structlog.get_logger(__name__)

CLAIM_LOCK = 7_461_001
"""PostgreSQL advisory lock: claims of all workers follow each other, so that a seller's limit holds across them.

Since no two claims run at once, due rows need no locks of their own; the lease is guarded by the row's state.
"""


AGAIN = timedelta(minutes=1)
"""How long a call that another release wrote is left to that release's workers."""


class ClaimedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One claimed call with all that an attempt and its record need: nobody else changes a call while it is leased.

    A struct, since a frozen dataclass of that many fields takes ten times as long to make, and each call makes one.
    """

    call_id: int
    number: int
    trigger: str
    command: Command
    kind: str
    activity: str
    protocol: str
    address_id: int
    url: str
    require_body_sign: bool
    seller_id: int
    subscription_id: int | None
    purpose: str
    owner: int | None
    keys: tuple[str, ...]
    until_access: bool
    nonce: str
    business_id: str
    started_at: datetime
    give_up_at: datetime
    maybe_acted: bool
    claimed_instance_id: str
    instance_id: str
    order_number: str


CAPACITY = 512
PROBING = Probing()


def claim_calls(
    *, now: datetime, wall: datetime, owner: str, limit: int, per_seller: int, duration: timedelta,
    capacity: int = CAPACITY, probing: Probing = PROBING,
) -> list[ClaimedCall]:  # fmt: skip
    """Lease up to ``limit`` due calls, each with the attempt that begins. Commits before anything is sent. ``capacity``: of
    the worker, of which probes take a share.

    A call that this release cannot make, since a later one wrote it, stays for a worker of that release.
    """
    if not peek(Call, now=now):
        return []
    with transaction.atomic():
        due, addresses, busy, apart = _look(now, 2 * limit)
        strange = {row.pk: f"{row.protocol} has no {row.kind}" for row in due if not _knows(row.protocol, row.kind)}
        if strange:
            _set_aside(strange, now, begun=0)
            due = [row for row in due if row.pk not in strange]
        if not due:
            return []
        places = ProbePlaces.of(apart[Call.Purpose.PROBE], capacity=capacity, per_seller=per_seller, probing=probing)
        access = AccessPlaces(apart[Call.Purpose.ACCESS])
        taking = choose(due, addresses, busy, now=now, limit=limit, per_seller=per_seller, probes=places, access=access)
        if taking.dropped:
            cancel([row.pk for row in taking.dropped], now=now)
        paused = _still_paused(taking)
        _hold(taking, paused)
        if tried := [address.pk for address in taking.trials if address.pk in paused]:
            Address.objects.filter(pk__in=tried).update(breaker=Address.Breaker.TRIAL)
        leased, keys = _lease(taking.taken, now=now, owner=owner, until=wall + duration)
        claimed: list[ClaimedCall] = []
        unreadable: dict[int, str] = {}
        for row in leased:
            try:
                claimed.append(_claimed(row, addresses, keys, now))
            except UNREADABLE as error:
                unreadable[row[0]] = str(error)
        if unreadable:
            _set_aside(unreadable, now, begun=1)
            untried = {row[2] for row in leased if row[0] in unreadable and row[_TRIGGER] == Attempt.Trigger.TRIAL}
            Address.objects.filter(pk__in=untried).update(breaker=Address.Breaker.OPEN)
        return claimed


def _set_aside(calls: Mapping[int, str], now: datetime, *, begun: int) -> None:
    """Calls of which this release knows too little, by key with the reason, are due again later. ``begun``: how many of
    their attempts were counted and are not made."""
    log.error("calls cannot be made by this release", calls=calls)
    for pk, why in calls.items():
        Call.objects.filter(pk=pk).update(
            state=State.WAITING,
            lease_owner="",
            lease_until=None,
            attempts=F("attempts") - begun,
            due_at=now + AGAIN,
            last_detail=why[:1000],
        )


_DUE = """
WITH c AS MATERIALIZED (
 SELECT id, seller_id, address_id, due_at, restart, give_up_at, protocol, kind, purpose FROM production_call
 WHERE state = 0 AND due_at <= %s ORDER BY due_at, id LIMIT %s)
SELECT c.id, c.seller_id, c.address_id, c.due_at, c.restart, c.give_up_at, c.protocol, c.kind, c.purpose,
 a.url, a.require_body_sign, a.breaker, a.trial_at
FROM c JOIN production_address a ON a.id = c.address_id ORDER BY c.due_at, c.id
"""
"""The oldest first, then their addresses: whatever the planner expects, it reads no more addresses than calls."""

_BUSY = "SELECT seller_id, count(*) FROM production_call WHERE state = 1 GROUP BY seller_id"
"""The partial index of leased calls is small."""

_LIMITED = " UNION ALL ".join(
    f"SELECT '{purpose}', seller_id, count(*) FROM production_call WHERE state = 1 AND purpose = '{purpose}' GROUP BY seller_id"
    for purpose in (Call.Purpose.PROBE, Call.Purpose.ACCESS)
)
"""Purposes that may take a few places only, each counted by its own small partial index."""


type Limited = Mapping[str, Counter[int]]
"""Calls in flight by purpose and seller."""


def _look(now: datetime, limit: int) -> tuple[list[Due], dict[int, AddressState], dict[int, int], Limited]:
    """The oldest due calls, the addresses they go to, and how many calls are in flight by seller, those of a limited purpose
    also apart: of a moment in which nobody else claims."""
    alone: list[rows.Statement] = (
        [("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])] if connection.vendor == "postgresql" else []
    )
    looks: tuple[rows.Statement, ...] = ((_DUE, [moment(now), limit]), (_BUSY, []), (_LIMITED, []))
    *_, found, busy, limited = by_index(*alone, *looks, to_the_end=True)
    due, addresses = [], {}
    for pk, seller, address, at, restart, end, name, kind, purpose, url, sign, breaker, trial in found:
        until = aware(end) if end else None
        due.append(Due(pk, seller, address, aware(at), bool(restart), until, name, kind, purpose))
        if address not in addresses:
            addresses[address] = AddressState(address, url, bool(sign), breaker, aware(trial) if trial else None)
    apart: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for purpose, seller, count in limited:
        apart[purpose][seller] = count
    return due, addresses, dict(busy), apart


def _still_paused(taking: Taking) -> Collection[int]:
    """The addresses whose breakers were found open, and stay so until this transaction ends.

    Whoever closes a breaker lets through what it holds. A call that is held after that, for a breaker as it was before,
    would stay where it is until its last chance."""
    seen = {row.address_id for row, reason, _ in taking.held if reason == Call.Hold.BREAKER}
    seen |= {address.pk for address in taking.trials}
    if not seen:
        return ()
    found = Address.objects.filter(pk__in=seen).exclude(breaker=Address.Breaker.CLOSED)
    return set(found.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def _hold(taking: Taking, paused: Collection[int]) -> None:
    """Hold back what was not chosen, but for calls to an address that is not ``paused`` any more: these are due."""
    by_reason: defaultdict[tuple[str, datetime | None], list[int]] = defaultdict(list)
    for row, reason, until in taking.held:
        if reason != Call.Hold.BREAKER or row.address_id in paused:
            by_reason[reason, until].append(row.pk)
    for (reason, until), held in by_reason.items():
        moved = {"due_at": until} if until else {}
        Call.objects.filter(pk__in=held, state=State.WAITING).update(state=State.HELD, hold=reason, **moved)


_LEASED = (
    "id, seller_id, address_id, subscription_id, protocol, kind, activity, command, attempts, until_access, "
    "give_up_at, maybe_acted, claimed_instance_id, instance_id, order_number, trigger, business_id, purpose, owner"
)
_TRIGGER = [column.strip() for column in _LEASED.split(",")].index("trigger")


_BEGUN = {"id": "bigint", "was": "smallint", "plan_end": "timestamptz", "trigger": "text", "business_id": "text"}


type Keys = Mapping[tuple[int, str], tuple[str, ...]]


def _lease(
    taken: list[tuple[Due, str]], *, now: datetime, owner: str, until: datetime
) -> tuple[list[tuple[Any, ...]], Keys]:
    """Lease the chosen rows and read what an attempt needs of them, and their sellers' keys. The plan counts from the
    first attempt; a call that inherited its end (a poll after a create) keeps it. A row that a person changed meanwhile
    is left out."""
    begun = rows.as_json(
        {
            "id": row.pk,
            "was": State.WAITING.value,
            "plan_end": moment(row.give_up_at or now + rule_of(row.protocol, row.kind).give_up_after),
            "trigger": trigger,
            # Each attempt to create has its own (saas-v2 §3.1); kept before it is sent, since a worker may die.
            "business_id": ids.business_id() if row.kind == Create.__name__ else "",
        }
        for row, trigger in taken
    )
    chosen = rows.recordset(_BEGUN)
    columns = ", ".join(f"production_call.{column.strip()}" for column in _LEASED.split(","))
    update = (
        f"UPDATE production_call SET state = {State.LEASED:d}, lease_owner = %s, lease_until = %s,"
        " attempts = attempts + 1, first_at = COALESCE(first_at, %s), attempt_at = %s, give_up_at = r.plan_end,"
        f" trigger = r.trigger, business_id = r.business_id FROM {chosen}"
        f" WHERE production_call.id = r.id AND production_call.state = r.was RETURNING {columns}"
    )
    leased, keys = rows.run_together(
        (update, [owner, moment(until), moment(now), moment(now), begun]),
        _keys({row.seller_id for row, _ in taken}, now),
    )
    order = {row.pk: place for place, (row, _) in enumerate(taken)}
    return sorted(leased, key=lambda row: order[row[0]]), _by_class(keys)


def _claimed(row: tuple[Any, ...], addresses: Mapping[int, AddressState], keys: Keys, now: datetime) -> ClaimedCall:
    (call_id, seller_id, address_id, subscription_id, name, kind, activity, plain, attempts, until_access, give_up_at,
     maybe_acted, claimed, instance, order_number, trigger, business_id, purpose, owner_id) = row  # fmt: skip
    command = load(kind, rows.value(plain))
    if isinstance(command, Create):
        command = replace(command, business_id=business_id)
    address = addresses[address_id]
    return ClaimedCall(
        call_id=call_id,
        number=attempts,
        trigger=trigger,
        command=command,
        kind=kind,
        activity=activity,
        protocol=name,
        address_id=address_id,
        url=address.url,
        require_body_sign=address.require_body_sign,
        seller_id=seller_id,
        subscription_id=subscription_id,
        purpose=purpose,
        owner=owner_id,
        keys=keys.get((seller_id, protocol(name).key_class), ()),
        until_access=bool(until_access),
        nonce=ids.nonce(),
        business_id=business_id,
        started_at=now,
        give_up_at=aware(give_up_at),
        maybe_acted=bool(maybe_acted),
        claimed_instance_id=claimed,
        instance_id=instance,
        order_number=order_number,
    )


@cache
def _knows(protocol_name: str, kind: str) -> bool:
    known = protocols().get(protocol_name)
    return known is not None and any(command.__name__ == kind for command in known.retries)


@cache
def rule_of(protocol_name: str, kind: str) -> RetryRule:
    chosen = protocol(protocol_name)
    return next(rule for command, rule in chosen.retries.items() if command.__name__ == kind)


def _keys(sellers: set[int], now: datetime) -> rows.Statement:
    text = (
        "SELECT k.seller_id, k.interface_class, k.sealed, k.valid_until, k.id"
        f" FROM {rows.recordset({'id': 'bigint'})} JOIN identity_signingkey k ON k.seller_id = r.id"
        " WHERE k.valid_until IS NULL OR k.valid_until > %s"
    )
    return text, [rows.as_json({"id": seller} for seller in sellers), moment(now)]


def _by_class(found: list[tuple[Any, ...]]) -> Keys:
    """Per seller and interface class: the current secret first, then those within their overlap (saas-v2 §1.3)."""
    by_class: defaultdict[tuple[int, str], list[tuple[bool, int, str]]] = defaultdict(list)
    for seller_id, interface_class, sealed, valid_until, pk in found:
        by_class[seller_id, interface_class].append((valid_until is not None, -pk, sealed))
    return {at: tuple(_unsealed(sealed) for *_, sealed in sorted(keys)) for at, keys in by_class.items()}


_unsealed = lru_cache(maxsize=20_000)(unseal)


SHORTEST_NAP = 0.002


def until_next_call(longest: float) -> float:
    """Seconds to sleep when nothing is due: to the moment when something is, at most ``longest``. Otherwise a call that nothing
    follows, such as one to a dead seller, would leave the next ones waiting for the poll."""
    left = until_next(Call, now=clock.lately())
    return longest if left is None else min(longest, max(left.total_seconds(), SHORTEST_NAP))
