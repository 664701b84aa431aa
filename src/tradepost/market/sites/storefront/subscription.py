"""One service: how to reach it, what was paid for it, what happened to it, whom to ask."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.fulfilment.buyer_queries import past_of, under_way
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.fulfilment.usage import reported_usage
from tradepost.market.orders.buyer_queries import about
from tradepost.market.product_types.contract import Gives
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.lifecycle import access_data, license_of
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.timeline import moves_of

from . import licenses
from .service_history import service_events
from .under_way import STOPPED, told

private = cache_control(private=True, no_store=True)


def _own(request: HttpRequest, pk: int) -> Subscription:
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    return found


@buyer_required
@private
@require_safe
def subscription(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    lines, past = about(found.pk), past_of(found)
    usable = found.status == Subscription.Status.ACTIVE
    now, gives = told(under_way(found)), product_type(found.product.product_type).gives
    context = {
        "subscription": found,
        "product": found.product,
        "seller": found.seller,
        "line": lines.held if lines else None,
        "bought": lines.bought if lines else None,
        # One order at a time: the page of renewals would only say that another is not done.
        "renewable": may_renew(found, now=now_of(request)) and not any(one.line for one in now),
        "usage": reported_usage([found] if found.offer.charging.metered else []).get(found.pk),
        "access": access_data(found) if usable else None,
        "usable": usable,
        "reasons": past.reasons,
        "expired": any(one.reason == Freeze.Reason.EXPIRED for one in past.reasons),
        "under_way": now,
        "follows": any(one.why != STOPPED for one in now),
        "gives": gives,
        "licenses": licenses.shown(found) if gives is Gives.LICENSE else None,
        "timeline": service_events(found, lines.lines if lines else (), past, moves_of("subscription", found.pk)),
    }
    return render(request, "storefront/subscription.html", context)


@buyer_required
@private
@require_POST
def password(request: HttpRequest, pk: int) -> HttpResponse:
    """The password alone, as text, to its owner alone; a POST, so that no history or prefetch holds it."""
    found = _own(request, pk)
    access = access_data(found) if found.status == Subscription.Status.ACTIVE else None
    if access is None or not access.password:
        raise Http404
    return HttpResponse(access.password, content_type="text/plain; charset=utf-8")


@buyer_required
@private
@require_POST
def license_text(request: HttpRequest, pk: int) -> HttpResponse:
    """The license alone, as the password above."""
    return HttpResponse(_license(_own(request, pk)), content_type="text/plain; charset=utf-8")


@buyer_required
@private
@require_safe
def license_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The license as a file, as the seller wrote it: a link, since the browser keeps what a person downloads anyway."""
    found = _own(request, pk)
    name = f"license-{found.order_line_number}.txt"
    answer = HttpResponse(_license(found), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _license(found: Subscription) -> str:
    text = license_of(found) if found.status == Subscription.Status.ACTIVE else ""
    if not text:
        raise Http404
    return text
