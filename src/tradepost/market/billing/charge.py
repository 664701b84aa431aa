"""Charge a collection: aggregate its records, then create a charge for each changed accumulation.

Packages are deducted first and only the excess is accumulated. Services are charged in shards, each in the transaction
of its own timer, so a restarted worker repeats only the unfinished shard. Locks: quotas, accumulations, then buyers'
accounts, each by primary key.
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
from tradepost.market.payments.debts import UsageDebt
from tradepost.market.subscriptions.models import Subscription

from . import collect_debt
from .credit import credit, reduce_new_usage
from .models import Accumulation, Charge
from .rate import Added, Rate, State, add, rate_of
from .tally import tally

TIMER = "billing.charge"
SHARD = 2_000
"""Services charged per transaction."""


def on_collection_closed(event: CollectionClosed, now: datetime) -> None:
    _schedule(event.collection, 0, now)


def run(payload: Mapping[str, Any], now: datetime) -> None:
    """Timer of a shard: charge it and schedule the next; after the last one, schedule the tally."""
    collection = Collection.objects.get(pk=payload["collection"])
    if payload["after"] is None:
        tally(collection, zone=timezone.get_default_timezone())
        return
    _schedule(collection.pk, charge(collection, after=payload["after"], now=now), now)


def _schedule(collection: int, after: int | None, now: datetime) -> None:
    """Schedule a shard. ``after``: None when all services are charged."""
    key = f"{collection}/{'tally' if after is None else after}"
    jobs.schedule(TIMER, key, due_at=now, payload={"collection": collection, "after": after})


def charge(collection: Collection, *, after: int = 0, now: datetime, shard: int = SHARD) -> int | None:
    """Charge the next shard of services with keys above ``after``. Return the last key, or None after the last shard.
    Existing charges of this collection are not changed."""
    last_key = _last(after, shard)
    additions = _added(collection, after, last_key)
    while not additions and last_key is not None:
        after, last_key = last_key, _last(last_key, shard)
        additions = _added(collection, after, last_key)
    if not additions:
        return None
    with transaction.atomic():
        splits = _deduct(collection, additions, now)
        charges = _accumulate(collection, additions, splits, now)
        _book(collection, charges, now)
    return last_key


type _Place = tuple[int, datetime]
"""Service, and start of the accumulation."""

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
    """Return the last metered service of a shard; None for the last shard. It counts all metered services, because
    counting used ones costs as much as charging them."""
    result = rows.run(_LAST, [after, shard - 1])
    return int(result[0][0]) if result else None


def _added(collection: Collection, after: int, last_key: int | None) -> dict[_Place, list[Added]]:
    collected_range, upto = [collection.after_id, collection.upto_id, collection.cycle], last_key or _NO_END
    by_record = {pk for (pk,) in rows.run(_BY_RECORD, [after, upto])}
    additions: defaultdict[_Place, list[Added]] = defaultdict(list)
    for subscription, start, total in rows.run(_SUMS, [*collected_range, after, upto]):
        if subscription not in by_record:
            additions[subscription, rows.aware(start)].append(Added(int(total)))
    if by_record:
        condition, among_parameters = rows.among("subscription_id", by_record)
        for subscription, start, quantity, times in rows.run(
            _TIMES.format(condition), [*collected_range, *among_parameters]
        ):
            additions[subscription, rows.aware(start)].append(Added(quantity, int(times)))
    return additions


def _deduct(collection: Collection, additions: dict[_Place, list[Added]], now: datetime) -> dict[_Place, Split]:
    """Replace the usage of services with packages by the excess. Late usage can also change accumulations without
    records in this collection."""
    services = services_with_packages({subscription for subscription, _start in additions})
    if not services:
        return {}
    quotas = lock_quotas(services)
    charged_services = set(
        Charge.objects.filter(collection=collection, subscription__in=services).values_list("subscription", flat=True)
    )
    for key in [key for key in additions if key[0] in charged_services]:
        del additions[key]
    uncharged_services = services - charged_services
    splits = deduct_collection(
        collection, uncharged_services, [quota for quota in quotas if quota.service_id in uncharged_services], now=now
    )
    additions.update({key: [Added(split.excess)] for key, split in splits.items()})
    return splits


# --- quantities ---


def _accumulate(
    collection: Collection, additions: Mapping[_Place, Sequence[Added]], splits: Mapping[_Place, Split], now: datetime
) -> list[Charge]:
    """Update the accumulations and create the charges."""
    parties = Subscription.objects.only("buyer_id", "seller_id")
    services = parties.in_bulk({subscription for subscription, _start in additions})
    meters = Meter.objects.in_bulk(services)
    rates = {pk: rate_of_meter(meter) for pk, meter in meters.items()}
    accumulations = _locked(additions)
    charged_keys = set(Charge.objects.filter(collection=collection, accumulation__in=[a.pk for a in accumulations.values()])
                  .values_list("accumulation", flat=True))  # fmt: skip
    charges, changed_rows = [], []
    for key in sorted(additions, key=lambda accumulation_key: accumulations[accumulation_key].pk):
        accumulation, subscription = accumulations[key], services[key[0]]
        if accumulation.pk in charged_keys:
            continue
        before = State(accumulation.quantity, accumulation.exact, accumulation.charged_minor)
        state, minor = add(rates[key[0]], before, additions[key])
        split = splits.get(key, Split())
        changed_rows.append(
            {"id": accumulation.pk, "quantity": state.quantity, "exact": f"{state.exact:f}", "charged_minor": state.charged_minor}
        )  # fmt: skip
        charges.append(
            Charge(
                collection=collection, accumulation=accumulation, subscription=subscription, buyer_id=subscription.buyer_id,
                seller_id=subscription.seller_id, quantity_before=before.quantity, quantity_after=state.quantity,
                exact_after=state.exact, deducted=split.deducted, free=split.free, minor=minor, open_minor=max(minor, 0), currency=rates[key[0]].currency, at=now,
            )
        )  # fmt: skip
    if changed_rows:
        rows.update(
            "billing_accumulation", {"quantity": "bigint", "exact": "numeric", "charged_minor": "bigint"}, changed_rows
        )  # fmt: skip
    return rows.create(charges)


def rate_of_meter(meter: Meter) -> Rate:
    return rate_of(
        model=meter.model, currency=meter.currency, price=meter.price, bands=meter.bands, accumulation=meter.accumulation
    )  # fmt: skip


def _locked(additions: Mapping[_Place, Sequence[Added]]) -> dict[_Place, Accumulation]:
    """Lock the accumulations; missing ones are created."""
    services = {subscription for subscription, _start in additions}
    starts = {start for _subscription, start in additions}
    accumulations = Accumulation.objects.filter(meter__in=services, start__in=starts)
    existing = set(accumulations.values_list("meter", "start"))
    rows.insert(
        "billing_accumulation",
        {"meter_id": "bigint", "start": "timestamptz", "quantity": "bigint", "exact": "numeric", "charged_minor": "bigint"},
        [
            {"meter_id": subscription, "start": rows.moment(start), "quantity": 0, "exact": 0, "charged_minor": 0}
            for subscription, start in sorted(set(additions) - existing)
        ],
        unique="meter_id, start",
    )  # fmt: skip
    locked_accumulations = accumulations.order_by("pk").select_for_update(of=("self",))
    return {(accumulation.meter_id, accumulation.start): accumulation for accumulation in locked_accumulations}


# --- money ---


def _book(collection: Collection, charges: Sequence[Charge], now: datetime) -> None:
    """Book one transfer per buyer and seller, then collect what the balances cover."""
    bills: defaultdict[str, defaultdict[tuple[int, int], list[Charge]]] = defaultdict(lambda: defaultdict(list))
    for booked_charge in charges:
        if booked_charge.minor:
            bills[booked_charge.currency][booked_charge.buyer_id, booked_charge.seller_id].append(booked_charge)
    debtors = collect_debt.lock_all([(buyer, currency) for currency in bills for buyer, _seller in bills[currency]])
    for currency, by_parties in sorted(bills.items()):
        dues = [
            # A shard may end between two services of a buyer; the first charge makes the reference unique.
            UsageDebt(
                user=buyer,
                seller=seller,
                minor=owed_minor,
                reference=f"{collection.pk}/{buyer}/{seller}/{between[0].pk}",
            )
            for (buyer, seller), between in sorted(by_parties.items())
            if (owed_minor := sum(booked_charge.minor for booked_charge in between if booked_charge.minor > 0))
        ]
        debts.book_debts(dues, currency, now=now)
        _credit(
            [booked_charge for between in by_parties.values() for booked_charge in between if booked_charge.minor < 0],
            now,
        )
        reduce_new_usage(
            [booked_charge for between in by_parties.values() for booked_charge in between if booked_charge.minor > 0],
            now=now,
        )
        collect_debt.collect_locked(
            [debtor for debtor in debtors if debtor.account.currency == currency], currency, now=now
        )


def _credit(charges: Sequence[Charge], now: datetime) -> None:
    buyers = User.objects.in_bulk({credit_charge.buyer_id for credit_charge in charges}) if charges else {}
    sellers = Seller.objects.in_bulk({credit_charge.seller_id for credit_charge in charges}) if charges else {}
    for credit_charge in charges:
        credit(credit_charge, buyers[credit_charge.buyer_id], sellers[credit_charge.seller_id], now=now)
