"""The watch over products as their seller sees it (saas-v2 §6): how each stands, its last days, what follows if nothing changes;
the cases of one with every exchange; a probe by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import Config, config
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.probes import manual, seller_queries
from tradepost.market.probes.models import Verdict
from tradepost.market.probes.serving import applications_of
from tradepost.market.probes.watch import Watch, watch_of
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.probes import judged, said_of
from tradepost.market.web.templatetags.ui import locale_now

from .frame import SellerRequest, found, may_change, products_of, seller_page, show
from .looks import not_too_often


@require_safe
@seller_page(menu=Menu.TOOLS)
def probes(request: SellerRequest) -> HttpResponse:
    page = seller_queries.watched(products_of(request), after=request.GET.get("after", ""), today=_today(request))
    settings = config()
    return show(
        request,
        "seller_center/probes.html",
        page=page,
        rows=[(one, said_of(one, freeze_days=settings.probe_freeze_days)) for one in page.rows],
        slots=_shown(settings),
        tries=settings.probe_tries,
        gap=settings.probe_gap_minutes,
        freeze_days=settings.probe_freeze_days,
    )


@require_safe
@seller_page(menu=Menu.TOOLS, product="pk")
def probes_product(request: SellerRequest, pk: int) -> HttpResponse:
    product = found(products_of(request).filter(pk=pk).first())
    one = seller_queries.watched_one(product, today=_today(request))
    return show(
        request,
        "seller_center/probes_product.html",
        one=one,
        said=said_of(one, freeze_days=config().probe_freeze_days),
        product=product,
        applications=one.applications,
        last=seller_queries.last_runs(one.addresses),
        history=seller_queries.history(one.addresses, after=request.GET.get("after", "")),
        lacking=seller_queries.lacking(one, watch=_watch()) if one.health else [],
        freeze_days=config().probe_freeze_days,
        may_ask=may_change(request),
        may_restore=request.rights.changes(Menu.PRODUCTS) and product.status == Product.Status.FROZEN,
        **_of_hand(product),
    )


def _of_hand(product: Product) -> dict[str, Any]:
    """The last probe that somebody asked for: under way, or what came of it."""
    hand = seller_queries.run_of_hand(product)
    runs = manual.runs_of(hand) if hand is not None else []
    return {"hand": hand, "hand_runs": runs, "hand_open": any(run.verdict == Verdict.OPEN for run in runs)}


def _watch() -> Watch:
    return watch_of(config(), timezone.get_default_timezone())


@require_safe
@seller_page(menu=Menu.TOOLS, product="pk")
def probes_live(request: SellerRequest, pk: int) -> HttpResponse:
    """How far a probe by hand is; it asks for itself again until every answer was judged."""
    product = found(products_of(request).filter(pk=pk).first())
    told = applications_of(product.pk)
    return show(request, "seller_center/parts/probe_now.html", product=product, applications=told, **_of_hand(product))


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def probe_now(request: SellerRequest, pk: int) -> HttpResponse:
    """Ask every saved case once, now; it is counted nowhere."""
    product = found(products_of(request).filter(pk=pk).first())
    not_too_often(request)
    manual.probe_now(product, by=request.user.email, watch=_watch(), now=request.now)
    messages.success(request, _("Your server is asked. The answers appear below."))
    return redirect("seller_center:probes_product", pk)


@require_safe
@seller_page(menu=Menu.TOOLS)
def probe_run(request: SellerRequest, pk: int) -> HttpResponse:
    """One case in one slot: each of its tries with what was judged of it, and both sides of the wire."""
    run = found(seller_queries.find_run(pk, seller=request.seller))
    attempts = attempts_of(run.call) if run.call is not None else []
    return show(
        request,
        "seller_center/probe_run.html",
        run=run,
        applications=seller_queries.applications_at(run),
        attempts=[(shown, judged(shown.attempt)) for shown in attempts],
    )


def _shown(settings: Config) -> str:
    """When the market probes: 09:00–11:00, 15:00–17:00."""
    between = "、" if locale_now().language == "zh" else ", "
    return between.join(f"{opens:%H:%M}–{closes:%H:%M}" for _half, opens, closes in settings.probe_windows)


def _today(request: SellerRequest) -> date:
    return timezone.localtime(request.now).date()
