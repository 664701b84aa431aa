"""Which of the due calls are taken now: fair over sellers, within each one's limit, past no open breaker. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .models import Address, Attempt, Call


class Due(NamedTuple):
    """What is looked at of a due call."""

    pk: int
    seller_id: int
    address_id: int
    due_at: datetime
    restart: bool
    give_up_at: datetime | None
    protocol: str
    kind: str
    purpose: str = Call.Purpose.ORDER.value


@dataclass(slots=True)
class AddressState:
    """What is looked at of an address. ``breaker`` changes while choosing: one trial at a time."""

    pk: int
    url: str
    require_body_sign: bool
    breaker: str
    trial_at: datetime | None


@dataclass(frozen=True, slots=True)
class Taking:
    """Which of the due rows are taken (with why) and which are held back (with why and until when)."""

    taken: list[tuple[Due, str]]
    held: list[tuple[Due, str, datetime | None]]
    trials: list[AddressState]


def choose(
    rows: Iterable[Due],
    addresses: Mapping[int, AddressState],
    busy: Mapping[int, int],
    *,
    now: datetime,
    limit: int,
    per_seller: int,
) -> Taking:
    """Pure: first the fair order (each seller's first call, then each one's second …), what is no order's after all that is;
    then breaker and limit."""
    places: Counter[int] = Counter()
    queue: list[tuple[bool, int, datetime, int, Due]] = []
    for row in rows:
        queue.append((row.purpose != Call.Purpose.ORDER, places[row.seller_id], row.due_at, row.pk, row))
        places[row.seller_id] += 1
    queue.sort(key=lambda entry: entry[:4])
    flying = defaultdict(int, busy)
    out = Taking([], [], [])
    for *_, row in queue:
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
