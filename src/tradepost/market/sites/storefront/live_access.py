"""Part of the service and order pages that asks the seller for current access data and usage, and reports the result."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from tradepost.market.base.numbers import whole_number
from tradepost.market.fulfilment import live_access
from tradepost.market.fulfilment.usage import reported_usage
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person

ASK, FOLLOW, RELOAD, STOP = "ask", "follow", "reload", "rest"
"""Next step of the part: ask the seller, poll for the answer, reload the page (``web/polled.py``), or stop."""
MAX_TRIES = 3
"""Maximum number of tries, one a second, while another operation locks the service."""


def context(request: HttpRequest, subscription: Subscription, *, older_than: timedelta = timedelta()) -> dict[str, Any]:
    """Return the context of the part; empty for a service whose seller is never asked. ``older_than``: minimum age of
    the data before the page asks."""
    now = now_of(request)
    live = live_access.live_access(subscription, now=now)
    if live is None:
        return {}
    outdated = live.confirmed_at is None or now - live.confirmed_at >= older_than
    state = ASK if live.due and outdated else FOLLOW if live.asking else STOP
    return {"subscription": subscription, "live": live, "seen": _fingerprint(subscription), "state": state}


@buyer_required
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the seller (POST), then poll for the answer (GET). The page is reloaded if the answer changed its content."""
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    if request.method == "POST":
        live_access.request_access(service, now=now_of(request))
        if request.headers.get("HX-Request") != "true":
            return redirect("storefront:subscription", pk)
    page_context = context(request, service)
    if not page_context:
        raise Http404
    asking, seen_fingerprint = page_context["live"].asking, request.GET.get("seen", page_context["seen"])
    changed = seen_fingerprint != page_context["seen"]
    if request.method == "GET" and asking:
        return HttpResponse(status=204)
    tries = (whole_number(request.GET.get("tries", "")) or 0) + 1
    if request.method == "POST":
        may_retry = page_context["live"].due and tries < MAX_TRIES
        state = FOLLOW if asking or changed else ASK if may_retry else STOP
    else:
        state = RELOAD if changed else STOP
    return render(
        request,
        "storefront/parts/access_live.html",
        page_context | {"seen": seen_fingerprint, "state": state, "tries": tries},
    )


def _fingerprint(subscription: Subscription) -> str:
    """Return a hash of the seller's answers that the page shows."""
    usage = reported_usage([subscription] if subscription.offer.charging.metered else []).get(subscription.pk)
    content = f"{subscription.sealed_access} {usage.asked_at if usage else ''}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]
