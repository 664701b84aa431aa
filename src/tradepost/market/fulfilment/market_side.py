"""Services as the market has them, beside what their sellers said last: what a comparison begins with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from tradepost.market.base.values import members
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING
from tradepost.protocols.commands import Query, Refresh
from tradepost.protocols.registry import protocols

from .cases import held_of, kind_of
from .contract import Held
from .drift import MarketSide, Unresolved
from .freezing import reasons_of
from .models import UNRESOLVED, Operation
from .speak import can_freeze, can_thaw, implemented


class ToldEnd(Struct, frozen=True, kw_only=True):
    """An end of the paid time of which a seller was told, by which call."""

    until: datetime
    order: str
    line: str


class Side(Struct, frozen=True, kw_only=True):
    """A service with all that is compared of it. ``address``: where its seller is asked; ``queried``: whether it can be
    asked for the instance."""

    subscription: Subscription
    market: MarketSide
    address: Address | None
    queried: bool
    told: ToldEnd | None
    """The last end of which the seller was told: by a good answer, or in vain since then."""


def sides_of(subscriptions: Sequence[Subscription]) -> dict[int, Side]:
    """By key; a fixed number of queries. ``product`` and ``offer`` should be fetched."""
    reasons, addresses = reasons_of(subscriptions), calls.addresses_of(one.product for one in subscriptions)
    unresolved, told = _unresolved(subscriptions), _told_ends([one.pk for one in subscriptions])
    known, found = protocols(), {}
    for one in subscriptions:
        address = addresses.get(one.product_id)
        spoken = known.get(address.protocol) if address else None
        held = held_of(one, spoken, address) if spoken else None
        done, maybe = told.get(one.pk, (None, None))
        market = MarketSide(
            status=one.status,
            reasons=reasons.get(one.pk, frozenset()),
            seller_state=one.seller_state,
            expires_at=one.expires_at,
            told_end=done.until if done else None,
            maybe_end=maybe.until if maybe else None,
            access=access_data(one) if one.status in LIVING else None,
            unresolved=tuple(unresolved.get(one.pk, ())),
            **_words(held, reasons.get(one.pk, frozenset())),
        )
        found[one.pk] = Side(
            subscription=one, market=market, address=address, queried=_queried(held), told=maybe or done
        )
    return found


def _words(held: Held | None, reasons: frozenset[str]) -> dict[str, bool]:
    """What the seller's protocol has a word for."""
    if held is None:
        return {"can_freeze": False, "can_thaw": False, "refresh_thaws": False, "can_refresh": False}
    return {
        "can_freeze": bool(can_freeze(reasons, held)),
        "can_thaw": can_thaw(held),
        "refresh_thaws": held.refresh_thaws,
        "can_refresh": Refresh in held.protocol.activities and implemented(Refresh, held),
    }


def _queried(held: Held | None) -> bool:
    return held is not None and Query in held.protocol.activities and implemented(Query, held)


def _unresolved(subscriptions: Iterable[Subscription]) -> Mapping[int, list[Unresolved]]:
    found: defaultdict[int, list[Unresolved]] = defaultdict(list)
    rows = Operation.objects.filter(subscription__in=subscriptions, status__in=UNRESOLVED).order_by("pk")
    for one in rows:
        kind = kind_of(one)
        found[one.subscription_id or 0].append(
            Unresolved(
                id=one.pk,
                kind=one.kind,
                stopped=one.status == Operation.Status.STOPPED,
                ends=kind.ends,
                moves_end="until" in members(kind.wanted),
            )
        )
    return found


type Told = tuple[ToldEnd | None, ToldEnd | None]
"""By a good answer; and later than that, without one, though the seller may have done it."""


def _told_ends(subscriptions: Collection[int]) -> Mapping[int, Told]:
    found: dict[int, Told] = {}
    refreshed = Call.objects.filter(
        subscription__in=subscriptions, kind=Refresh.__name__, purpose=Call.Purpose.ORDER
    ).exclude(outcome="")
    read = ("subscription_id", "outcome", "maybe_acted", "kind", "command")
    for call in refreshed.order_by("ended_at", "pk").only(*read):
        command = calls.load(call.kind, call.command)
        if not isinstance(command, Refresh) or call.subscription_id is None:
            continue
        told = ToldEnd(until=command.expires_at, order=command.order_id, line=command.order_line_id)
        if call.outcome == Call.Outcome.DONE:
            found[call.subscription_id] = (told, None)
        elif call.maybe_acted:
            found[call.subscription_id] = (found.get(call.subscription_id, (None, None))[0], told)
    return found
