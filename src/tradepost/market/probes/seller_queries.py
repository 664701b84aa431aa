"""What people see of probes: how products stand, with their last days and figures; the cases of one; a run with its tries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import quantiles

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.applications.models import Application
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.identity.models import Seller
from tradepost.market.production.notice_bindings import is_notified

from . import failing_days
from .models import Health, ProbeDay, ProbeRun, ProbeSlot, Verdict
from .scope import PROBED, needed
from .serving import Serving, served_at
from .watch import Watch

SHOWN_DAYS = 14
HISTORY = 25
"""Runs on a page."""


class Figures(Struct, frozen=True):
    """Of the probes of some addresses that passed in the shown days. Milliseconds."""

    p50: float | None = None
    p95: float | None = None
    runs: int = 0
    certificate_ends: datetime | None = None
    """Of the certificate that ends first."""


class Watched(Struct, frozen=True, kw_only=True):
    """A product with how it stands. ``served``: where it is served, its own production interface first; ``health`` is None while it
    was never probed. ``days``: the last ones, oldest first, each with what its slots said."""

    product: Product
    served: tuple[Serving, ...]
    health: Health | None
    days: tuple[tuple[date, ProbeDay | None], ...]
    figures: Figures
    cases: int

    @property
    def failing_days(self) -> int:
        """In a row, with today once a slot of it failed."""
        return failing_days.with_open(self.health, [one for _day, one in self.days if one is not None])

    @property
    def addresses(self) -> list[int]:
        """Keys, in the order of ``served``."""
        return [one.address.pk for one in self.served]

    @property
    def urls(self) -> list[str]:
        """Each once: interface and application of a product share one (openapi-jointkit §A.0)."""
        return list(dict.fromkeys(one.address.url for one in self.served))

    @property
    def applications(self) -> Mapping[int, str]:
        """By the address where it is told of enterprises: its name; empty for what is no joint product."""
        return {one.address.pk: one.application for one in self.served if one.application}


def watched(products: QuerySet[Product], *, after: str = "", today: date) -> Page[Watched]:
    """Those that are sold or frozen, newest first."""
    is_served = Q(binding__isnull=False) | Q(application__isnull=False) | is_notified()
    found = page(products.filter(is_served, status__in=PROBED).defer("description"), after=after)
    return Page(list(_watched(found.rows, today)), found.next_key)


def watched_one(product: Product, *, today: date) -> Watched:
    [one] = _watched([product], today)
    return one


def _watched(products: Sequence[Product], today: date) -> Iterable[Watched]:
    keys = [product.pk for product in products]
    served: defaultdict[int, list[Serving]] = defaultdict(list)
    for one in served_at(keys):
        served[one.product_id].append(one)
    health = Health.objects.in_bulk(keys)
    dates = [today - timedelta(days=n) for n in reversed(range(SHOWN_DAYS))]
    days = {(one.product_id, one.date): one for one in ProbeDay.objects.filter(product__in=keys, date__gte=dates[0])}
    used = {one.address.pk for each in served.values() for one in each}
    answered, cases = _answered(used, since=dates[0]), _cases_at(used)
    for product in products:
        at = [one.address.pk for one in served[product.pk]]
        yield Watched(
            product=product, served=tuple(served[product.pk]), health=health.get(product.pk),
            days=tuple((day, days.get((product.pk, day))) for day in dates),
            figures=_figures([answered[pk] for pk in at if pk in answered]), cases=sum(cases.get(pk, 0) for pk in at),
        )  # fmt: skip


def lacking(one: Watched, *, watch: Watch) -> list[tuple[Serving, tuple[str, ...]]]:
    """Cases that decide about a product and are not saved, by where it is served: while they lack no probe passes, and none fails
    for them (``outcome.of_product``)."""
    at = [each for each in one.served if each.address.protocol in watch.protocols]
    saved = set(DebugCase.objects.filter(address__in=one.addresses).values_list("address", "activity", "variant"))
    missing = needed(at, saved, watch=watch).get(one.product.pk, set()) - saved
    found = [(each, [key for key in sorted(missing) if key[0] == each.address.pk]) for each in at]
    return [
        (each, tuple(" ".join(filter(None, (activity, variant))) for _address, activity, variant in keys))
        for each, keys in found
        if keys
    ]


def _cases_at(addresses: Iterable[int]) -> Mapping[int, int]:
    counted: defaultdict[int, int] = defaultdict(int)
    for address in DebugCase.objects.filter(address__in=list(addresses)).values_list("address", flat=True):
        counted[address] += 1
    return counted


def slots_since(day: date) -> list[int]:
    """Keys of the slots of every market day since then: few, whatever there are of runs."""
    return list(ProbeSlot.objects.filter(date__gte=day, product=None).values_list("pk", flat=True))


@dataclass(slots=True)
class _Answered:
    """By an address: how long each answer took, and until when its certificate held when it was last seen."""

    took: list[float] = field(default_factory=list)
    ends: datetime | None = None


def _answered(addresses: Iterable[int], *, since: date) -> Mapping[int, _Answered]:
    found: defaultdict[int, _Answered] = defaultdict(_Answered)
    runs = ProbeRun.objects.filter(slot__in=slots_since(since), address__in=list(addresses)).order_by("pk")
    for address, verdict, milliseconds, certificate in runs.values_list(
        "address", "verdict", "milliseconds", "certificate_ends"
    ):
        if milliseconds is not None and verdict == Verdict.PASSED:
            found[address].took.append(milliseconds)
        if certificate is not None:
            found[address].ends = certificate
    return found


def _figures(answered: Sequence[_Answered]) -> Figures:
    took = [each for one in answered for each in one.took]
    ends = [one.ends for one in answered if one.ends is not None]
    return Figures(*_percentiles(took), runs=len(took), certificate_ends=min(ends, default=None))


def _percentiles(took: Sequence[float]) -> tuple[float | None, float | None]:
    """The median, and what nineteen of twenty stay below."""
    if not took:
        return None, None
    if len(took) == 1:
        return took[0], took[0]
    cuts = quantiles(took, n=20, method="inclusive")
    return cuts[9], cuts[18]


def last_runs(addresses: Sequence[int]) -> list[ProbeRun]:
    """The last run of each case at these addresses, in their order, by the words on the wire; of the shown days."""
    newest: dict[tuple[int, str, str], ProbeRun] = {}
    for address in addresses:  # each by its index: together they would be sorted
        recent = ProbeRun.objects.filter(address=address).select_related("slot", "address").order_by("-pk")[:200]
        for run in recent:
            newest.setdefault((addresses.index(address), run.activity, run.variant), run)
    return [newest[key] for key in sorted(newest)]


def history(addresses: Sequence[int], *, after: str = "") -> Page[ProbeRun]:
    """All runs at these addresses, newest first; each address by its index, for the same reason."""
    every = ProbeRun.objects.select_related("slot", "address")
    pages = [page(every.filter(address=address), after=after, size=HISTORY) for address in addresses]
    runs = sorted((run for one in pages for run in one.rows), key=lambda run: -run.pk)
    shown = runs[:HISTORY]
    more = len(runs) > HISTORY or any(one.next_key for one in pages)
    return Page(shown, str(shown[-1].pk) if more else "")


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


def applications_at(run: ProbeRun) -> list[str]:
    """Names of the applications whose calls of joint operation go where it was asked; none for a production interface."""
    own = Application.objects.filter(address=run.address_id).exclude(product=None)
    return list(own.order_by("name", "pk").values_list("name", flat=True)[:10])
