"""A slot closes: what is still open says nothing, the slot may be void, and each product stands as its cases say; after the
last slot of a day the day is counted, and trading frozen after too many that failed (saas-v2 §6)."""

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
from .scope import Key, needed, products_after, serving
from .watch import Watch

AT_ONCE = 100
"""Products that one run of the timer looks at."""
ACTOR = "market"


def end_runs(slot: ProbeSlot, *, now: datetime) -> bool:
    """Runs that are still open end and say nothing. False while one of their calls is being made: it is waited for."""
    still = ProbeRun.objects.filter(slot=slot, verdict=Verdict.OPEN)
    if calls.end_probes([pk for pk in still.values_list("call", flat=True) if pk], now=now):
        return False
    made = Call.objects.filter(pk=OuterRef("call")).values("attempts")[:1]
    still.update(verdict=Verdict.UNKNOWN, ended_at=now, tries=Coalesce(Subquery(made), 0))
    return True


def close(slot: ProbeSlot, *, watch: Watch, now: datetime) -> None:
    """Count the servers, and see whether too many could not be reached. One that speaks several protocols has a row for each
    at the same URL, and is one server all the same."""
    runs = ProbeRun.objects.filter(slot=slot)
    slot.addresses = _servers(runs)
    slot.unreached = _servers(
        runs.filter(verdict=Verdict.FAILED, reason__in=[str(fault) for fault in outcome.TRANSPORT])
    )
    slot.void = outcome.is_void(
        asked=slot.addresses, unreached=slot.unreached, percent=watch.void_percent, least=watch.void_addresses
    )
    slot.closed_at = now
    slot.save(update_fields=["addresses", "unreached", "void", "closed_at"])


def _servers(runs: QuerySet[ProbeRun]) -> int:
    return runs.values("seller", "address__url").distinct().count()


class Seen(Struct, frozen=True):
    """What a slot says of one product. ``failed``: the first of its cases that did; ``failing``: how many, of ``cases``."""

    verdict: outcome.Verdict
    failed: ProbeRun | None = None
    failing: int = 0
    cases: int = 0


def judge_some(slot: ProbeSlot, cursor: int, *, watch: Watch, now: datetime) -> int | None:
    """The next products, beyond ``cursor``. Gives how far it came; None when those were all."""
    some = products_after(cursor, AT_ONCE, watch=watch)
    known = Health.objects.in_bulk([one.pk for one in some])
    seen = look(slot, [one.pk for one in some], watch=watch)
    for product in some:
        if seen[product.pk].cases or product.pk in known:
            health = known.get(product.pk) or Health(product=product)
            _stand(product, health, slot, seen[product.pk], watch=watch, now=now)
    return some[-1].pk if len(some) == AT_ONCE else None


def look(slot: ProbeSlot, products: Sequence[int], *, watch: Watch) -> dict[int, Seen]:
    """What the runs of a slot say of these products, at all addresses that serve them."""
    at = serving(products, watch=watch)
    runs: dict[Key, ProbeRun] = {}
    for run in ProbeRun.objects.filter(slot=slot, address__in={one.address.pk for one in at}).order_by("pk"):
        runs[run.address_id, run.activity, run.variant] = run
    deciding, places = needed(at, runs, watch=watch), {one.address.pk: place for place, one in enumerate(at)}
    found = {}
    for product in products:
        ordered = sorted(deciding.get(product, ()), key=lambda key: (places[key[0]], key))
        found[product] = _seen(slot, runs, ordered)
    return found


def _seen(slot: ProbeSlot, runs: Mapping[Key, ProbeRun], deciding: Sequence[Key]) -> Seen:
    """``deciding``: those of the production interface first."""
    asked = {key: runs[key] for key in deciding if key in runs}
    if slot.void:
        return Seen(outcome.Verdict.UNKNOWN, cases=len(asked))
    verdict = outcome.of_product(deciding, {key: outcome.Verdict(run.verdict) for key, run in asked.items()})
    failed = [run for run in asked.values() if run.verdict == Verdict.FAILED]
    return Seen(verdict, failed[0] if failed else None, len(failed), len(asked))


def _stand(product: Product, health: Health, slot: ProbeSlot, seen: Seen, *, watch: Watch, now: datetime) -> None:
    """Keep what a slot says of a product, and tell it if that is new."""
    ProbeDay.objects.update_or_create(product=product, date=slot.date, defaults={slot.half: seen.verdict.value})
    if seen.verdict is outcome.Verdict.UNKNOWN:
        if health._state.adding:  # noqa: SLF001
            health.save()
        return
    failing = seen.verdict is outcome.Verdict.FAILED
    counts = product.status == Product.Status.ON_SALE and watch.freeze_days > 0 and health.counts(slot.date)
    day = health.streak + 1 if failing and counts else 0
    news = _is_news(health, failing=failing, day=day)
    if health.verdict != seen.verdict.value:
        health.since = now
    health.verdict, health.seen_at = seen.verdict.value, now
    if failing:
        health.told = max(day, 1) if news else health.told
        if counts:
            health.freezes_on = days.forecast(slot.date, day, freeze_days=watch.freeze_days)
    else:
        health.told = 0
    health.save()
    if news:
        outbox.publish(_told(product, slot, seen, health, day=day, watch=watch, now=now), now=now)


def _is_news(health: Health, *, failing: bool, day: int) -> bool:
    """A notice is due when it begins to fail, with each further failing day, and once when it passes again."""
    if not failing:
        return health.told > 0
    return health.told == 0 or (day > 0 and health.told != day)


def _told(
    product: Product, slot: ProbeSlot, seen: Seen, health: Health, *, day: int, watch: Watch, now: datetime
) -> ProbeSlotEnded:
    first = seen.failed
    return ProbeSlotEnded(
        product=product.pk, day=slot.date, half=slot.half, verdict=seen.verdict.value,
        activity=first.activity if first else "", address=first.address_id if first else None,
        reason=first.reason if first else "", failed=seen.failing, cases=seen.cases, failing_day=day,
        freeze_days=watch.freeze_days, freezes_on=health.freezes_on, at=now,
    )  # fmt: skip


def end_day(day: date, cursor: int, *, watch: Watch, now: datetime) -> int | None:
    """Count the day for the next products, beyond ``cursor``. Gives how far it came; None when those were all."""
    open_days = ProbeDay.objects.filter(date=day, verdict="", product__gt=cursor).order_by("product")
    some = list(open_days[:AT_ONCE])
    known = Health.objects.in_bulk([one.product_id for one in some])
    for one in some:
        halves = [getattr(one, window.half) or Verdict.UNKNOWN for window in watch.windows]
        one.verdict = outcome.worst(outcome.Verdict(half) for half in halves).value
        if one.product_id in known and known[one.product_id].counts(day):
            health = known[one.product_id]
            health.streak = days.after(health.streak, outcome.Verdict(one.verdict))
    ProbeDay.objects.bulk_update(some, ["verdict"])
    due = [pk for pk, health in known.items() if watch.freeze_days and health.streak >= watch.freeze_days]
    frozen = _freeze(due, known, now=now)
    selling = set(Product.objects.filter(pk__in=known, status=Product.Status.ON_SALE).values_list("pk", flat=True))
    for one in some:
        if (known_one := known.get(one.product_id)) is not None:
            _end(one, known_one, sells=one.product_id in selling, frozen=one.product_id in frozen, watch=watch, now=now)
    return some[-1].product_id if len(some) == AT_ONCE else None


def _freeze(due: Sequence[int], known: Mapping[int, Health], *, now: datetime) -> set[int]:
    """Those of these products that are still on sale: nobody buys what is not delivered."""
    locked = Product.objects.select_for_update(of=("self",)).filter(pk__in=due, status=Product.Status.ON_SALE)
    frozen = set()
    for product in locked.order_by("pk"):
        failing = known[product.pk].streak
        trading.freeze(product, cause=f"{trading.BY_PROBES}{failing}", actor=ACTOR, now=now, failing_days=failing)
        frozen.add(product.pk)
    return frozen


def _end(day: ProbeDay, health: Health, *, sells: bool, frozen: bool, watch: Watch, now: datetime) -> None:
    failed = day.verdict == Verdict.FAILED
    health.freezes_on = days.forecast(day.date, health.streak, freeze_days=watch.freeze_days) if sells else None
    if frozen:
        health.frozen_on = day.date
        WorkItem.objects.get_or_create(
            kind=WorkItem.Kind.FROZEN, product_id=day.product_id, occasion=f"{day.date}", defaults={"opened_at": now}
        )
    health.save(update_fields=["streak", "freezes_on", "frozen_on"])
    if failed:
        what = ProbeDayFailed(
            product=day.product_id, day=day.date, streak=health.streak, freezes_on=health.freezes_on, frozen=frozen
        )
        outbox.publish(what, now=now)
