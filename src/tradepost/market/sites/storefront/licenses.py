"""Licenses of an online license product: apply, follow, read and download."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.licensing import protocol_of_licenses, withdraw_application
from tradepost.market.licenses.buyer_queries import find_delivered, requests_of
from tradepost.market.licenses.license_files import folder, license_bytes, license_path
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.production import reasons
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_act, buyer_page
from tradepost.market.web.sending_files import send_file

OPEN_STATES = {LicenseRequest.Status.ASKING, LicenseRequest.Status.PROMISED}
WAITING_STATES = {LicenseRequest.Status.PROMISED, LicenseRequest.Status.REFUSED}
REPEATABLE_STATES = WAITING_STATES | {LicenseRequest.Status.WITHDRAWN}


def licenses_context(subscription: Subscription, delivery: Supervision | None = None) -> dict[str, Any] | None:
    """Return the licenses for the page of a service, or None if it has none to apply for. ``delivery``: its supervised
    delivery; while open, the license is requested there."""
    protocol = protocol_of_licenses(subscription)
    if protocol is None:
        return None
    rows = requests_of(subscription)
    return {
        "rows": [
            {
                "row": row,
                "why": reasons.title(row.verdict, protocol=protocol.name),
                "again": row.status in REPEATABLE_STATES,
                "waiting": row.status in WAITING_STATES,
            }
            for row in rows
        ],
        "follows": any(row.status in OPEN_STATES for row in rows),
        "usable": subscription.status == Subscription.Status.ACTIVE,
        "may_apply": subscription.status == Subscription.Status.ACTIVE and (delivery is None or not delivery.open),
    }


@buyer_act
def withdraw(request: HttpRequest, pk: int, license_pk: int) -> HttpResponse:
    subscription = own_service(request, pk)
    if not any(row.pk == license_pk for row in requests_of(subscription)):
        raise Http404
    try:
        withdraw_application(subscription, license_pk, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The application was withdrawn. You can apply again at any time."))
    return redirect("storefront:subscription", pk=pk)


@buyer_act
def text(request: HttpRequest, pk: int, license_pk: int) -> HttpResponse:
    """Return the license as plain text, only to its owner. A POST keeps it out of history and prefetching."""
    license_request = _delivered_license(request, pk, license_pk)
    if license_request.file_name:
        raise Http404
    return HttpResponse(license_bytes(license_request), content_type="text/plain; charset=utf-8")


@buyer_page
def download(request: HttpRequest, pk: int, license_pk: int) -> HttpResponse:
    """Return the seller's file as a download, so that no browser shows it in the market's origin."""
    license_request = _delivered_license(request, pk, license_pk)
    name = (
        license_request.file_name.replace("\\", "/").rpartition("/")[2] or f"license-{license_request.event_id[:8]}.txt"
    )
    if path := license_path(license_request, folder(config().files)):
        return send_file(path, name=name)
    response = HttpResponse(license_bytes(license_request), content_type="application/octet-stream")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def own_service(request: HttpRequest, pk: int) -> Subscription:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    return service


def _delivered_license(request: HttpRequest, pk: int, license_pk: int) -> LicenseRequest:
    subscription = own_service(request, pk)
    license_request = (
        find_delivered(subscription, license_pk) if subscription.status == Subscription.Status.ACTIVE else None
    )
    if license_request is None:
        raise Http404
    return license_request
