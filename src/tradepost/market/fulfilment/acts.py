"""What can be tried by hand on which subscription of a seller, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from tradepost.market.base.paging import Page, page
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import modes_that
from tradepost.market.production import calls
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import CheckChange, Expire, Query, Refresh, Release, Scene, SetStatus, Upgrade
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.registry import protocols

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


def possible(subscription: Subscription, spoken: SellerProtocol | None, kept: Sequence[Refresh]) -> frozenset[Act]:
    """What can be asked of the seller now. ``kept``: the renewals that count, see ``kept_renewals``."""
    frozen = subscription.status == Subscription.Status.FROZEN
    if spoken is None or not subscription.instance_id or not (frozen or _is_active(subscription)):
        return frozenset()
    sold = subscription.offer.charging
    renewable = sold.renewable and subscription.expires_at is not None
    renews = renewable and Refresh in spoken.activities
    thawed_by_renewal = renewable and Expire in spoken.activities
    found = {
        Act.RENEW: renews,
        Act.CANCEL_RENEWAL: renews and bool(kept) and kept[-1].scene is Scene.RENEWAL,
        Act.FREEZE: not frozen and freezes(subscription, spoken),
        Act.UNFREEZE: frozen and not thawed_by_renewal and SetStatus in spoken.activities,
        Act.UPGRADE: renewable and not frozen and Upgrade in spoken.activities,
        Act.RENEW_CHANGED: renews and CheckChange in spoken.activities,
        Act.QUERY: sold.metered and Query in spoken.activities,
        Act.RELEASE: Release in spoken.activities,
    }
    return frozenset(act for act, can in found.items() if can)


def freezes(subscription: Subscription, spoken: SellerProtocol) -> bool:
    sold = subscription.offer.charging
    if Expire not in spoken.activities:
        return SetStatus in spoken.activities
    return sold.expires_by_activity or (sold.frozen_by_status and SetStatus in spoken.activities)


def _is_active(subscription: Subscription) -> bool:
    return subscription.status == Subscription.Status.ACTIVE


def kept_renewals(done: Sequence[Call]) -> list[Refresh]:
    """The renewals in effect, oldest first: of the finished refreshes of a subscription, those not cancelled later."""
    kept: list[Refresh] = []
    for call in done:
        command = calls.load(call.kind, call.command)
        if not isinstance(command, Refresh):
            continue
        if command.scene is not Scene.UNSUBSCRIBE_RENEWAL_PERIOD:
            kept.append(command)
        elif kept:
            kept.pop()
    return kept


def done_refreshes(subscriptions: Sequence[Subscription]) -> list[Call]:
    refreshes = Call.objects.filter(subscription__in=subscriptions, kind=Refresh.__name__, outcome=Call.Outcome.DONE)
    return list(refreshes.order_by("pk"))


@dataclass(frozen=True, slots=True)
class Trial:
    """A subscription as the page shows it."""

    subscription: Subscription
    acts: frozenset[Act]
    targets: list[Offer]
    """What it can be changed to, itself included for another quantity."""
    calls: list[Call]
    """The latest ones, newest first."""
    usage: Reported | None

    @property
    def under_way(self) -> bool:
        return any(call.state != State.ENDED for call in self.calls)


def trials(seller: Seller, *, after: str = "", size: int = 10) -> Page[Trial]:
    """The seller's subscriptions, newest first; a fixed number of queries."""
    own = (
        Subscription.objects.filter(seller=seller)
        .select_related("buyer", "product", "offer__sku__spec")
        .defer("sealed_access", "sealed_license")
    )
    found = page(own, after=after, size=size)
    rows = found.rows
    spoken = _spoken(rows)
    refreshes: defaultdict[int | None, list[Call]] = defaultdict(list)
    for call in done_refreshes(rows):
        refreshes[call.subscription_id].append(call)
    latest: defaultdict[int | None, list[Call]] = defaultdict(list)
    newest_first = Window(RowNumber(), partition_by=F("subscription"), order_by=F("pk").desc())
    for call in Call.objects.filter(subscription__in=rows).annotate(nth=newest_first).filter(nth__lte=LATEST):
        latest[call.subscription_id].append(call)
    targets: defaultdict[int, list[Offer]] = defaultdict(list)
    specs = {row.offer.sku.spec_id for row in rows}
    priced = Offer.objects.filter(sku__spec__in=specs, charging_mode__in=RENEWABLE, on_sale=True)
    for offer in priced.select_related("sku__spec").order_by("pk"):
        targets[offer.sku.spec_id].append(offer)
    usage = reported_usage(row for row in rows if row.offer.charging.metered)
    shown = [
        Trial(
            row,
            possible(row, spoken.get(row.product_id), kept_renewals(refreshes[row.pk])),
            targets[row.offer.sku.spec_id],
            sorted(latest[row.pk], key=lambda call: -call.pk),
            usage.get(row.pk),
        )
        for row in rows
    ]
    return Page(shown, found.next_key)


def _spoken(rows: Sequence[Subscription]) -> dict[int, SellerProtocol]:
    bound = Binding.objects.filter(product__in={row.product_id for row in rows})
    names = bound.values_list("product_id", "address__protocol")
    return {product: protocols()[name] for product, name in names if name in protocols()}
