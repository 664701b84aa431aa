"""Which of the due calls are taken now: fair over sellers, within each one's limit, past no open breaker. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from .models import Address, Attempt, Call
from .plan import ACCESS, AccessCalls, Probing

RANK = {
    Call.Purpose.ORDER.value: 0, Call.Purpose.SYNC.value: 0, Call.Purpose.NOTICE.value: 0, Call.Purpose.DEBUG.value: 1,
    Call.Purpose.ACCESS.value: 1, Call.Purpose.PROBE.value: 2, Call.Purpose.COMPARE.value: 2,
}  # fmt: skip
"""What buyers wait for before everything else, somebody who waits at a page before nobody."""
PROBING = Probing()


@dataclass(slots=True)
class ProbePlaces:
    """How many places probes may still take, in all and at each seller: those that orders leave."""

    left: int
    per_seller: int
    busy: Mapping[int, int]
    """Probes in flight by seller."""

    @staticmethod
    def of(busy: Mapping[int, int], *, capacity: int, per_seller: int, probing: Probing = PROBING) -> ProbePlaces:
        left = probing.places(capacity) - sum(busy.values())
        return ProbePlaces(left, probing.places(per_seller), dict(busy))

    def take(self, seller: int) -> bool:
        """Whether there is one for this seller; then it is taken."""
        at_seller = self.busy.get(seller, 0)
        if self.left <= 0 or at_seller >= self.per_seller:
            return False
        self.left -= 1
        self.busy = {**self.busy, seller: at_seller + 1}
        return True


@dataclass(slots=True)
class AccessPlaces:
    """Count the open access calls, so that buyers who open services of a slow seller never fill the workers."""

    busy: Counter[int]
    """Open access calls by seller."""
    limits: AccessCalls = ACCESS

    def take(self, seller: int) -> bool:
        """Take a place at this seller and return True, or return False if there is none."""
        if self.busy.total() >= self.limits.at_once or self.busy[seller] >= self.limits.per_seller:
            return False
        self.busy[seller] += 1
        return True


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


class Taking(Struct, frozen=True):
    """Which of the due rows are taken (with why), held back (with why and until when) or dropped."""

    taken: list[tuple[Due, str]]
    held: list[tuple[Due, str, datetime | None]]
    trials: list[AddressState]
    dropped: list[Due]
    """Access calls for which no buyer waits any more, or whose address does not answer. The buyer sees the stored data, so they
    are never sent later."""


def choose(
    rows: Iterable[Due],
    addresses: Mapping[int, AddressState],
    busy: Mapping[int, int],
    *,
    now: datetime,
    limit: int,
    per_seller: int,
    probes: ProbePlaces | None = None,
    access: AccessPlaces | None = None,
) -> Taking:
    """Pure: first the fair order (each seller's first call, then each one's second …), what is no order's after all that is,
    probes last; then breaker and limit. ``probes``: their places, as many as there are when it is not given."""
    probes = probes or ProbePlaces(limit, per_seller, {})
    access = access or AccessPlaces(Counter())
    places: Counter[int] = Counter()
    queue: list[tuple[int, int, datetime, int, Due]] = []
    for row in rows:
        queue.append((RANK.get(row.purpose, 1), places[row.seller_id], row.due_at, row.pk, row))
        places[row.seller_id] += 1
    queue.sort(key=lambda entry: entry[:4])
    flying = defaultdict(int, busy)
    out = Taking([], [], [], [])
    for *_, row in queue:
        if row.purpose == Call.Purpose.ACCESS and _is_useless(row, addresses[row.address_id], access, now=now):
            out.dropped.append(row)
            continue
        if len(out.taken) >= limit:
            if row.purpose == Call.Purpose.PROBE:  # out of the way of orders that are due behind it
                out.held.append((row, Call.Hold.PROBES, None))
            continue
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
        if row.purpose == Call.Purpose.ACCESS and not access.take(row.seller_id):
            out.held.append((row, Call.Hold.BUSY, None))
            continue
        if row.purpose == Call.Purpose.PROBE and not probes.take(row.seller_id):
            out.held.append((row, Call.Hold.PROBES, None))
            continue
        if trigger == Attempt.Trigger.TRIAL:
            address.breaker = Address.Breaker.TRIAL
            out.trials.append(address)
        flying[row.seller_id] += 1
        out.taken.append((row, trigger))
    return out


def _is_useless(row: Due, address: AddressState, access: AccessPlaces, *, now: datetime) -> bool:
    """Whether an access call is too late, or its address does not answer."""
    return now - row.due_at > access.limits.within or address.breaker != Address.Breaker.CLOSED
