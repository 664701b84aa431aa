"""Claim due calls in one short transaction; each row stores its attempt before anything is sent."""

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
from .choose import AccessPlaces, AddressState, DueCall, ProbePlaces, Selection, choose
from .models import Address, Attempt, Call
from .plan import Probing

log = structlog.get_logger(__name__)

CLAIM_LOCK = 7_461_001
"""PostgreSQL advisory lock: claims of all workers run one after another, so that limits per seller hold. Due rows
therefore need no locks; the row's state protects the lease."""


RETRY_DELAY = timedelta(minutes=1)
"""Delay before retrying a call of another release, for workers of that release."""


class ClaimedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed call with all data for its attempt and record; nothing else changes a leased call.

    A msgspec struct, because a frozen dataclass with so many fields takes ten times as long to create.
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
DEFAULT_PROBING = Probing()


def claim_calls(
    *, now: datetime, wall: datetime, owner: str, limit: int, per_seller: int, duration: timedelta,
    capacity: int = CAPACITY, probing: Probing = DEFAULT_PROBING,
) -> list[ClaimedCall]:  # fmt: skip
    """Lease up to ``limit`` due calls, each with a new attempt, and commit before anything is sent. ``capacity``: of
    the worker; probes get a share of it.

    A call that a later release wrote remains for workers of that release.
    """
    if not peek(Call, now=now):
        return []
    with transaction.atomic():
        due_rows, addresses, busy_counts, limited_counts = _read_due(now, 2 * limit)
        unknown_kinds = {
            row.pk: f"{row.protocol} has no {row.kind}" for row in due_rows if not _is_installed(row.protocol, row.kind)
        }
        if unknown_kinds:
            _postpone(unknown_kinds, now, counted_attempts=0)
            due_rows = [row for row in due_rows if row.pk not in unknown_kinds]
        if not due_rows:
            return []
        probe_places = ProbePlaces.of(
            limited_counts[Call.Purpose.PROBE], capacity=capacity, per_seller=per_seller, probing=probing
        )
        access = AccessPlaces(limited_counts[Call.Purpose.ACCESS])
        selection = choose(
            due_rows,
            addresses,
            busy_counts,
            now=now,
            limit=limit,
            per_seller=per_seller,
            probes=probe_places,
            access=access,
        )
        if selection.dropped:
            cancel([row.pk for row in selection.dropped], now=now)
        paused_addresses = _lock_paused_addresses(selection)
        _hold_unselected(selection, paused_addresses)
        if trial_addresses := [address.pk for address in selection.trials if address.pk in paused_addresses]:
            Address.objects.filter(pk__in=trial_addresses).update(breaker=Address.Breaker.TRIAL)
        leased_rows, keys = _lease(selection.taken, now=now, owner=owner, until=wall + duration)
        claimed_calls: list[ClaimedCall] = []
        unreadable: dict[int, str] = {}
        for row in leased_rows:
            try:
                claimed_calls.append(_claimed(row, addresses, keys, now))
            except UNREADABLE as error:
                unreadable[row[0]] = str(error)
        if unreadable:
            _postpone(unreadable, now, counted_attempts=1)
            untried_addresses = {
                row[2] for row in leased_rows if row[0] in unreadable and row[_TRIGGER] == Attempt.Trigger.TRIAL
            }
            Address.objects.filter(pk__in=untried_addresses).update(breaker=Address.Breaker.OPEN)
        return claimed_calls


def _postpone(calls: Mapping[int, str], now: datetime, *, counted_attempts: int) -> None:
    """Postpone calls that this release cannot make, by key with the reason. ``counted_attempts``: attempts already counted but not
    made."""
    log.error("calls cannot be made by this release", calls=calls)
    for pk, reason in calls.items():
        Call.objects.filter(pk=pk).update(
            state=State.WAITING,
            lease_owner="",
            lease_until=None,
            attempts=F("attempts") - counted_attempts,
            due_at=now + RETRY_DELAY,
            last_detail=reason[:1000],
        )


_DUE_QUERY = """
WITH c AS MATERIALIZED (
 SELECT id, seller_id, address_id, due_at, restart, give_up_at, protocol, kind, purpose FROM production_call
 WHERE state = 0 AND due_at <= %s ORDER BY due_at, id LIMIT %s)
SELECT c.id, c.seller_id, c.address_id, c.due_at, c.restart, c.give_up_at, c.protocol, c.kind, c.purpose,
 a.url, a.require_body_sign, a.breaker, a.trial_at
FROM c JOIN production_address a ON a.id = c.address_id ORDER BY c.due_at, c.id
"""
"""The oldest calls, then their addresses: the planner reads no more addresses than calls."""

_BUSY_QUERY = "SELECT seller_id, count(*) FROM production_call WHERE state = 1 GROUP BY seller_id"
"""Uses the small partial index of leased calls."""

_LIMITED_QUERY = " UNION ALL ".join(
    f"SELECT '{purpose}', seller_id, count(*) FROM production_call WHERE state = 1 AND purpose = '{purpose}' GROUP BY seller_id"
    for purpose in (Call.Purpose.PROBE, Call.Purpose.ACCESS)
)
"""Purposes with separate limits, each with a small partial index."""


type Limited = Mapping[str, Counter[int]]
"""Calls in flight by purpose and seller."""


def _read_due(now: datetime, limit: int) -> tuple[list[DueCall], dict[int, AddressState], dict[int, int], Limited]:
    """Return the oldest due calls, their addresses, and the calls in flight by seller and by limited purpose. No other
    worker claims meanwhile."""
    lock: list[rows.Statement] = (
        [("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])] if connection.vendor == "postgresql" else []
    )
    statements: tuple[rows.Statement, ...] = (
        (_DUE_QUERY, [moment(now), limit]),
        (_BUSY_QUERY, []),
        (_LIMITED_QUERY, []),
    )
    *_, due_rows, busy, limited = by_index(*lock, *statements, to_the_end=True)
    due, addresses = [], {}
    for pk, seller, address, at, restart, end, name, kind, purpose, url, sign, breaker, trial in due_rows:
        until = aware(end) if end else None
        due.append(DueCall(pk, seller, address, aware(at), bool(restart), until, name, kind, purpose))
        if address not in addresses:
            addresses[address] = AddressState(address, url, bool(sign), breaker, aware(trial) if trial else None)
    by_purpose: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for purpose, seller, count in limited:
        by_purpose[purpose][seller] = count
    return due, addresses, dict(busy), by_purpose


def _lock_paused_addresses(selection: Selection) -> Collection[int]:
    """Lock and return the addresses whose breakers are still open.

    Closing a breaker releases its held calls. A call held after that would wait until its last attempt.
    """
    address_keys = {row.address_id for row, reason, _ in selection.held if reason == Call.Hold.BREAKER}
    address_keys |= {address.pk for address in selection.trials}
    if not address_keys:
        return ()
    open_addresses = Address.objects.filter(pk__in=address_keys).exclude(breaker=Address.Breaker.CLOSED)
    return set(open_addresses.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def _hold_unselected(selection: Selection, paused_addresses: Collection[int]) -> None:
    """Hold calls that were not chosen, unless the breaker of their address has closed."""
    by_reason: defaultdict[tuple[str, datetime | None], list[int]] = defaultdict(list)
    for row, reason, until in selection.held:
        if reason != Call.Hold.BREAKER or row.address_id in paused_addresses:
            by_reason[reason, until].append(row.pk)
    for (reason, until), keys in by_reason.items():
        changes = {"due_at": until} if until else {}
        Call.objects.filter(pk__in=keys, state=State.WAITING).update(state=State.HELD, hold=reason, **changes)


_LEASED = (
    "id, seller_id, address_id, subscription_id, protocol, kind, activity, command, attempts, until_access, "
    "give_up_at, maybe_acted, claimed_instance_id, instance_id, order_number, trigger, business_id, purpose, owner"
)
_TRIGGER = [column.strip() for column in _LEASED.split(",")].index("trigger")


_BEGUN = {"id": "bigint", "was": "smallint", "plan_end": "timestamptz", "trigger": "text", "business_id": "text"}


type Keys = Mapping[tuple[int, str], tuple[str, ...]]


def _lease(
    chosen_rows: list[tuple[DueCall, str]], *, now: datetime, owner: str, until: datetime
) -> tuple[list[tuple[Any, ...]], Keys]:
    """Lease the chosen rows, and read the columns for the attempt and the sellers' keys.

    The retry plan starts with the first attempt; a call with an inherited end keeps it. A row that a person changed
    meanwhile is left out.
    """
    attempts_json = rows.as_json(
        {
            "id": row.pk,
            "was": State.WAITING.value,
            "plan_end": moment(row.give_up_at or now + rule_of(row.protocol, row.kind).give_up_after),
            "trigger": trigger,
            # Each creation attempt has its own ID (saas-v2 §3.1), stored before sending because the worker may die.
            "business_id": ids.business_id() if row.kind == Create.__name__ else "",
        }
        for row, trigger in chosen_rows
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
        (update, [owner, moment(until), moment(now), moment(now), attempts_json]),
        _keys({row.seller_id for row, _ in chosen_rows}, now),
    )
    order = {row.pk: position for position, (row, _) in enumerate(chosen_rows)}
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
def _is_installed(protocol_name: str, kind: str) -> bool:
    installed = protocols().get(protocol_name)
    return installed is not None and any(command.__name__ == kind for command in installed.retries)


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


def _by_class(key_rows: list[tuple[Any, ...]]) -> Keys:
    """Return the keys by seller and interface class: the current secret first, then those in their overlap (saas-v2
    §1.3)."""
    by_class: defaultdict[tuple[int, str], list[tuple[bool, int, str]]] = defaultdict(list)
    for seller_id, interface_class, sealed, valid_until, pk in key_rows:
        by_class[seller_id, interface_class].append((valid_until is not None, -pk, sealed))
    return {at: tuple(_unseal_cached(sealed) for *_, sealed in sorted(keys)) for at, keys in by_class.items()}


_unseal_cached = lru_cache(maxsize=20_000)(unseal)


MIN_SLEEP = 0.002


def until_next_call(longest: float) -> float:
    """Return the seconds until the next call is due, at most ``longest``. Otherwise calls after one to a dead seller
    would wait for the poll."""
    remaining = until_next(Call, now=clock.cached_now())
    return longest if remaining is None else min(longest, max(remaining.total_seconds(), MIN_SLEEP))
