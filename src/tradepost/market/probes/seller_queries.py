"""Queries about probes for people: health of products with their last days and figures, cases, runs and attempts."""

from __future__ import annotations

from collections import Counter, defaultdict
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
from .evidence import NO_EVIDENCE, Evidence, cases_by_address, evidence_of
from .models import Health, ProbeDay, ProbeRun, ProbeSlot, Verdict
from .scope import PROBED_STATUSES, deciding_cases
from .serving import Serving, served_at
from .watch import Watch

SHOWN_DAYS = 14
HISTORY_SIZE = 25
"""Number of runs on a page."""


class Figures(Struct, frozen=True):
    """Figures of the passed probes at some addresses in the shown days, in milliseconds."""

    p50: float | None = None
    p95: float | None = None
    runs: int = 0
    certificate_ends: datetime | None = None
    """Expiry of the certificate that expires first."""


class MonitoredProduct(Struct, frozen=True, kw_only=True):
    """A monitored product with its health.

    ``served``: its addresses, the production interface first. ``health``: None if it was never probed. ``days``: the
    last days, oldest first, with their verdicts.
    """

    product: Product
    served: tuple[Serving, ...]
    health: Health | None
    days: tuple[tuple[date, ProbeDay | None], ...]
    figures: Figures
    cases: int
    evidence: Evidence = NO_EVIDENCE

    @property
    def failing_days(self) -> int:
        """Failing days in a row, including today after its first failed slot."""
        return failing_days.failing_days_of(self.health, [day for _day, day in self.days if day is not None])

    @property
    def addresses(self) -> list[int]:
        """Primary keys, in the order of ``served``."""
        return [serving_address.address.pk for serving_address in self.served]

    @property
    def urls(self) -> list[str]:
        """Distinct URLs. The interface and the application of a product share one (openapi-jointkit §A.0)."""
        return list(dict.fromkeys(serving_address.address.url for serving_address in self.served))

    @property
    def applications(self) -> Mapping[int, str]:
        """Name of the application by address of the joint-operation calls; empty if the product is not a joint
        product."""
        return {
            serving_address.address.pk: serving_address.application
            for serving_address in self.served
            if serving_address.application
        }


def monitored_products(
    products: QuerySet[Product], *, watch: Watch, after: str = "", today: date
) -> Page[MonitoredProduct]:
    """Return a page of products on sale or frozen, newest first."""
    is_served = Q(binding__isnull=False) | Q(application__isnull=False) | is_notified()
    product_page = page(products.filter(is_served, status__in=PROBED_STATUSES).defer("description"), after=after)
    return Page(list(_monitored(product_page.rows, watch, today)), product_page.next_key)


def monitored_product(product: Product, *, watch: Watch, today: date) -> MonitoredProduct:
    [watched_product] = _monitored([product], watch, today)
    return watched_product


def monitored_by_key(products: Sequence[Product], *, watch: Watch, today: date) -> Mapping[int, MonitoredProduct]:
    """Return the health of these products by primary key, without the figures of probes."""
    return (
        {monitored.product.pk: monitored for monitored in _monitored(products, watch, today, with_figures=False)}
        if products
        else {}
    )


def evidence_for(health_rows: Sequence[Health], *, watch: Watch, today: date) -> Mapping[int, Evidence]:
    """Return recent evidence by product, since the products' health was last updated."""
    health_by_product = {health.pk: health for health in health_rows}
    served = served_at(health_by_product) if health_by_product else []
    cases = cases_by_address({serving_address.address.pk for serving_address in served}) if served else {}
    return evidence_of(served, health_by_product, cases, watch=watch, today=today) if served else {}


def _monitored(
    products: Sequence[Product], watch: Watch, today: date, *, with_figures: bool = True
) -> Iterable[MonitoredProduct]:
    keys = [product.pk for product in products]
    served: defaultdict[int, list[Serving]] = defaultdict(list)
    for place in served_at(keys):
        served[place.product_id].append(place)
    health = Health.objects.in_bulk(keys)
    dates = [today - timedelta(days=n) for n in reversed(range(SHOWN_DAYS))]
    days = {
        (place.product_id, place.date): place for place in ProbeDay.objects.filter(product__in=keys, date__gte=dates[0])
    }
    address_keys = {place.address.pk for places in served.values() for place in places}
    answered, cases = (
        _durations_by_address(address_keys, since=dates[0]) if with_figures else {},
        cases_by_address(address_keys),
    )
    saved = Counter(address for address, _activity, _variant in cases)
    all_places = [place for places in served.values() for place in places]
    evidence = evidence_of(all_places, health, cases, watch=watch, today=today)
    for product in products:
        product_addresses = [place.address.pk for place in served[product.pk]]
        yield MonitoredProduct(
            product=product, served=tuple(served[product.pk]), health=health.get(product.pk),
            days=tuple((day, days.get((product.pk, day))) for day in dates),
            figures=_figures([answered[pk] for pk in product_addresses if pk in answered]), cases=sum(saved[pk] for pk in product_addresses),
            evidence=evidence.get(product.pk, NO_EVIDENCE),
        )  # fmt: skip


def missing_cases(monitored: MonitoredProduct, *, watch: Watch) -> list[tuple[Serving, tuple[str, ...]]]:
    """Return missing deciding cases by address. Until they are saved, no probe passes and none fails for them
    (``outcome``)."""
    probed_addresses = [
        serving_address for serving_address in monitored.served if serving_address.address.protocol in watch.protocols
    ]
    saved_keys = set(
        DebugCase.objects.filter(address__in=monitored.addresses).values_list("address", "activity", "variant")
    )
    missing_keys = (
        deciding_cases(probed_addresses, saved_keys, watch=watch).get(monitored.product.pk, set()) - saved_keys
    )
    missing_by_place = [
        (serving_address, [key for key in sorted(missing_keys) if key[0] == serving_address.address.pk])
        for serving_address in probed_addresses
    ]
    return [
        (serving_address, tuple(" ".join(filter(None, (activity, variant))) for _address, activity, variant in keys))
        for serving_address, keys in missing_by_place
        if keys
    ]


def slots_since(day: date) -> list[int]:
    """Return the keys of the slots since this market day. There are few slots, unlike runs."""
    return list(ProbeSlot.objects.filter(date__gte=day, product=None).values_list("pk", flat=True))


@dataclass(slots=True)
class _AnswerTimes:
    """Durations of responses from an address, and the last seen expiry of its certificate."""

    took: list[float] = field(default_factory=list)
    ends: datetime | None = None


def _durations_by_address(addresses: Iterable[int], *, since: date) -> Mapping[int, _AnswerTimes]:
    by_address: defaultdict[int, _AnswerTimes] = defaultdict(_AnswerTimes)
    runs = ProbeRun.objects.filter(slot__in=slots_since(since), address__in=list(addresses)).order_by("pk")
    for address, verdict, milliseconds, certificate in runs.values_list(
        "address", "verdict", "milliseconds", "certificate_ends"
    ):
        if milliseconds is not None and verdict == Verdict.PASSED:
            by_address[address].took.append(milliseconds)
        if certificate is not None:
            by_address[address].ends = certificate
    return by_address


def _figures(answered: Sequence[_AnswerTimes]) -> Figures:
    durations = [duration for address_figures in answered for duration in address_figures.took]
    ends = [address_figures.ends for address_figures in answered if address_figures.ends is not None]
    return Figures(*_percentiles(durations), runs=len(durations), certificate_ends=min(ends, default=None))


def _percentiles(durations: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the median and the 95th percentile."""
    if not durations:
        return None, None
    if len(durations) == 1:
        return durations[0], durations[0]
    cuts = quantiles(durations, n=20, method="inclusive")
    return cuts[9], cuts[18]


def last_runs(addresses: Sequence[int]) -> list[ProbeRun]:
    """Return the last run of each case at these addresses, in their order, within the shown days."""
    newest_runs: dict[tuple[int, str, str], ProbeRun] = {}
    for address in addresses:  # separate queries by index, since one query would sort all rows
        recent = (
            ProbeRun.objects.filter(address=address).select_related("slot", "address", "call").order_by("-pk")[:200]
        )
        for run in recent:
            newest_runs.setdefault((addresses.index(address), run.activity, run.variant), run)
    return [newest_runs[key] for key in sorted(newest_runs)]


def history(addresses: Sequence[int], *, after: str = "") -> Page[ProbeRun]:
    """Return all runs at these addresses, newest first. Each address is read by its index."""
    all_runs = ProbeRun.objects.select_related("slot", "address", "call")
    pages = [page(all_runs.filter(address=address), after=after, size=HISTORY_SIZE) for address in addresses]
    runs = sorted((run for address_page in pages for run in address_page.rows), key=lambda run: -run.pk)
    runs_on_page = runs[:HISTORY_SIZE]
    has_more = len(runs) > HISTORY_SIZE or any(address_page.next_key for address_page in pages)
    return Page(runs_on_page, str(runs_on_page[-1].pk) if has_more else "")


def find_run(pk: int, *, seller: Seller | None = None) -> ProbeRun | None:
    """Return a run; with ``seller``, only if it belongs to that seller."""
    runs = ProbeRun.objects.select_related("slot", "address", "call", "seller").filter(pk=pk)
    return (runs.filter(seller=seller) if seller is not None else runs).first()


def failing_products(seller: Seller, products: QuerySet[Product]) -> list[Health]:
    """Return the seller's failing or frozen products, the nearest freeze first."""
    health_rows = Health.objects.filter(
        product__in=products.filter(seller=seller, status__in=PROBED_STATUSES), verdict="failed"
    )
    return list(health_rows.select_related("product").order_by("freezes_on", "product")[:5])


def last_manual_probe(product: Product) -> ProbeSlot | None:
    """Return the last manual probe of a product."""
    return ProbeSlot.objects.filter(product=product, half=ProbeSlot.Half.BY_HAND).order_by("-pk").first()


def applications_at(run: ProbeRun) -> list[str]:
    """Return the names of applications whose joint-operation calls go to this address; empty for a production
    interface."""
    applications = Application.objects.filter(address=run.address_id).exclude(product=None)
    return list(applications.order_by("name", "pk").values_list("name", flat=True)[:10])
