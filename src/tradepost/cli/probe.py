"""``tradepost probe``: runs a product's saved cases, or lists the products that will be frozen next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Product
    from tradepost.market.probes.models import ProbeRun

POLL_INTERVAL = 0.2
EXTRA_WAIT = 60.0
"""Seconds for an answer in addition to the longest of a seller, since the worker may have other calls first."""


def probe(*, product: str = "", forecast: bool = False) -> int:
    """Probe a product now, or show which products fail their probes and are frozen next.

    A worker of the market makes the calls, as in a scheduled probe; the results are shown but not stored. Ends with
    code 1 when a case does not pass.

    Parameters
    ----------
    product
        The product: its number in the console, or the last part of its address in the store.
    forecast
        List failing products, and the day on which each is frozen if nothing changes.
    """
    if bool(product) == forecast:
        raise Refused("probe.what", "Say --product with a product, or --forecast.")
    config = open_market(follow_demo=True, existing=True)
    return _forecast() if forecast else _probe(product, patience=config.production.seller_timeout_seconds + EXTRA_WAIT)


def _forecast() -> int:
    from django.utils import timezone
    from rich.table import Table

    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.probes import failing_days, operator_queries

    failing_forecasts, frozen_products, days = (
        operator_queries.forecasts(),
        operator_queries.frozen_products(),
        config().probes.probe_freeze_days,
    )
    if not failing_forecasts and not frozen_products:
        terminal.print_line("No product is frozen by its probes or about to be.")
        return 0
    table = Table("Frozen on", "Failing days", "Product", "Seller", "No.")
    for forecast in frozen_products:
        table.add_row(f"since {forecast.frozen_on}", str(forecast.streak), *_names(forecast.product))
    failing_day_counts = failing_days.failing_days_by_product(failing_forecasts, today=timezone.localdate(clock.now()))
    for forecast in failing_forecasts:
        table.add_row(
            str(forecast.freezes_on), f"{failing_day_counts[forecast.pk]} of {days}", *_names(forecast.product)
        )
    terminal.out().print(table)
    return 0


def _names(product: Product) -> tuple[str, str, str]:
    return _clean(product.name_en or product.name), _clean(product.seller.name), str(product.pk)


def _probe(product_name: str, *, patience: float) -> int:
    from django.utils import timezone

    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.probes import manual
    from tradepost.market.probes.models import Verdict
    from tradepost.market.probes.serving import applications_of
    from tradepost.market.probes.watch import watch_of

    watch = watch_of(config(), timezone.get_default_timezone())
    slot = manual.probe_now(_find_product(product_name), by="command line", watch=watch, now=clock.now())
    until = time.monotonic() + patience
    while any(run.verdict == Verdict.OPEN for run in manual.runs_of(slot)):
        if time.monotonic() > until:
            raise Refused(
                "probe.no_worker", "Nobody made the calls in time: is a worker running? They are made when one is."
            )
        time.sleep(POLL_INTERVAL)
    runs, applications = manual.runs_of(slot), applications_of(slot.product_id or 0)
    for run in runs:
        _show(run, applications.get(run.address_id, ""))
    return int(any(run.verdict != Verdict.PASSED for run in runs))


def _find_product(product_name: str) -> Product:
    from tradepost.market.base.numbers import whole_number
    from tradepost.market.catalog.models import Product

    number = whole_number(product_name)
    product = Product.objects.filter(pk=number).first() if number is not None else None
    product = product or Product.objects.filter(slug=product_name[:96]).first()
    if product is None:
        raise Refused("probe.no_product", "This product does not exist.")
    return product


def _show(run: ProbeRun, application: str) -> None:
    """Print the verdict of a case, and each failed rule with its section and remedy. ``application``: the application
    of a joint-operation call."""
    from tradepost.market.debugging import findings
    from tradepost.market.production.models import Attempt

    console = terminal.out()
    duration = f"  {run.milliseconds:.0f} ms" if run.milliseconds is not None else ""
    application_text = f"  application {_clean(application)}" if application else ""
    console.print(f"{run.verdict:<8}{run.activity} {run.variant}{duration}".rstrip() + application_text, markup=False)
    attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first()
    for finding in findings.read(attempt.findings) if attempt else ():
        mark = "holds" if finding.verdict.value == "passed" else finding.verdict.value
        console.print(f"        {mark:<8}{_clean(finding.title.en)} ({finding.spec})", markup=False)
        if finding.verdict.value == "failed":
            console.print(f"                {_clean(finding.seen.en)}", markup=False)
            if finding.repair is not None:
                console.print(f"                {_clean(finding.repair.en)}", markup=False)


def _clean(text: str) -> str:
    """Replace control characters in received text that could affect the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
