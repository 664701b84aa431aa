"""Licenses of an online License: apply for one, see what came of it, read or download it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.licensing import protocol_of_licenses, withdraw_application
from tradepost.market.licenses.buyer_queries import delivered, requests_of
from tradepost.market.licenses.license_files import folder, license_bytes, license_path
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.production import reasons
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.sending_files import send_file

private = cache_control(private=True, no_store=True)
OPEN = {LicenseRequest.Status.ASKING, LicenseRequest.Status.PROMISED}
WAITING = {LicenseRequest.Status.PROMISED, LicenseRequest.Status.REFUSED}
AGAIN = WAITING | {LicenseRequest.Status.WITHDRAWN}


def shown(subscription: Subscription, delivery: Supervision | None = None) -> dict[str, Any] | None:
    """What the page of a service shows of them; None where licenses are not applied for. ``delivery``: where it is delivered step
    by step; until that is over its license is applied for there."""
    spoken = protocol_of_licenses(subscription)
    if spoken is None:
        return None
    rows = requests_of(subscription)
    return {
        "rows": [
            {
                "row": row,
                "why": reasons.title(row.verdict, protocol=spoken.name),
                "again": row.status in AGAIN,
                "waiting": row.status in WAITING,
            }
            for row in rows
        ],
        "follows": any(row.status in OPEN for row in rows),
        "usable": subscription.status == Subscription.Status.ACTIVE,
        "may_apply": subscription.status == Subscription.Status.ACTIVE and (delivery is None or not delivery.open),
    }


@buyer_required
@private
@require_POST
def withdraw(request: HttpRequest, pk: int, license_pk: int) -> HttpResponse:
    found = own(request, pk)
    if not any(row.pk == license_pk for row in requests_of(found)):
        raise Http404
    try:
        withdraw_application(found, license_pk, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The application is withdrawn. You can apply again at any time."))
    return redirect("storefront:subscription", pk=pk)


@buyer_required
@private
@require_POST
def text(request: HttpRequest, pk: int, license_pk: int) -> HttpResponse:
    """The license alone, as text, to its owner alone; a POST, so that no history or prefetch holds it."""
    found = _license(request, pk, license_pk)
    if found.file_name:
        raise Http404
    return HttpResponse(license_bytes(found), content_type="text/plain; charset=utf-8")


@buyer_required
@private
@require_safe
def download(request: HttpRequest, pk: int, license_pk: int) -> HttpResponse:
    """As the seller sent it; a stranger's file, so that no browser shows it in our name."""
    found = _license(request, pk, license_pk)
    name = found.file_name.replace("\\", "/").rpartition("/")[2] or f"license-{found.event_id[:8]}.txt"
    if path := license_path(found, folder(config().files)):
        return send_file(path, name=name)
    answer = HttpResponse(license_bytes(found), content_type="application/octet-stream")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return answer


def own(request: HttpRequest, pk: int) -> Subscription:
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    return found


def _license(request: HttpRequest, pk: int, license_pk: int) -> LicenseRequest:
    subscription = own(request, pk)
    found = delivered(subscription, license_pk) if subscription.status == Subscription.Status.ACTIVE else None
    if found is None:
        raise Http404
    return found
