"""Services at the market with their sellers' last answers, as input of a comparison."""

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
from tradepost.market.subscriptions.renewable import LIVE_STATUSES
from tradepost.protocols.commands import Query, Refresh
from tradepost.protocols.registry import protocols

from .cases import kind_of, view_of
from .contract import SubscriptionView
from .drift import MarketSide, Unresolved
from .freezing import reasons_of
from .models import UNRESOLVED, Operation
from .speak import can_freeze, can_thaw, implemented


class SentEnd(Struct, frozen=True, kw_only=True):
    """An end of the paid time sent to a seller, and its order."""

    until: datetime
    order: str
    line: str


class ComparisonData(Struct, frozen=True, kw_only=True):
    """Data of a service for a comparison. ``address``: the seller's address; ``queried``: whether the instance can be
    queried."""

    subscription: Subscription
    market: MarketSide
    address: Address | None
    queried: bool
    told: SentEnd | None
    """Last end sent to the seller: confirmed, or sent later without an answer."""


def comparison_data_of(subscriptions: Sequence[Subscription]) -> dict[int, ComparisonData]:
    """Return the data by subscription key in a fixed number of queries. ``product`` and ``offer`` should be fetched."""
    reasons, addresses = (
        reasons_of(subscriptions),
        calls.addresses_of(subscription.product for subscription in subscriptions),
    )
    unresolved, sent_ends = _unresolved(subscriptions), _sent_ends([subscription.pk for subscription in subscriptions])
    installed_protocols, sides = protocols(), {}
    for subscription in subscriptions:
        address = addresses.get(subscription.product_id)
        protocol = installed_protocols.get(address.protocol) if address else None
        view = view_of(subscription, protocol, address) if protocol else None
        confirmed_end, unconfirmed_end = sent_ends.get(subscription.pk, (None, None))
        market = MarketSide(
            status=subscription.status,
            reasons=reasons.get(subscription.pk, frozenset()),
            seller_state=subscription.seller_state,
            expires_at=subscription.expires_at,
            told_end=confirmed_end.until if confirmed_end else None,
            maybe_end=unconfirmed_end.until if unconfirmed_end else None,
            access=access_data(subscription) if subscription.status in LIVE_STATUSES else None,
            unresolved=tuple(unresolved.get(subscription.pk, ())),
            **_capabilities(view, reasons.get(subscription.pk, frozenset())),
        )
        sides[subscription.pk] = ComparisonData(
            subscription=subscription,
            market=market,
            address=address,
            queried=_queried(view),
            told=unconfirmed_end or confirmed_end,
        )
    return sides


def _capabilities(view: SubscriptionView | None, reasons: frozenset[str]) -> dict[str, bool]:
    """Return which commands the seller's protocol has."""
    if view is None:
        return {"can_freeze": False, "can_thaw": False, "refresh_thaws": False, "can_refresh": False}
    return {
        "can_freeze": bool(can_freeze(reasons, view)),
        "can_thaw": can_thaw(view),
        "refresh_thaws": view.refresh_thaws,
        "can_refresh": Refresh in view.protocol.activities and implemented(Refresh, view),
    }


def _queried(view: SubscriptionView | None) -> bool:
    return view is not None and Query in view.protocol.activities and implemented(Query, view)


def _unresolved(subscriptions: Iterable[Subscription]) -> Mapping[int, list[Unresolved]]:
    by_subscription: defaultdict[int, list[Unresolved]] = defaultdict(list)
    rows = Operation.objects.filter(subscription__in=subscriptions, status__in=UNRESOLVED).order_by("pk")
    for row in rows:
        kind = kind_of(row)
        by_subscription[row.subscription_id or 0].append(
            Unresolved(
                id=row.pk,
                kind=row.kind,
                stopped=row.status == Operation.Status.STOPPED,
                ends=kind.ends,
                moves_end="until" in members(kind.wanted),
            )
        )
    return by_subscription


type SentEnds = tuple[SentEnd | None, SentEnd | None]
"""Confirmed end; and a later one without an answer, which the seller may have stored."""


def _sent_ends(subscriptions: Collection[int]) -> Mapping[int, SentEnds]:
    ends: dict[int, SentEnds] = {}
    refresh_calls = Call.objects.filter(
        subscription__in=subscriptions, kind=Refresh.__name__, purpose=Call.Purpose.ORDER
    ).exclude(outcome="")
    columns = ("subscription_id", "outcome", "maybe_acted", "kind", "command")
    for call in refresh_calls.order_by("ended_at", "pk").only(*columns):
        command = calls.load(call.kind, call.command)
        if not isinstance(command, Refresh) or call.subscription_id is None:
            continue
        end = SentEnd(until=command.expires_at, order=command.order_id, line=command.order_line_id)
        if call.outcome == Call.Outcome.DONE:
            ends[call.subscription_id] = (end, None)
        elif call.maybe_acted:
            ends[call.subscription_id] = (ends.get(call.subscription_id, (None, None))[0], end)
    return ends
