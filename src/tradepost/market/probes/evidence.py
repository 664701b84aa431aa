"""Results newer than the last closed slot.

A slot closes up to two hours after its first failure, and a repaired server may pass a replay long before the next
slot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Max
from msgspec import Struct

from tradepost.market.debugging.models import DebugCase

from .models import Health, ProbeRun, ProbeSlot, Verdict
from .scope import Key, deciding_cases
from .serving import Serving
from .watch import Watch


class Evidence(Struct, frozen=True):
    """Recent results of a product.

    ``failed``: the first required case that failed since the last closed slot and has not passed since. ``passed_at``:
    when the last required case passed, if all have passed since the last closed slot.
    """

    failed: ProbeRun | None = None
    passed_at: datetime | None = None


NO_EVIDENCE = Evidence()


type Cases = Mapping[Key, DebugCase]


def cases_by_address(addresses: Iterable[int]) -> Cases:
    """Return the saved cases of these addresses, with their last attempt."""
    rows = DebugCase.objects.filter(address__in=list(addresses))
    cases = rows.only("address_id", "activity", "variant", "passed", "tried_at", "url")
    return {(case.address_id, case.activity, case.variant): case for case in cases}


def evidence_of(
    served: Iterable[Serving], health: Mapping[int, Health], cases: Cases, *, watch: Watch, today: date
) -> Mapping[int, Evidence]:
    """Return the evidence by product, with a constant number of queries. ``cases``: at all these addresses."""
    served_addresses = [
        serving_address
        for serving_address in served
        if serving_address.address.protocol in watch.protocols and serving_address.address.removed_at is None
    ]
    addresses, products = (
        {serving_address.address.pk for serving_address in served_addresses},
        {serving_address.product_id for serving_address in served_addresses},
    )
    deciding = deciding_cases(served_addresses, cases, watch=watch)
    urls = {serving_address.address.pk: serving_address.address.url for serving_address in served_addresses}
    current_cases = {key: case for key, case in cases.items() if case.url == urls.get(key[0])}
    runs = _runs(addresses, products, today)
    return {
        product: _evidence(deciding[product], current_cases, runs, product, health.get(product)) for product in products
    }


def _runs(addresses: Iterable[int], products: Iterable[int], today: date) -> Mapping[Key, Sequence[ProbeRun]]:
    """Return ended runs of open slots and of each product's last manual probe, oldest first."""
    open_slots = ProbeSlot.objects.filter(product=None, closed_at=None, date__gte=today - timedelta(days=1))
    manual = ProbeSlot.objects.filter(half=ProbeSlot.Half.BY_HAND, product__in=list(products))
    newest_keys = manual.order_by().values("product").annotate(newest=Max("pk"))
    slots = [*open_slots.values_list("pk", flat=True), *(row["newest"] for row in newest_keys)]
    if not slots:
        return {}
    ended_runs = ProbeRun.objects.filter(slot__in=slots, address__in=list(addresses)).exclude(ended_at=None)
    by_key: defaultdict[Key, list[ProbeRun]] = defaultdict(list)
    for run in ended_runs.select_related("slot").order_by("ended_at", "pk"):
        by_key[run.address_id, run.activity, run.variant].append(run)
    return by_key


def _evidence(
    deciding: Iterable[Key], cases: Cases, runs: Mapping[Key, Sequence[ProbeRun]], product: int,
    health: Health | None,
) -> Evidence:  # fmt: skip
    since = health.seen_at if health is not None else None
    failed_keys, passes, keys = [], [], sorted(deciding)
    for key in keys:
        relevant = [
            run
            for run in runs.get(key, ())
            if run.slot.product_id in {None, product} and (since is None or (run.ended_at or since) > since)
        ]
        last_run = next((run for run in reversed(relevant) if run.verdict != Verdict.UNKNOWN), None)
        passed_at = _passed_at(last_run, cases.get(key), since)
        if passed_at is not None:
            passes.append(passed_at)
        elif last_run is not None and last_run.verdict == Verdict.FAILED:
            failed_keys.append(last_run)
    return Evidence(failed_keys[0] if failed_keys else None, max(passes) if keys and len(passes) == len(keys) else None)


def _passed_at(last_run: ProbeRun | None, case: DebugCase | None, since: datetime | None) -> datetime | None:
    """Return when a case passed, in a probe or a test call, unless a later probe failed."""
    times = (
        [last_run.ended_at] if last_run is not None and last_run.verdict == Verdict.PASSED and last_run.ended_at else []
    )
    if case is not None and case.passed and (since is None or case.tried_at > since):
        failed_at = last_run.ended_at if last_run is not None and last_run.verdict == Verdict.FAILED else None
        if failed_at is None or case.tried_at > failed_at:
            times.append(case.tried_at)
    return max(times, default=None)
