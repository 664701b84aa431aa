"""One service: how to reach it, what was paid for it, what happened to it, whom to ask."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.app_keys.keys import KEY_HISTORY, has_valid_keys
from tradepost.market.catalog.shelf_queries import sells_packages
from tradepost.market.fulfilment.buyer_queries import past_of, under_way
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.expiry_policy import HISTORY
from tradepost.market.fulfilment.usage import reported_usage
from tradepost.market.images.buyer_queries import image_of, server_on
from tradepost.market.metering.package_queries import package_of, packages_of_service
from tradepost.market.orders.buyer_queries import about
from tradepost.market.orders.refund_queries import refunds_of_service
from tradepost.market.product_types.contract import Gives
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY, access_data, license_of
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import LIVING, ending_of
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.timeline import moves_of

from . import codes, delivered, enterprise_services, licenses, live_access
from .at_its_end import at_its_end
from .debt import debt_of
from .service_acts import Standing, offered
from .service_history import service_events
from .under_way import STOPPED, told
from .used import used_now

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
    return page(request, _own(request, pk))


def page(request: HttpRequest, found: Subscription, *, status: int = 200, **given: Any) -> HttpResponse:
    """``given``: what a form on it was sent with, and why that was refused."""
    lines, past = about(found.pk), past_of(found)
    usable = found.status == Subscription.Status.ACTIVE
    now, kind = told(under_way(found)), product_type(found.product.product_type)
    gives = kind.gives
    service_acts = offered(Standing(subscription=found, busy=any(one.line for one in now), now=now_of(request)))
    delivery = supervision_queries.of_subscription(found.pk)
    ending = ending_of(found) if found.status in LIVING else None
    context = {
        "subscription": found,
        "product": found.product,
        "contact": contact_of(found.seller, found.product, service=found.pk),
        "line": lines.held if lines else None,
        "bought": lines.bought if lines else None,
        "acts": service_acts,
        "renewable": any(act.url == "storefront:renew" for act in service_acts),
        "at_end": at_its_end(found, now=now_of(request)),
        "convertible": any(act.url == "storefront:formal" for act in service_acts),
        "packages": packages_of_service(found, now=now_of(request)) if found.offer.charging.postpaid else (),
        "package": found.offer.charging.quota and package_of(found) is not None,
        "used": used_now(found, now=now_of(request)) if found.offer.charging.metered else None,
        "usage": reported_usage([found] if found.offer.charging.metered else []).get(found.pk),
        "access": access_data(found) if usable else None,
        **live_access.context(request, found),
        "usable": usable,
        "by_cloud": by_cloud(found.product.product_type),
        "deleted_by": deleted_by(found),
        "without_access": kind.by_people or kind.by_market,
        "delivered": delivered.shown(found, delivery),
        "has_keys": gives is Gives.ENDPOINT and found.status in LIVING and has_valid_keys(found),
        "delivery": delivery,
        "ending": ending,
        "in_grace": usable
        and ending is not None
        and _over(found, now_of(request))
        and now_of(request) < ending.freezes_at,
        "reasons": past.reasons,
        "several": len({one.reason for one in past.reasons}) > 1,
        "sells_packages": past.reasons and sells_packages(found.product),
        "debt": debt_of(person(request)) if any(one.reason == Freeze.Reason.ARREARS for one in past.reasons) else None,
        "expired": any(one.reason == Freeze.Reason.EXPIRED for one in past.reasons),
        "under_way": now,
        "follows": any(one.why != STOPPED for one in now),
        "gives": gives,
        "image": image_of(found) if by_cloud(found.product.product_type) else None,
        "server": server_on(found) if by_cloud(found.product.product_type) else None,
        "code": codes.shown(found, delivery) if gives is Gives.CODE else None,
        "licenses": licenses.shown(found, delivery) if gives is Gives.LICENSE else None,
        "joint": enterprise_services.shown(found),
        "timeline": service_events(
            found,
            lines.lines if lines else (),
            past,
            moves_of("subscription", found.pk, HISTORY, ACCESS_HISTORY, KEY_HISTORY),
            refunds_of_service(found),
        ),
        **given,
    }
    return render(request, "storefront/subscription.html", context, status=status)


def _over(found: Subscription, now: datetime) -> bool:
    return found.expires_at is not None and found.expires_at <= now


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
