"""Sandbox acts for pages: which are possible for a subscription, and their results."""

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
from tradepost.market.product_types.charging import modes_with
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import CheckChange, Query, Refresh, Upgrade
from tradepost.protocols.commands import Release as ReleaseCommand
from tradepost.protocols.contract import SellerProtocol

from .cases import protocols_of, view_of, with_product
from .models import OPEN, Operation
from .speak import can_freeze, can_thaw
from .usage import ReportedUsage, reported_usage

LATEST = 3
RENEWABLE = modes_with(lambda charging: charging.renewable)


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
"""Acts that need an order, one at a time."""


def possible_acts(
    subscription: Subscription, protocol: SellerProtocol | None, *, renewed: bool, reasons: Collection[str]
) -> frozenset[Act]:
    """Return the possible acts. ``renewed``: whether the latest paid period is a renewal that can be cancelled;
    ``reasons``: reasons of its freeze."""
    is_living = subscription.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN}
    if protocol is None or not subscription.instance_id or not is_living:
        return frozenset()
    view, frozen = view_of(subscription, protocol), subscription.status == Subscription.Status.FROZEN
    renewable = subscription.offer.renewable and subscription.expires_at is not None
    renews = renewable and Refresh in protocol.activities
    supports_freeze = can_freeze(frozenset({Freeze.Reason.OPERATOR.value, Freeze.Reason.EXPIRED.value}), view)
    acts = {
        Act.RENEW: renews,
        Act.CANCEL_RENEWAL: renews and renewed,
        Act.FREEZE: not frozen and bool(supports_freeze),
        Act.UNFREEZE: frozen and Freeze.Reason.OPERATOR in reasons and can_thaw(view),
        Act.UPGRADE: renewable and not frozen and Upgrade in protocol.activities,
        Act.RENEW_CHANGED: renews and CheckChange in protocol.activities,
        Act.QUERY: view.charging.metered and Query in protocol.activities,
        Act.RELEASE: ReleaseCommand in protocol.activities,
    }
    return frozenset(act for act, is_possible in acts.items() if is_possible)


def latest_renewals(subscriptions: Sequence[Subscription]) -> dict[int, bool]:
    """Return by subscription key whether the latest period is a completed plain renewal, in two queries."""
    periods = Period.objects.filter(subscription__in=subscriptions, cancelled_at=None).exclude(kind=Period.Kind.CHANGE)
    latest_lines = dict(periods.order_by("starts_at").values_list("subscription_id", "line_number"))
    renewals = Operation.objects.filter(line__number__in=latest_lines.values(), kind="renew")
    plain_renewals = set(renewals.values_list("line__number", flat=True))
    return {pk: line in plain_renewals for pk, line in latest_lines.items()}


class SandboxService(Struct, frozen=True):
    """A subscription on the page."""

    subscription: Subscription
    acts: frozenset[Act]
    targets: list[Offer]
    """Offers for a change, including the present one for another quantity."""
    calls: list[Call]
    """Latest calls, newest first."""
    usage: ReportedUsage | None
    under_way: bool


def sandbox_services(seller: Seller, *, after: str = "", size: int = 10) -> Page[SandboxService]:
    """Return the seller's subscriptions, newest first, in a fixed number of queries."""
    subscription_page = page(with_product(Subscription.objects.filter(seller=seller)), after=after, size=size)
    rows = subscription_page.rows
    protocols = protocols_of({row.product_id for row in rows})
    renewals_by_subscription, reasons = latest_renewals(rows), _reasons(rows)
    latest_calls: defaultdict[int | None, list[Call]] = defaultdict(list)
    newest_first = Window(RowNumber(), partition_by=F("subscription"), order_by=F("pk").desc())
    for call in Call.objects.filter(subscription__in=rows).annotate(nth=newest_first).filter(nth__lte=LATEST):
        latest_calls[call.subscription_id].append(call)
    targets: defaultdict[int, list[Offer]] = defaultdict(list)
    specs = {row.offer.sku.spec_id for row in rows}
    priced_offers = Offer.objects.filter(sku__spec__in=specs, charging_mode__in=RENEWABLE, trial=False, on_sale=True)
    for offer in priced_offers.select_related("sku__spec").order_by("pk"):
        targets[offer.sku.spec_id].append(offer)
    usage = reported_usage(row for row in rows if row.offer.charging.metered)
    busy_keys = set(
        Operation.objects.filter(subscription__in=rows, status__in=OPEN).values_list("subscription_id", flat=True)
    )
    entries = [
        SandboxService(
            row,
            possible_acts(
                row,
                protocols.get(row.product_id),
                renewed=renewals_by_subscription.get(row.pk, False),
                reasons=reasons[row.pk],
            ),
            targets[row.offer.sku.spec_id],
            sorted(latest_calls[row.pk], key=lambda call: -call.pk),
            usage.get(row.pk),
            row.pk in busy_keys,
        )
        for row in rows
    ]
    return Page(entries, subscription_page.next_key)


def _reasons(rows: Sequence[Subscription]) -> defaultdict[int, set[str]]:
    by_subscription: defaultdict[int, set[str]] = defaultdict(set)
    active = Freeze.objects.filter(subscription__in=rows, lifted_at=None)
    for pk, reason in active.values_list("subscription_id", "reason"):
        by_subscription[pk].add(reason)
    return by_subscription
