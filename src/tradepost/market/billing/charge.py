"""Charge a collection: one aggregate of its records, then a charge for each accumulation that they change.

Services are worked on in shards, each in the transaction of its own timer: a worker that dies repeats a shard that it did not
finish, and none that it did. Locks: accumulations, then buyers' accounts, each by primary key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tradepost.market.base import jobs, rows
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.metering.events import CollectionClosed
from tradepost.market.metering.models import Collection, Meter
from tradepost.market.payments import debts
from tradepost.market.subscriptions.models import Subscription

from . import collect_debt
from .credit import credit
from .models import Accumulation, Charge
from .rate import Added, Rate, State, add, rate_of
from .tally import tally

TIMER = "billing.charge"
SHARD = 2_000
"""Services that are charged in one transaction."""


def on_collection_closed(event: CollectionClosed, now: datetime) -> None:
    _schedule(event.collection, 0, now)


def run(payload: Mapping[str, Any], now: datetime) -> None:
    """The timer of a shard; it makes that of the next, and behind the last one that of the tally."""
    collection = Collection.objects.get(pk=payload["collection"])
    if payload["after"] is None:
        tally(collection, zone=timezone.get_default_timezone())
        return
    _schedule(collection.pk, charge(collection, after=payload["after"], now=now), now)


def _schedule(collection: int, after: int | None, now: datetime) -> None:
    """``after``: None when all services were charged."""
    key = f"{collection}/{'tally' if after is None else after}"
    jobs.schedule(TIMER, key, due_at=now, payload={"collection": collection, "after": after})


def charge(collection: Collection, *, after: int = 0, now: datetime, shard: int = SHARD) -> int | None:
    """Charge the services of the collection with keys above ``after``, as many as a shard holds. Gives the last one's key, or
    None when there are no more. What was charged for this collection already is left as it is."""
    added = _added(collection, after, shard)
    if not added:
        return None
    with transaction.atomic():
        charges = _accumulate(collection, added, now)
        _book(collection, charges, now)
    services = {subscription for subscription, _start in added}
    return max(services) if len(services) >= shard else None


type _Place = tuple[int, datetime]
"""A service, and when what it used began to add up."""

_AGGREGATE = """
SELECT r.subscription_id, r.accumulation_start,
 CASE WHEN m.accumulation = '' AND m.model <> 'linear' THEN r.quantity ELSE 0 END AS each,
 SUM(r.sign * r.quantity), SUM(r.sign)
FROM metering_record r JOIN metering_meter m ON m.subscription_id = r.subscription_id
WHERE r.id > %s AND r.id <= %s AND r.cycle = %s AND r.subscription_id > %s AND r.subscription_id <= %s
GROUP BY r.subscription_id, r.accumulation_start, each
"""
_LAST = """
SELECT MAX(s) FROM (SELECT DISTINCT subscription_id AS s FROM metering_record
 WHERE id > %s AND id <= %s AND cycle = %s AND subscription_id > %s ORDER BY subscription_id LIMIT %s) AS shard
"""


def _added(collection: Collection, after: int, shard: int) -> dict[_Place, list[Added]]:
    within = [collection.after_id, collection.upto_id, collection.cycle, after]
    [[last]] = rows.run(_LAST, [*within, shard])
    if last is None:
        return {}
    found: defaultdict[_Place, list[Added]] = defaultdict(list)
    for subscription, start, each, total, times in rows.run(_AGGREGATE, [*within, last]):
        # Priced by record: so many of this quantity. Else the sum, once.
        added = Added(each, int(times)) if each else Added(int(total))
        found[subscription, rows.aware(start)].append(added)
    return found


# --- quantities -------------------------------------------------------------------------------------------------------


def _accumulate(collection: Collection, added: Mapping[_Place, Sequence[Added]], now: datetime) -> list[Charge]:
    """Move the accumulations on, and give the new charges."""
    services = Subscription.objects.in_bulk({subscription for subscription, _start in added})
    meters = Meter.objects.in_bulk(services)
    rates = {pk: rate_of_meter(meter) for pk, meter in meters.items()}
    standing = _locked(added)
    charged = set(Charge.objects.filter(collection=collection, accumulation__in=[a.pk for a in standing.values()])
                  .values_list("accumulation", flat=True))  # fmt: skip
    charges, changed = [], []
    for place in sorted(added, key=lambda p: standing[p].pk):
        accumulation, subscription = standing[place], services[place[0]]
        if accumulation.pk in charged:
            continue
        before = State(accumulation.quantity, accumulation.exact, accumulation.charged_minor)
        state, minor = add(rates[place[0]], before, added[place])
        changed.append(
            {"id": accumulation.pk, "quantity": state.quantity, "exact": f"{state.exact:f}", "charged_minor": state.charged_minor}
        )  # fmt: skip
        charges.append(
            Charge(
                collection=collection, accumulation=accumulation, subscription=subscription, buyer_id=subscription.buyer_id,
                seller_id=subscription.seller_id, quantity_before=before.quantity, quantity_after=state.quantity,
                exact_after=state.exact, minor=minor, open_minor=max(minor, 0), currency=rates[place[0]].currency, at=now,
            )
        )  # fmt: skip
    if changed:
        rows.update(
            "billing_accumulation", {"quantity": "bigint", "exact": "numeric", "charged_minor": "bigint"}, changed
        )  # fmt: skip
    return list(Charge.objects.bulk_create(charges, batch_size=500))


def rate_of_meter(meter: Meter) -> Rate:
    return rate_of(
        model=meter.model, currency=meter.currency, price=meter.price, bands=meter.bands, accumulation=meter.accumulation
    )  # fmt: skip


def _locked(added: Mapping[_Place, Sequence[Added]]) -> dict[_Place, Accumulation]:
    """The accumulations, made where there are none yet."""
    services = {subscription for subscription, _start in added}
    starts = {start for _subscription, start in added}
    asked = Accumulation.objects.filter(meter__in=services, start__in=starts)
    known = set(asked.values_list("meter", "start"))
    Accumulation.objects.bulk_create(
        (Accumulation(meter_id=subscription, start=start) for subscription, start in added if (subscription, start) not in known),
        ignore_conflicts=True, batch_size=500,
    )  # fmt: skip
    held = asked.order_by("pk").select_for_update(of=("self",))
    return {(one.meter_id, one.start): one for one in held}


# --- money ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bill:
    """What a collection costs a buyer at one seller: what is owed, and what is credited."""

    owed: Sequence[Charge]
    credits: Sequence[Charge]


def _book(collection: Collection, charges: Sequence[Charge], now: datetime) -> None:
    """One transfer for a buyer and seller; then as much is collected as the balance holds."""
    bills: defaultdict[tuple[int, str], defaultdict[int, list[Charge]]] = defaultdict(lambda: defaultdict(list))
    for one in charges:
        if one.minor:
            bills[one.buyer_id, one.currency][one.seller_id].append(one)
    buyers = User.objects.in_bulk({buyer for buyer, _currency in bills})
    sellers = Seller.objects.in_bulk({seller for of_buyer in bills.values() for seller in of_buyer})
    for account, (buyer, currency) in collect_debt.lock_all([(buyers[pk], currency) for pk, currency in bills]):
        for pk, mine in sorted(bills[buyer.pk, currency].items()):
            seller, reference = sellers[pk], f"{collection.pk}/{buyer.pk}/{pk}"
            if owed := sum(one.minor for one in mine if one.minor > 0):
                # A shard may end between two services of a buyer: the first of them tells the bookings apart.
                debts.owe(buyer, seller, Money(owed, currency), reference=f"{reference}/{mine[0].pk}", now=now)
            for one in mine:
                if one.minor < 0:
                    credit(one, buyer, seller, now=now)
        collect_debt.collect_locked(account, buyer, currency, now=now)
