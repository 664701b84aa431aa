"""The page of a service: access, payments, history and contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from tradepost.market.app_keys.keys import KEY_HISTORY, has_valid_keys
from tradepost.market.catalog.shelf_queries import sells_packages
from tradepost.market.fulfilment.buyer_queries import history_of, open_operations
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.expiry_policy import HISTORY
from tradepost.market.fulfilment.usage import reported_usage
from tradepost.market.images.buyer_queries import image_of, server_on
from tradepost.market.metering.package_queries import package_of, packages_of_service
from tradepost.market.orders.buyer_queries import lines_of_subscription
from tradepost.market.orders.refund_queries import refunds_of_service
from tradepost.market.product_types.contract import DeliveryResult
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY, access_data, license_of
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES, service_end_of
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_act, buyer_page
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.timeline import moves_of

from . import codes, delivered, enterprise_services, licenses, live_access
from .at_its_end import service_end
from .debt import find_debt
from .service_acts import ServiceState, available_acts
from .service_history import service_events
from .under_way import STOPPED, operations_in_progress
from .used import current_usage


def _own_service(request: HttpRequest, pk: int) -> Subscription:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    return service


@buyer_page
def subscription(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, _own_service(request, pk))


def page(request: HttpRequest, service: Subscription, **given: Any) -> HttpResponse:
    """Render the page. ``given``: input and refusal of a form on it."""
    lines, past = lines_of_subscription(service.pk), history_of(service)
    usable = service.status == Subscription.Status.ACTIVE
    in_progress, kind = operations_in_progress(open_operations(service)), product_type(service.product.product_type)
    gives = kind.gives
    service_acts = available_acts(
        ServiceState(subscription=service, busy=any(operation.line for operation in in_progress), now=now_of(request))
    )
    delivery = supervision_queries.delivery_of_subscription(service.pk)
    ending = service_end_of(service) if service.status in LIVE_STATUSES else None
    context = {
        "subscription": service,
        "product": service.product,
        "contact": contact_of(service.seller, service.product, service=service.pk),
        "line": lines.held if lines else None,
        "bought": lines.bought if lines else None,
        "acts": service_acts,
        "renewable": any(act.url == "storefront:renew" for act in service_acts),
        "at_end": service_end(service, now=now_of(request)),
        "convertible": any(act.url == "storefront:formal" for act in service_acts),
        "packages": packages_of_service(service, now=now_of(request)) if service.offer.charging.postpaid else (),
        "package": service.offer.charging.quota and package_of(service) is not None,
        "used": current_usage(service, now=now_of(request)) if service.offer.charging.metered else None,
        "usage": reported_usage([service] if service.offer.charging.metered else []).get(service.pk),
        "access": access_data(service) if usable else None,
        **live_access.context(request, service),
        "usable": usable,
        "by_cloud": runs_in_cloud(service.product.product_type),
        "deleted_by": deleted_by(service),
        "without_access": kind.by_people or kind.by_market,
        "delivered": delivered.delivered_content(service, delivery),
        "has_keys": gives is DeliveryResult.ENDPOINT and service.status in LIVE_STATUSES and has_valid_keys(service),
        "delivery": delivery,
        "ending": ending,
        "in_grace": usable
        and ending is not None
        and _has_expired(service, now_of(request))
        and now_of(request) < ending.freezes_at,
        "reasons": past.reasons,
        "several": len({reason.reason for reason in past.reasons}) > 1,
        "sells_packages": past.reasons and sells_packages(service.product),
        "debt": find_debt(person(request))
        if any(reason.reason == Freeze.Reason.ARREARS for reason in past.reasons)
        else None,
        "expired": any(reason.reason == Freeze.Reason.EXPIRED for reason in past.reasons),
        "under_way": in_progress,
        "follows": any(operation.why != STOPPED for operation in in_progress),
        "gives": gives,
        "image": image_of(service) if runs_in_cloud(service.product.product_type) else None,
        "server": server_on(service) if runs_in_cloud(service.product.product_type) else None,
        "code": codes.code_view(service, delivery) if gives is DeliveryResult.CODE else None,
        "licenses": licenses.licenses_context(service, delivery) if gives is DeliveryResult.LICENSE else None,
        "joint": enterprise_services.enterprises_of_service(service),
        "timeline": service_events(
            service,
            lines.lines if lines else (),
            past,
            moves_of("subscription", service.pk, HISTORY, ACCESS_HISTORY, KEY_HISTORY),
            refunds_of_service(service),
        ),
        **given,
    }
    return render(request, "storefront/subscription.html", context)


def _has_expired(service: Subscription, now: datetime) -> bool:
    return service.expires_at is not None and service.expires_at <= now


@buyer_act
def password(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the password as plain text, only to its owner. A POST keeps it out of history and prefetching."""
    service = _own_service(request, pk)
    access = access_data(service) if service.status == Subscription.Status.ACTIVE else None
    if access is None or not access.password:
        raise Http404
    return HttpResponse(access.password, content_type="text/plain; charset=utf-8")


@buyer_act
def license_text(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the license as plain text, like the password."""
    return HttpResponse(_license_text(_own_service(request, pk)), content_type="text/plain; charset=utf-8")


@buyer_page
def license_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the license as a file. A link, because downloads stay on disk in any case."""
    service = _own_service(request, pk)
    name = f"license-{service.order_line_number}.txt"
    response = HttpResponse(_license_text(service), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _license_text(service: Subscription) -> str:
    text = license_of(service) if service.status == Subscription.Status.ACTIVE else ""
    if not text:
        raise Http404
    return text
