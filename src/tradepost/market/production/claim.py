"""Claim due calls: fair across sellers, within each seller's limit, past no open breaker. One short transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache

from django.db import connection, transaction
from django.db.models import Count, Q

from tradepost.market.base import ids
from tradepost.market.base.secrets import unseal
from tradepost.market.base.work import State, lease, lock_due, peek
from tradepost.market.identity.models import SigningKey
from tradepost.protocols.commands import Command, Create
from tradepost.protocols.contract import RetryRule
from tradepost.protocols.registry import protocol

from .calls import load
from .models import Address, Attempt, Call

CLAIM_LOCK = 7_461_001
"""PostgreSQL advisory lock: claims of all workers follow each other, so that a seller's limit holds across them."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One claimed call with all that an attempt needs: from here on no database is asked until it is recorded."""

    call_id: int
    attempt_id: int
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
    keys: tuple[str, ...]
    until_access: bool
    nonce: str
    business_id: str
    order_number: str


@dataclass(frozen=True, slots=True)
class Taking:
    """Which of the due rows are taken (with why) and which are held back (with why and until when)."""

    taken: list[tuple[Call, str]]
    held: list[tuple[Call, str, datetime | None]]
    trials: list[Address]


def choose(
    rows: Iterable[Call],
    addresses: Mapping[int, Address],
    busy: Mapping[int, int],
    *,
    now: datetime,
    limit: int,
    per_seller: int,
) -> Taking:
    """Pure: first the fair order (each seller's first call, then each one's second …), then breaker and limit."""
    places: Counter[int] = Counter()
    queue: list[tuple[int, datetime, int, Call]] = []
    for row in rows:
        queue.append((places[row.seller_id], row.due_at, row.pk, row))
        places[row.seller_id] += 1
    queue.sort(key=lambda entry: entry[:3])
    flying = defaultdict(int, busy)
    out = Taking([], [], [])
    for _, _, _, row in queue:
        address = addresses[row.address_id]
        last_chance = row.give_up_at is not None and row.give_up_at <= now
        trigger = Attempt.Trigger.RESTART if row.restart else Attempt.Trigger.PLAN
        if address.breaker != Address.Breaker.CLOSED and not row.restart and not last_chance:
            trial_due = (
                address.breaker == Address.Breaker.OPEN and address.trial_at is not None and address.trial_at <= now
            )
            if not trial_due:
                out.held.append((row, Call.Hold.BREAKER, address.trial_at))
                continue
            trigger = Attempt.Trigger.TRIAL
        if flying[row.seller_id] >= per_seller and not row.restart:
            out.held.append((row, Call.Hold.BUSY, None))
            continue
        if len(out.taken) >= limit:
            break
        if trigger == Attempt.Trigger.TRIAL:
            address.breaker = Address.Breaker.TRIAL
            out.trials.append(address)
        flying[row.seller_id] += 1
        out.taken.append((row, trigger))
    return out


def claim_calls(
    *, now: datetime, wall: datetime, owner: str, limit: int, per_seller: int, duration: timedelta
) -> list[Ticket]:
    """Lease up to ``limit`` due calls and write their attempts as started. Commits before anything is sent."""
    if not peek(Call, now=now):
        return []
    with transaction.atomic():
        _one_claim_at_a_time()
        rows = lock_due(Call, now=now, limit=2 * limit)
        if not rows:
            return []
        addresses = Address.objects.in_bulk({row.address_id for row in rows})
        taking = choose(
            rows, addresses, _busy({row.seller_id for row in rows}), now=now, limit=limit, per_seller=per_seller
        )
        _hold(taking)
        for address in taking.trials:
            Address.objects.filter(pk=address.pk).update(breaker=Address.Breaker.TRIAL)
        return _start(taking.taken, addresses, now=now, owner=owner, until=wall + duration)


def _one_claim_at_a_time() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])


def _busy(sellers: set[int]) -> dict[int, int]:
    rows = Call.objects.filter(state=State.LEASED, seller_id__in=sellers).values_list("seller_id")
    return dict(rows.annotate(n=Count("pk")))


def _hold(taking: Taking) -> None:
    by_reason: defaultdict[tuple[str, datetime | None], list[int]] = defaultdict(list)
    for row, reason, until in taking.held:
        by_reason[reason, until].append(row.pk)
    for (reason, until), held in by_reason.items():
        moved = {"due_at": until} if until else {}
        Call.objects.filter(pk__in=held).update(state=State.HELD, hold=reason, **moved)


def _start(
    taken: list[tuple[Call, str]], addresses: Mapping[int, Address], *, now: datetime, owner: str, until: datetime
) -> list[Ticket]:
    lease(Call, [row.pk for row, _ in taken], owner=owner, until=until)
    _begin_plans(taken, now)
    keys = _keys(taken, now)
    business = [ids.hex_id() if row.kind == Create.__name__ else "" for row, _ in taken]
    attempts = Attempt.objects.bulk_create(
        Attempt(
            call_id=row.pk,
            number=row.attempts + 1,
            trigger=trigger,
            business_id=business_id,
            started_at=now,
            worker=owner,
        )
        for (row, trigger), business_id in zip(taken, business, strict=True)
    )
    tickets = []
    for (row, trigger), attempt, business_id in zip(taken, attempts, business, strict=True):
        command = load(row.kind, row.command)
        if isinstance(command, Create):
            command = replace(command, business_id=business_id)
        address = addresses[row.address_id]
        tickets.append(
            Ticket(
                call_id=row.pk,
                attempt_id=attempt.pk,
                number=attempt.number,
                trigger=trigger,
                command=command,
                kind=row.kind,
                activity=row.activity,
                protocol=row.protocol,
                address_id=address.pk,
                url=address.url,
                require_body_sign=address.require_body_sign,
                seller_id=row.seller_id,
                keys=keys.get((row.seller_id, protocol(row.protocol).key_class), ()),
                until_access=row.until_access,
                nonce=ids.nonce(),
                business_id=business_id,
                order_number=row.order_number,
            )
        )
    return tickets


def _begin_plans(taken: list[tuple[Call, str]], now: datetime) -> None:
    """The plan counts from the first attempt. A call that inherited its end (a poll after a create) keeps it."""
    fresh: defaultdict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for row, _ in taken:
        if row.first_at is None:
            fresh[row.protocol, row.kind, row.give_up_at is None].append(row.pk)
    for (name, kind, own_end), calls in fresh.items():
        ends = {"give_up_at": now + rule_of(name, kind).give_up_after} if own_end else {}
        Call.objects.filter(pk__in=calls).update(first_at=now, **ends)


@cache
def rule_of(protocol_name: str, kind: str) -> RetryRule:
    chosen = protocol(protocol_name)
    return next(rule for command, rule in chosen.retries.items() if command.__name__ == kind)


def _keys(taken: list[tuple[Call, str]], now: datetime) -> dict[tuple[int, str], tuple[str, ...]]:
    """Per seller and interface class: the current secret first, then those within their overlap (saas-v2 §1.3)."""
    rows = (
        SigningKey.objects.filter(seller_id__in={row.seller_id for row, _ in taken})
        .filter(Q(valid_until=None) | Q(valid_until__gt=now))
        .values_list("seller_id", "interface_class", "sealed", "valid_until", "pk")
    )
    found: defaultdict[tuple[int, str], list[tuple[bool, int, str]]] = defaultdict(list)
    for seller_id, interface_class, sealed, valid_until, pk in rows:
        found[seller_id, interface_class].append((valid_until is not None, -pk, sealed))
    return {at: tuple(_unsealed(sealed) for *_, sealed in sorted(keys)) for at, keys in found.items()}


_unsealed = lru_cache(maxsize=20_000)(unseal)
