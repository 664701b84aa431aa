"""Close a slot: end open runs, decide whether the slot is void, and update each product's health (saas-v2 §6).

After the last slot of a day, count the day, and freeze sales after too many failing days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.catalog import trading
from tradepost.market.catalog.models import Product
from tradepost.market.production import calls
from tradepost.market.production.models import Call

from . import days, outcome
from .events import ProbeDayFailed, ProbeSlotEnded
from .models import Health, ProbeDay, ProbeRun, ProbeSlot, Verdict, WorkItem
from .scope import Key, deciding_cases, products_after, serving_addresses
from .watch import Watch

BATCH_SIZE = 100
"""Maximum number of products per run of the timer."""
ACTOR = "market"


def end_runs(slot: ProbeSlot, *, now: datetime) -> bool:
    """End open runs as unknown. Return False while one of their calls is being made."""
    open_runs = ProbeRun.objects.filter(slot=slot, verdict=Verdict.OPEN)
    if calls.end_probes([pk for pk in open_runs.values_list("call", flat=True) if pk], now=now):
        return False
    attempts = Call.objects.filter(pk=OuterRef("call")).values("attempts")[:1]
    open_runs.update(verdict=Verdict.UNKNOWN, ended_at=now, tries=Coalesce(Subquery(attempts), 0))
    return True


def close_slot(slot: ProbeSlot, *, watch: Watch, now: datetime) -> None:
    """Count the servers and those that could not be reached, and close the slot.

    A server with several protocols has one row per protocol at the same URL and counts once.
    """
    runs = ProbeRun.objects.filter(slot=slot)
    slot.addresses = _servers(runs)
    slot.unreached = _servers(
        runs.filter(verdict=Verdict.FAILED, reason__in=[str(fault) for fault in outcome.TRANSPORT_FAULTS])
    )
    slot.void = outcome.is_void(
        asked=slot.addresses, unreached=slot.unreached, percent=watch.void_percent, least=watch.void_addresses
    )
    slot.closed_at = now
    slot.save(update_fields=["addresses", "unreached", "void", "closed_at"])


def _servers(runs: QuerySet[ProbeRun]) -> int:
    return runs.values("seller", "address__url").distinct().count()


class SlotResult(Struct, frozen=True):
    """The result of a slot for a product. ``failed``: its first failed case; ``failing``: number of failed cases, of
    ``cases``."""

    verdict: outcome.Verdict
    failed: ProbeRun | None = None
    failing: int = 0
    cases: int = 0


def judge_batch(slot: ProbeSlot, cursor: int, *, watch: Watch, now: datetime) -> int | None:
    """Evaluate the next products after ``cursor``. Return the new cursor, or None after the last product."""
    batch = products_after(cursor, BATCH_SIZE, watch=watch)
    health_by_product = Health.objects.in_bulk([product.pk for product in batch])
    results = results_of(slot, [product.pk for product in batch], watch=watch)
    for product in batch:
        if results[product.pk].cases or product.pk in health_by_product:
            health = health_by_product.get(product.pk) or Health(product=product)
            _update_health(product, health, slot, results[product.pk], watch=watch, now=now)
    return batch[-1].pk if len(batch) == BATCH_SIZE else None


def results_of(slot: ProbeSlot, products: Sequence[int], *, watch: Watch) -> dict[int, SlotResult]:
    """Return the results of a slot for these products, at all addresses that serve them."""
    served_addresses = serving_addresses(products, watch=watch)
    runs: dict[Key, ProbeRun] = {}
    for run in ProbeRun.objects.filter(
        slot=slot, address__in={serving_address.address.pk for serving_address in served_addresses}
    ).order_by("pk"):
        runs[run.address_id, run.activity, run.variant] = run
    deciding, positions = (
        deciding_cases(served_addresses, runs, watch=watch),
        {serving_address.address.pk: position for position, serving_address in enumerate(served_addresses)},
    )
    results = {}
    for product in products:
        ordered_keys = sorted(deciding.get(product, ()), key=lambda key: (positions[key[0]], key))
        results[product] = _evaluate(slot, runs, ordered_keys)
    return results


def _evaluate(slot: ProbeSlot, runs: Mapping[Key, ProbeRun], deciding: Sequence[Key]) -> SlotResult:
    """Evaluate the deciding cases of a product; those of the production interface come first."""
    evaluated_runs = {key: runs[key] for key in deciding if key in runs}
    if slot.void:
        return SlotResult(outcome.Verdict.UNKNOWN, cases=len(evaluated_runs))
    verdict = outcome.product_verdict(
        deciding, {key: outcome.Verdict(run.verdict) for key, run in evaluated_runs.items()}
    )
    failed_runs = [run for run in evaluated_runs.values() if run.verdict == Verdict.FAILED]
    return SlotResult(verdict, failed_runs[0] if failed_runs else None, len(failed_runs), len(evaluated_runs))


def _update_health(
    product: Product, health: Health, slot: ProbeSlot, result: SlotResult, *, watch: Watch, now: datetime
) -> None:
    """Store a slot's result for a product, and publish an event if its health changed."""
    ProbeDay.objects.update_or_create(product=product, date=slot.date, defaults={slot.half: result.verdict.value})
    if result.verdict is outcome.Verdict.UNKNOWN:
        if health._state.adding:  # noqa: SLF001
            health.save()
        return
    is_failing = result.verdict is outcome.Verdict.FAILED
    counts = product.status == Product.Status.ON_SALE and watch.freeze_days > 0 and health.counts(slot.date)
    day = health.streak + 1 if is_failing and counts else 0
    should_notify = _should_notify(health, failing=is_failing, day=day)
    if health.verdict != result.verdict.value:
        health.since = now
    health.verdict, health.seen_at = result.verdict.value, now
    if is_failing:
        health.told = max(day, 1) if should_notify else health.told
        if counts:
            health.freezes_on = days.forecast(slot.date, day, freeze_days=watch.freeze_days)
    else:
        health.told = 0
    health.save()
    if should_notify:
        outbox.publish(_slot_ended_event(product, slot, result, health, day=day, watch=watch, now=now), now=now)


def _should_notify(health: Health, *, failing: bool, day: int) -> bool:
    """Return whether to notify: at the first failure, on each further failing day, and once when it passes again."""
    if not failing:
        return health.told > 0
    return health.told == 0 or (day > 0 and health.told != day)


def _slot_ended_event(
    product: Product, slot: ProbeSlot, result: SlotResult, health: Health, *, day: int, watch: Watch, now: datetime
) -> ProbeSlotEnded:
    failed_run = result.failed
    return ProbeSlotEnded(
        product=product.pk, day=slot.date, half=slot.half, verdict=result.verdict.value,
        activity=failed_run.activity if failed_run else "", address=failed_run.address_id if failed_run else None,
        reason=failed_run.reason if failed_run else "", failed=result.failing, cases=result.cases, failing_day=day,
        freeze_days=watch.freeze_days, freezes_on=health.freezes_on, at=now,
    )  # fmt: skip


def end_day(day: date, cursor: int, *, watch: Watch, now: datetime) -> int | None:
    """Count the day for the next products after ``cursor``. Return the new cursor, or None after the last product."""
    open_days = ProbeDay.objects.filter(date=day, verdict="", product__gt=cursor).order_by("product")
    batch = list(open_days[:BATCH_SIZE])
    health_by_product = Health.objects.in_bulk([probe_day.product_id for probe_day in batch])
    for probe_day in batch:
        halves = [getattr(probe_day, window.half) or Verdict.UNKNOWN for window in watch.windows]
        probe_day.verdict = outcome.worst_verdict(outcome.Verdict(half) for half in halves).value
        if probe_day.product_id in health_by_product and health_by_product[probe_day.product_id].counts(day):
            health = health_by_product[probe_day.product_id]
            health.streak = days.next_streak(health.streak, outcome.Verdict(probe_day.verdict))
    ProbeDay.objects.bulk_update(batch, ["verdict"])
    due_products = [
        pk for pk, health in health_by_product.items() if watch.freeze_days and health.streak >= watch.freeze_days
    ]
    frozen = _freeze(due_products, health_by_product, now=now)
    selling = set(
        Product.objects.filter(pk__in=health_by_product, status=Product.Status.ON_SALE).values_list("pk", flat=True)
    )
    for probe_day in batch:
        if (product_health := health_by_product.get(probe_day.product_id)) is not None:
            _end_product_day(
                probe_day,
                product_health,
                sells=probe_day.product_id in selling,
                frozen=probe_day.product_id in frozen,
                watch=watch,
                now=now,
            )
    return batch[-1].product_id if len(batch) == BATCH_SIZE else None


def _freeze(due_products: Sequence[int], health_by_product: Mapping[int, Health], *, now: datetime) -> set[int]:
    """Freeze the products that are still on sale, so that nobody buys what cannot be delivered."""
    locked_products = Product.objects.select_for_update(of=("self",)).filter(
        pk__in=due_products, status=Product.Status.ON_SALE
    )
    frozen = set()
    for product in locked_products.order_by("pk"):
        failing_days = health_by_product[product.pk].streak
        trading.freeze(
            product, cause=f"{trading.PROBES_PREFIX}{failing_days}", actor=ACTOR, now=now, failing_days=failing_days
        )
        frozen.add(product.pk)
    return frozen


def _end_product_day(day: ProbeDay, health: Health, *, sells: bool, frozen: bool, watch: Watch, now: datetime) -> None:
    has_failed = day.verdict == Verdict.FAILED
    health.freezes_on = days.forecast(day.date, health.streak, freeze_days=watch.freeze_days) if sells else None
    if frozen:
        health.frozen_on = day.date
        WorkItem.objects.get_or_create(
            kind=WorkItem.Kind.FROZEN, product_id=day.product_id, occasion=f"{day.date}", defaults={"opened_at": now}
        )
    health.save(update_fields=["streak", "freezes_on", "frozen_on"])
    if has_failed:
        event = ProbeDayFailed(
            product=day.product_id, day=day.date, streak=health.streak, freezes_on=health.freezes_on, frozen=frozen
        )
        outbox.publish(event, now=now)
