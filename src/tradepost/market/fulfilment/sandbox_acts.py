"""What can be tried out on which subscription of a seller, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from enum import StrEnum

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import modes_that
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import CheckChange, Query, Refresh, Upgrade
from tradepost.protocols.commands import Release as ReleaseCommand
from tradepost.protocols.contract import SellerProtocol

from .cases import held_of, protocols_of, with_product
from .models import OPEN, Operation
from .speak import can_freeze, can_thaw
from .usage import Reported, reported_usage

LATEST = 3
RENEWABLE = modes_that(lambda charging: charging.renewable)


class Act(StrEnum):
    RENEW = "renew"
    CANCEL_RENEWAL = "cancel_renewal"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    UPGRADE = "upgrade"
    RENEW_CHANGED = "renew_changed"
    QUERY = "query"
    RELEASE = "release"


CHANGES = frozenset({Act.RENEW, Act.CANCEL_RENEWAL, Act.UPGRADE, Act.RENEW_CHANGED})
"""What needs an order: one at a time."""


def possible(
    subscription: Subscription, spoken: SellerProtocol | None, *, renewed: bool, reasons: Collection[str]
) -> frozenset[Act]:
    """What can be tried now. ``renewed``: whether the latest paid period is a renewal that can be cancelled; ``reasons``:
    for which it is frozen."""
    living = subscription.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN}
    if spoken is None or not subscription.instance_id or not living:
        return frozenset()
    held, frozen = held_of(subscription, spoken), subscription.status == Subscription.Status.FROZEN
    renewable = subscription.offer.renewable and subscription.expires_at is not None
    renews = renewable and Refresh in spoken.activities
    told = can_freeze(frozenset({Freeze.Reason.OPERATOR.value, Freeze.Reason.EXPIRED.value}), held)
    found = {
        Act.RENEW: renews,
        Act.CANCEL_RENEWAL: renews and renewed,
        Act.FREEZE: not frozen and bool(told),
        Act.UNFREEZE: frozen and Freeze.Reason.OPERATOR in reasons and can_thaw(held),
        Act.UPGRADE: renewable and not frozen and Upgrade in spoken.activities,
        Act.RENEW_CHANGED: renews and CheckChange in spoken.activities,
        Act.QUERY: held.charging.metered and Query in spoken.activities,
        Act.RELEASE: ReleaseCommand in spoken.activities,
    }
    return frozenset(act for act, can in found.items() if can)


def latest_renewals(subscriptions: Sequence[Subscription]) -> dict[int, bool]:
    """Of each subscription with paid time: whether the latest period is a plain renewal, done and not cancelled; one query
    for all of them, and one for their operations."""
    kept = Period.objects.filter(subscription__in=subscriptions, cancelled_at=None).exclude(kind=Period.Kind.CHANGE)
    latest = dict(kept.order_by("starts_at").values_list("subscription_id", "line_number"))
    renewals = Operation.objects.filter(line__number__in=latest.values(), kind="renew")
    plain = set(renewals.values_list("line__number", flat=True))
    return {pk: line in plain for pk, line in latest.items()}


class Tried(Struct, frozen=True):
    """A subscription as the page shows it."""

    subscription: Subscription
    acts: frozenset[Act]
    targets: list[Offer]
    """What it can be changed to, itself included for another quantity."""
    calls: list[Call]
    """The latest ones, newest first."""
    usage: Reported | None
    under_way: bool


def tried(seller: Seller, *, after: str = "", size: int = 10) -> Page[Tried]:
    """The seller's subscriptions, newest first; a fixed number of queries."""
    found = page(with_product(Subscription.objects.filter(seller=seller)), after=after, size=size)
    rows = found.rows
    spoken = protocols_of({row.product_id for row in rows})
    renewed, reasons = latest_renewals(rows), _reasons(rows)
    latest: defaultdict[int | None, list[Call]] = defaultdict(list)
    newest_first = Window(RowNumber(), partition_by=F("subscription"), order_by=F("pk").desc())
    for call in Call.objects.filter(subscription__in=rows).annotate(nth=newest_first).filter(nth__lte=LATEST):
        latest[call.subscription_id].append(call)
    targets: defaultdict[int, list[Offer]] = defaultdict(list)
    specs = {row.offer.sku.spec_id for row in rows}
    priced = Offer.objects.filter(sku__spec__in=specs, charging_mode__in=RENEWABLE, trial=False, on_sale=True)
    for offer in priced.select_related("sku__spec").order_by("pk"):
        targets[offer.sku.spec_id].append(offer)
    usage = reported_usage(row for row in rows if row.offer.charging.metered)
    busy = set(
        Operation.objects.filter(subscription__in=rows, status__in=OPEN).values_list("subscription_id", flat=True)
    )
    shown = [
        Tried(
            row,
            possible(row, spoken.get(row.product_id), renewed=renewed.get(row.pk, False), reasons=reasons[row.pk]),
            targets[row.offer.sku.spec_id],
            sorted(latest[row.pk], key=lambda call: -call.pk),
            usage.get(row.pk),
            row.pk in busy,
        )
        for row in rows
    ]
    return Page(shown, found.next_key)


def _reasons(rows: Sequence[Subscription]) -> defaultdict[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    standing = Freeze.objects.filter(subscription__in=rows, lifted_at=None)
    for pk, reason in standing.values_list("subscription_id", "reason"):
        found[pk].add(reason)
    return found
