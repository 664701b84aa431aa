"""What people see of probes: how products stand, with their last days and figures; the cases of one; a run with its tries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import quantiles

from django.db.models import QuerySet

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address, Binding

from . import failing_days
from .models import Health, ProbeDay, ProbeRun, ProbeSlot, Verdict
from .scope import PROBED

SHOWN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the probes of an address that passed in the shown days. Milliseconds."""

    p50: float | None = None
    p95: float | None = None
    runs: int = 0
    certificate_ends: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A product with how it stands. ``address`` is None where none serves it, ``health`` while it was never probed.
    ``days``: the last ones, oldest first, each with what its slots said."""

    product: Product
    address: Address | None
    health: Health | None
    days: tuple[tuple[date, ProbeDay | None], ...]
    figures: Figures
    cases: int

    @property
    def failing_days(self) -> int:
        """In a row, with today once a slot of it failed."""
        return failing_days.with_open(self.health, [one for _day, one in self.days if one is not None])


def watched(products: QuerySet[Product], *, after: str = "", today: date) -> Page[Watched]:
    """Those that are sold or frozen, newest first."""
    found = page(products.filter(status__in=PROBED, binding__isnull=False).defer("description"), after=after)
    return Page(list(_watched(found.rows, today)), found.next_key)


def watched_one(product: Product, *, today: date) -> Watched:
    [one] = _watched([product], today)
    return one


def _watched(products: Sequence[Product], today: date) -> Iterable[Watched]:
    keys = [product.pk for product in products]
    addresses = {
        one.product_id: one.address for one in Binding.objects.select_related("address").filter(product__in=keys)
    }
    health = Health.objects.in_bulk(keys)
    dates = [today - timedelta(days=n) for n in reversed(range(SHOWN_DAYS))]
    days = {(one.product_id, one.date): one for one in ProbeDay.objects.filter(product__in=keys, date__gte=dates[0])}
    used = {one.pk for one in addresses.values()}
    figures, cases = figures_of(used, since=dates[0]), _cases_at(used)
    for product in products:
        address = addresses.get(product.pk)
        yield Watched(
            product=product, address=address, health=health.get(product.pk),
            days=tuple((day, days.get((product.pk, day))) for day in dates),
            figures=figures.get(address.pk, Figures()) if address else Figures(),
            cases=cases.get(address.pk, 0) if address else 0,
        )  # fmt: skip


def _cases_at(addresses: Iterable[int]) -> Mapping[int, int]:
    counted: defaultdict[int, int] = defaultdict(int)
    for address in DebugCase.objects.filter(address__in=list(addresses)).values_list("address", flat=True):
        counted[address] += 1
    return counted


def slots_since(day: date) -> list[int]:
    """Keys of the slots of every market day since then: few, whatever there are of runs."""
    return list(ProbeSlot.objects.filter(date__gte=day, product=None).values_list("pk", flat=True))


def figures_of(addresses: Iterable[int], *, since: date) -> dict[int, Figures]:
    took: defaultdict[int, list[float]] = defaultdict(list)
    ends: dict[int, datetime] = {}
    runs = ProbeRun.objects.filter(slot__in=slots_since(since), address__in=list(addresses)).order_by("pk")
    for address, verdict, milliseconds, certificate in runs.values_list(
        "address", "verdict", "milliseconds", "certificate_ends"
    ):
        if milliseconds is not None and verdict == Verdict.PASSED:
            took[address].append(milliseconds)
        if certificate is not None:
            ends[address] = certificate
    return {
        pk: Figures(*_percentiles(took[pk]), runs=len(took[pk]), certificate_ends=ends.get(pk)) for pk in {*took, *ends}
    }


def _percentiles(took: Sequence[float]) -> tuple[float | None, float | None]:
    """The median, and what nineteen of twenty stay below."""
    if not took:
        return None, None
    if len(took) == 1:
        return took[0], took[0]
    cuts = quantiles(took, n=20, method="inclusive")
    return cuts[9], cuts[18]


def last_runs(address: Address) -> list[ProbeRun]:
    """The last run of each case of an address, by the words on the wire; of the shown days."""
    newest: dict[tuple[str, str], ProbeRun] = {}
    recent = ProbeRun.objects.filter(address=address).select_related("slot", "address").order_by("-pk")[:200]
    for run in recent:
        newest.setdefault((run.activity, run.variant), run)
    return [newest[key] for key in sorted(newest)]


def history(address: Address, *, after: str = "") -> Page[ProbeRun]:
    return page(ProbeRun.objects.filter(address=address).select_related("slot", "address"), after=after, size=25)


def find_run(pk: int, *, seller: Seller | None = None) -> ProbeRun | None:
    """``seller``: only its own."""
    runs = ProbeRun.objects.select_related("slot", "address", "call", "seller").filter(pk=pk)
    return (runs.filter(seller=seller) if seller is not None else runs).first()


def failing_products(seller: Seller, products: QuerySet[Product]) -> list[Health]:
    """The seller's products that fail or are frozen by their probes, the nearest freeze first."""
    standing = Health.objects.filter(product__in=products.filter(seller=seller, status__in=PROBED), verdict="failed")
    return list(standing.select_related("product").order_by("freezes_on", "product")[:5])


def run_of_hand(product: Product) -> ProbeSlot | None:
    """The last probe of a product that somebody asked for."""
    return ProbeSlot.objects.filter(product=product, half=ProbeSlot.Half.BY_HAND).order_by("-pk").first()
