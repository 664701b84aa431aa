"""Choose which due calls to take: fair to sellers, within their limits, and not past open breakers. Pure functions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from .models import Address, Attempt, Call
from .plan import ACCESS_LIMITS, AccessCalls, Probing

PURPOSE_RANKS = {
    Call.Purpose.ORDER.value: 0, Call.Purpose.SYNC.value: 0, Call.Purpose.NOTICE.value: 0, Call.Purpose.DEBUG.value: 1,
    Call.Purpose.ACCESS.value: 1, Call.Purpose.PROBE.value: 2, Call.Purpose.COMPARE.value: 2,
}  # fmt: skip
"""Priority by purpose: calls for buyers first, then calls that somebody waits for at a page, then the rest."""
DEFAULT_PROBING = Probing()


@dataclass(slots=True)
class ProbePlaces:
    """Remaining places for probes, in total and per seller."""

    left: int
    per_seller: int
    busy: Mapping[int, int]
    """Probes in flight by seller."""

    @staticmethod
    def of(
        busy: Mapping[int, int], *, capacity: int, per_seller: int, probing: Probing = DEFAULT_PROBING
    ) -> ProbePlaces:
        remaining = probing.places(capacity) - sum(busy.values())
        return ProbePlaces(remaining, probing.places(per_seller), dict(busy))

    def take(self, seller: int) -> bool:
        """Take a place at this seller and return True, or return False if there is none."""
        at_seller = self.busy.get(seller, 0)
        if self.left <= 0 or at_seller >= self.per_seller:
            return False
        self.left -= 1
        self.busy = {**self.busy, seller: at_seller + 1}
        return True


@dataclass(slots=True)
class AccessPlaces:
    """Limit open access calls, so that buyers of a slow seller's services never occupy all places."""

    busy: Counter[int]
    """Open access calls by seller."""
    limits: AccessCalls = ACCESS_LIMITS

    def take(self, seller: int) -> bool:
        """Take a place at this seller and return True, or return False if there is none."""
        if self.busy.total() >= self.limits.at_once or self.busy[seller] >= self.limits.per_seller:
            return False
        self.busy[seller] += 1
        return True


class DueCall(NamedTuple):
    """Columns of a due call that decide."""

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
    """Columns of an address that decide. ``breaker`` changes during the choice: one trial at a time."""

    pk: int
    url: str
    require_body_sign: bool
    breaker: str
    trial_at: datetime | None


class Selection(Struct, frozen=True):
    """Due rows to take (with trigger), to hold (with reason and end) or to drop."""

    taken: list[tuple[DueCall, str]]
    held: list[tuple[DueCall, str, datetime | None]]
    trials: list[AddressState]
    dropped: list[DueCall]
    """Access calls that are too late, or whose address does not answer. The buyer sees the stored data, so they are
    never sent later."""


def choose(
    rows: Iterable[DueCall],
    addresses: Mapping[int, AddressState],
    busy: Mapping[int, int],
    *,
    now: datetime,
    limit: int,
    per_seller: int,
    probes: ProbePlaces | None = None,
    access: AccessPlaces | None = None,
) -> Selection:
    """Choose calls by priority and fair order (each seller's first call, then each one's second), then apply breakers
    and limits.

    ``probes``: their places; without it, no separate limit.
    """
    probes = probes or ProbePlaces(limit, per_seller, {})
    access = access or AccessPlaces(Counter())
    waiting_counts: Counter[int] = Counter()
    queue: list[tuple[int, int, datetime, int, DueCall]] = []
    for row in rows:
        queue.append((PURPOSE_RANKS.get(row.purpose, 1), waiting_counts[row.seller_id], row.due_at, row.pk, row))
        waiting_counts[row.seller_id] += 1
    queue.sort(key=lambda entry: entry[:4])
    in_flight = defaultdict(int, busy)
    selection = Selection([], [], [], [])
    for *_, row in queue:
        if row.purpose == Call.Purpose.ACCESS and _is_useless(row, addresses[row.address_id], access, now=now):
            selection.dropped.append(row)
            continue
        if len(selection.taken) >= limit:
            if row.purpose == Call.Purpose.PROBE:  # so that it does not block orders that are due later
                selection.held.append((row, Call.Hold.PROBES, None))
            continue
        address = addresses[row.address_id]
        last_chance = row.give_up_at is not None and row.give_up_at <= now
        trigger = Attempt.Trigger.RESTART if row.restart else Attempt.Trigger.PLAN
        if address.breaker != Address.Breaker.CLOSED and not row.restart and not last_chance:
            trial_due = (
                address.breaker == Address.Breaker.OPEN and address.trial_at is not None and address.trial_at <= now
            )
            if not trial_due:
                selection.held.append((row, Call.Hold.BREAKER, address.trial_at))
                continue
            trigger = Attempt.Trigger.TRIAL
        if in_flight[row.seller_id] >= per_seller and not row.restart:
            selection.held.append((row, Call.Hold.BUSY, None))
            continue
        if row.purpose == Call.Purpose.ACCESS and not access.take(row.seller_id):
            selection.held.append((row, Call.Hold.BUSY, None))
            continue
        if row.purpose == Call.Purpose.PROBE and not probes.take(row.seller_id):
            selection.held.append((row, Call.Hold.PROBES, None))
            continue
        if trigger == Attempt.Trigger.TRIAL:
            address.breaker = Address.Breaker.TRIAL
            selection.trials.append(address)
        in_flight[row.seller_id] += 1
        selection.taken.append((row, trigger))
    return selection


def _is_useless(row: DueCall, address: AddressState, access: AccessPlaces, *, now: datetime) -> bool:
    """Return whether an access call is too late, or its address does not answer."""
    return now - row.due_at > access.limits.within or address.breaker != Address.Breaker.CLOSED
