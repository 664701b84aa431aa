"""Charge a collection: one aggregate of its records, then a charge for each accumulation that they change.

Where a service has packages, they are deducted from first, and only what is left over is accumulated; of all others nothing is
looked at but the aggregate.

Services are worked on in shards, each in the transaction of its own timer: a worker that dies repeats a shard that it did not
finish, and none that it did. Locks: quotas, accumulations, then buyers' accounts, each by primary key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tradepost.market.base import jobs, rows
from tradepost.market.identity.models import Seller, User
from tradepost.market.metering.deduction import Split, deduct_collection, lock_quotas, services_with_packages
from tradepost.market.metering.events import CollectionClosed
from tradepost.market.metering.models import Collection, Meter
from tradepost.market.payments import debts
from tradepost.market.payments.debts import Due
from tradepost.market.subscriptions.models import Subscription

from . import collect_debt
from .credit import credit, reduce_new_usage
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
    last = _last(after, shard)
    added = _added(collection, after, last)
    while not added and last is not None:
        after, last = last, _last(last, shard)
        added = _added(collection, after, last)
    if not added:
        return None
    with transaction.atomic():
        splits = _deduct(collection, added, now)
        charges = _accumulate(collection, added, splits, now)
        _book(collection, charges, now)
    return last


type _Place = tuple[int, datetime]
"""A service, and when what it used began to add up."""

_LAST = (
    "SELECT subscription_id FROM metering_meter WHERE subscription_id > %s ORDER BY subscription_id LIMIT 1 OFFSET %s"
)
_BY_RECORD = """
SELECT subscription_id FROM metering_meter WHERE accumulation = '' AND model <> 'linear' AND subscription_id > %s
 AND subscription_id <= %s
"""
_SUMS = """
SELECT subscription_id, accumulation_start, SUM(sign * quantity) FROM metering_record
WHERE id > %s AND id <= %s AND cycle = %s AND subscription_id > %s AND subscription_id <= %s
GROUP BY subscription_id, accumulation_start
"""
_TIMES = """
SELECT subscription_id, accumulation_start, quantity, SUM(sign) FROM metering_record
WHERE id > %s AND id <= %s AND cycle = %s AND {}
GROUP BY subscription_id, accumulation_start, quantity
"""
_NO_END = 2**63 - 1


def _last(after: int, shard: int) -> int | None:
    """The last service of a shard of all that are metered; None when fewer are left than it holds. Not of those that were
    used: to count these takes as long as to add up what they used."""
    found = rows.run(_LAST, [after, shard - 1])
    return int(found[0][0]) if found else None


def _added(collection: Collection, after: int, last: int | None) -> dict[_Place, list[Added]]:
    of_collection, upto = [collection.after_id, collection.upto_id, collection.cycle], last or _NO_END
    by_record = {pk for (pk,) in rows.run(_BY_RECORD, [after, upto])}
    found: defaultdict[_Place, list[Added]] = defaultdict(list)
    for subscription, start, total in rows.run(_SUMS, [*of_collection, after, upto]):
        if subscription not in by_record:
            found[subscription, rows.aware(start)].append(Added(int(total)))
    if by_record:
        condition, among = rows.among("subscription_id", by_record)
        for subscription, start, quantity, times in rows.run(_TIMES.format(condition), [*of_collection, *among]):
            found[subscription, rows.aware(start)].append(Added(quantity, int(times)))
    return found


def _deduct(collection: Collection, added: dict[_Place, list[Added]], now: datetime) -> dict[_Place, Split]:
    """Replace what services with packages used by what packages leave of it. Usage in the past takes from them what later
    usage had: so accumulations move that no record of this collection is of."""
    found = services_with_packages({subscription for subscription, _start in added})
    if not found:
        return {}
    quotas = lock_quotas(found)
    done = set(
        Charge.objects.filter(collection=collection, subscription__in=found).values_list("subscription", flat=True)
    )
    for place in [place for place in added if place[0] in done]:
        del added[place]
    left = found - done
    splits = deduct_collection(collection, left, [quota for quota in quotas if quota.service_id in left], now=now)
    added.update({place: [Added(split.excess)] for place, split in splits.items()})
    return splits


# --- quantities -------------------------------------------------------------------------------------------------------


def _accumulate(
    collection: Collection, added: Mapping[_Place, Sequence[Added]], splits: Mapping[_Place, Split], now: datetime
) -> list[Charge]:
    """Move the accumulations on, and give the new charges."""
    of_parties = Subscription.objects.only("buyer_id", "seller_id")
    services = of_parties.in_bulk({subscription for subscription, _start in added})
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
        split = splits.get(place, Split())
        changed.append(
            {"id": accumulation.pk, "quantity": state.quantity, "exact": f"{state.exact:f}", "charged_minor": state.charged_minor}
        )  # fmt: skip
        charges.append(
            Charge(
                collection=collection, accumulation=accumulation, subscription=subscription, buyer_id=subscription.buyer_id,
                seller_id=subscription.seller_id, quantity_before=before.quantity, quantity_after=state.quantity,
                exact_after=state.exact, deducted=split.deducted, free=split.free, minor=minor, open_minor=max(minor, 0), currency=rates[place[0]].currency, at=now,
            )
        )  # fmt: skip
    if changed:
        rows.update(
            "billing_accumulation", {"quantity": "bigint", "exact": "numeric", "charged_minor": "bigint"}, changed
        )  # fmt: skip
    return rows.create(charges)


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
    rows.insert(
        "billing_accumulation",
        {"meter_id": "bigint", "start": "timestamptz", "quantity": "bigint", "exact": "numeric", "charged_minor": "bigint"},
        [
            {"meter_id": subscription, "start": rows.moment(start), "quantity": 0, "exact": 0, "charged_minor": 0}
            for subscription, start in sorted(set(added) - known)
        ],
        unique="meter_id, start",
    )  # fmt: skip
    held = asked.order_by("pk").select_for_update(of=("self",))
    return {(one.meter_id, one.start): one for one in held}


# --- money ------------------------------------------------------------------------------------------------------------


def _book(collection: Collection, charges: Sequence[Charge], now: datetime) -> None:
    """One transfer for a buyer and seller; then as much is collected as the balance holds."""
    bills: defaultdict[str, defaultdict[tuple[int, int], list[Charge]]] = defaultdict(lambda: defaultdict(list))
    for one in charges:
        if one.minor:
            bills[one.currency][one.buyer_id, one.seller_id].append(one)
    debtors = collect_debt.lock_all([(buyer, currency) for currency in bills for buyer, _seller in bills[currency]])
    for currency, mine in sorted(bills.items()):
        dues = [
            # A shard may end between two services of a buyer: the first of them tells the bookings apart.
            Due(user=buyer, seller=seller, minor=owed, reference=f"{collection.pk}/{buyer}/{seller}/{of_both[0].pk}")
            for (buyer, seller), of_both in sorted(mine.items())
            if (owed := sum(one.minor for one in of_both if one.minor > 0))
        ]
        debts.owe_all(dues, currency, now=now)
        _credit([one for of_both in mine.values() for one in of_both if one.minor < 0], now)
        reduce_new_usage([one for of_both in mine.values() for one in of_both if one.minor > 0], now=now)
        collect_debt.collect_locked([one for one in debtors if one.account.currency == currency], currency, now=now)


def _credit(charges: Sequence[Charge], now: datetime) -> None:
    buyers = User.objects.in_bulk({one.buyer_id for one in charges}) if charges else {}
    sellers = Seller.objects.in_bulk({one.seller_id for one in charges}) if charges else {}
    for one in charges:
        credit(one, buyers[one.buyer_id], sellers[one.seller_id], now=now)
