"""Probes of a seller's products (saas-v2 §6): health, recent days, consequences, cases with their exchanges, and manual
probes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.settings.probes import ProbeSettings
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.probes import manual, seller_queries
from tradepost.market.probes.serving import applications_of
from tradepost.market.probes.watch import Watch, watch_of
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.probes import finding_rows, watched_health
from tradepost.market.web.templatetags.ui import locale_now

from .frame import SellerRequest, may_change, or_404, products_of, seller_page, show
from .looks import check_rate


@require_safe
@seller_page(menu=Menu.TOOLS)
def probes(request: SellerRequest) -> HttpResponse:
    page = seller_queries.monitored_products(
        products_of(request), watch=_watch(), after=request.GET.get("after", ""), today=_today(request)
    )
    settings = config()
    return show(
        request,
        "seller_center/probes.html",
        page=page,
        rows=[(row, watched_health(row, freeze_days=settings.probes.probe_freeze_days)) for row in page.rows],
        slots=_probe_times(settings.probes),
        tries=settings.probes.probe_tries,
        gap=settings.probes.probe_gap_minutes,
        freeze_days=settings.probes.probe_freeze_days,
    )


@require_safe
@seller_page(menu=Menu.TOOLS, product="pk")
def probes_product(request: SellerRequest, pk: int) -> HttpResponse:
    product = or_404(products_of(request).filter(pk=pk).first())
    monitored_product = seller_queries.monitored_product(product, watch=_watch(), today=_today(request))
    return show(
        request,
        "seller_center/probes_product.html",
        one=monitored_product,
        said=watched_health(monitored_product, freeze_days=config().probes.probe_freeze_days),
        product=product,
        applications=monitored_product.applications,
        last=seller_queries.last_runs(monitored_product.addresses),
        history=seller_queries.history(monitored_product.addresses, after=request.GET.get("after", "")),
        lacking=seller_queries.missing_cases(monitored_product, watch=_watch()) if monitored_product.health else [],
        freeze_days=config().probes.probe_freeze_days,
        may_ask=may_change(request),
        may_restore=request.rights.changes(Menu.PRODUCTS) and product.status == Product.Status.FROZEN,
        **_manual_context(product),
    )


def _manual_context(product: Product) -> dict[str, Any]:
    """Return the context of the last manual probe, running or finished."""
    manual_probe = seller_queries.last_manual_probe(product)
    runs = manual.runs_of(manual_probe) if manual_probe is not None else []
    return {"hand": manual_probe, "hand_runs": runs, "hand_open": any(run.state == "open" for run in runs)}


def _watch() -> Watch:
    return watch_of(config(), timezone.get_default_timezone())


@require_safe
@seller_page(menu=Menu.TOOLS, product="pk")
def probes_live(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with a manual probe's progress, which is polled until all responses are judged."""
    product = or_404(products_of(request).filter(pk=pk).first())
    applications = applications_of(product.pk)
    return show(
        request,
        "seller_center/parts/probe_now.html",
        product=product,
        applications=applications,
        **_manual_context(product),
    )


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def probe_now(request: SellerRequest, pk: int) -> HttpResponse:
    """Start a manual probe of every saved case. It does not count for the product's health."""
    product = or_404(products_of(request).filter(pk=pk).first())
    check_rate(request)
    manual.probe_now(product, by=request.user.email, watch=_watch(), now=request.now)
    messages.success(request, _("Your server is being probed. The results appear below."))
    return redirect("seller_center:probes_product", pk)


@require_safe
@seller_page(menu=Menu.TOOLS)
def probe_run(request: SellerRequest, pk: int) -> HttpResponse:
    """Show a case in a slot: each attempt with its findings and exchange."""
    run = or_404(seller_queries.find_run(pk, seller=request.seller))
    attempts = attempts_of(run.call) if run.call is not None else []
    return show(
        request,
        "seller_center/probe_run.html",
        run=run,
        applications=seller_queries.applications_at(run),
        attempts=[(attempt, finding_rows(attempt.attempt)) for attempt in attempts],
    )


def _probe_times(settings: ProbeSettings) -> str:
    """Return the times of probes as text: 09:00–11:00, 15:00–17:00."""
    separator = "、" if locale_now().language == "zh" else ", "
    return separator.join(f"{opens:%H:%M}–{closes:%H:%M}" for _half, opens, closes in settings.probe_windows)


def _today(request: SellerRequest) -> date:
    return timezone.localtime(request.now).date()
