"""The part of the pages of a service and of its order that asks the seller for the current access data and usage, and reports what came of it."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from tradepost.market.fulfilment import live_access
from tradepost.market.fulfilment.usage import reported_usage
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person

ASK, FOLLOW, RELOAD, REST = "ask", "follow", "reload", "rest"
"""What the part does next: ask the seller, follow the question, have the page loaded again (``web/polled.py``), nothing."""


def context(request: HttpRequest, subscription: Subscription, *, older_than: timedelta = timedelta()) -> dict[str, Any]:
    """What the part shows; empty for a service whose seller is never asked. ``older_than``: how old the data must be for the
    page to ask."""
    now = now_of(request)
    live = live_access.live_access(subscription, now=now)
    if live is None:
        return {}
    old = live.confirmed_at is None or now - live.confirmed_at >= older_than
    state = ASK if live.due and old else FOLLOW if live.asking else REST
    return {"subscription": subscription, "live": live, "seen": _fingerprint(subscription), "state": state}


@buyer_required
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the seller (POST), then follow the question (GET). The page is loaded again if the answer changed what it shows."""
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    if request.method == "POST":
        live_access.ask_seller(found, now=now_of(request))
        if request.headers.get("HX-Request") != "true":
            return redirect("storefront:subscription", pk)
    shown = context(request, found)
    if not shown:
        raise Http404
    asking, seen = shown["live"].asking, request.GET.get("seen", shown["seen"])
    changed = seen != shown["seen"]
    if request.method == "GET" and asking:
        return HttpResponse(status=204)
    state = FOLLOW if asking or (changed and request.method == "POST") else RELOAD if changed else REST
    return render(request, "storefront/parts/access_live.html", shown | {"seen": seen, "state": state})


def _fingerprint(subscription: Subscription) -> str:
    """Of what the page shows of the seller's answers."""
    usage = reported_usage([subscription] if subscription.offer.charging.metered else []).get(subscription.pk)
    told = f"{subscription.sealed_access} {usage.asked_at if usage else ''}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]
