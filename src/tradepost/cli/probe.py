"""``tradepost probe``: asks a product's saved cases now, or says which products are frozen next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Product
    from tradepost.market.probes.models import ProbeRun

LOOK_EVERY = 0.2
PATIENCE = 60.0
"""Seconds that an answer may take beyond the longest of a seller: whoever works through the calls may have others first."""


def probe(*, product: str = "", forecast: bool = False) -> int:
    """Probe a product now, or show which products fail their probes and are frozen next.

    The calls are made by a worker of the market, as in a slot; what they say is shown and counted nowhere. Exits with 1 when a
    case does not pass.

    Parameters
    ----------
    product
        Which product: its number in the console, or the last part of its address in the store.
    forecast
        Say which products fail, and on which day each is frozen if nothing changes.
    """
    if bool(product) == forecast:
        raise Refused("probe.what", "Say --product with a product, or --forecast.")
    config = open_market(follow_demo=True, existing=True)
    return _forecast() if forecast else _probe(product, patience=config.seller_timeout_seconds + PATIENCE)


def _forecast() -> int:
    from django.utils import timezone
    from rich.table import Table

    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.probes import failing_days, operator_queries

    failing, frozen, days = operator_queries.forecasts(), operator_queries.frozen(), config().probe_freeze_days
    if not failing and not frozen:
        terminal.say("No product is frozen by its probes or about to be.")
        return 0
    table = Table("Frozen on", "Failing days", "Product", "Seller", "No.")
    for one in frozen:
        table.add_row(f"since {one.frozen_on}", str(one.streak), *_names(one.product))
    counted = failing_days.of_all(failing, today=timezone.localdate(clock.now()))
    for one in failing:
        table.add_row(str(one.freezes_on), f"{counted[one.pk]} of {days}", *_names(one.product))
    terminal.out().print(table)
    return 0


def _names(product: Product) -> tuple[str, str, str]:
    return _clean(product.name_en or product.name), _clean(product.seller.name), str(product.pk)


def _probe(wanted: str, *, patience: float) -> int:
    from django.utils import timezone

    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.probes import manual
    from tradepost.market.probes.models import Verdict
    from tradepost.market.probes.serving import applications_of
    from tradepost.market.probes.watch import watch_of

    watch = watch_of(config(), timezone.get_default_timezone())
    slot = manual.probe_now(_found(wanted), by="command line", watch=watch, now=clock.now())
    until = time.monotonic() + patience
    while any(run.verdict == Verdict.OPEN for run in manual.runs_of(slot)):
        if time.monotonic() > until:
            raise Refused(
                "probe.no_worker", "Nobody made the calls in time: is a worker running? They are made when one is."
            )
        time.sleep(LOOK_EVERY)
    runs, applications = manual.runs_of(slot), applications_of(slot.product_id or 0)
    for run in runs:
        _show(run, applications.get(run.address_id, ""))
    return int(any(run.verdict != Verdict.PASSED for run in runs))


def _found(wanted: str) -> Product:
    from tradepost.market.base.numbers import whole_number
    from tradepost.market.catalog.models import Product

    number = whole_number(wanted)
    found = Product.objects.filter(pk=number).first() if number is not None else None
    found = found or Product.objects.filter(slug=wanted[:96]).first()
    if found is None:
        raise Refused("probe.no_product", "There is no such product.")
    return found


def _show(run: ProbeRun, application: str) -> None:
    """The verdict of a case, and each judgement that does not hold, with its section and what to do. ``application``: whose call of
    joint operation it is."""
    from tradepost.market.debugging import findings
    from tradepost.market.production.models import Attempt

    console = terminal.out()
    took = f"  {run.milliseconds:.0f} ms" if run.milliseconds is not None else ""
    about = f"  application {_clean(application)}" if application else ""
    console.print(f"{run.verdict:<8}{run.activity} {run.variant}{took}".rstrip() + about, markup=False)
    attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first()
    for one in findings.read(attempt.findings) if attempt else ():
        mark = "holds" if one.verdict.value == "passed" else one.verdict.value
        console.print(f"        {mark:<8}{_clean(one.title.en)} ({one.spec})", markup=False)
        if one.verdict.value == "failed":
            console.print(f"                {_clean(one.seen.en)}", markup=False)
            if one.repair is not None:
                console.print(f"                {_clean(one.repair.en)}", markup=False)


def _clean(text: str) -> str:
    """What strangers wrote, without what would steer a terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)
