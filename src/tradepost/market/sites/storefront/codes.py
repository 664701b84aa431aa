"""The authorisation code of a service: accept it, read it, or return the order before (saas-v1-license §B2,
business-rules §2.10)."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.activating import return_code as give_order_back
from tradepost.market.fulfilment.activating import take_code
from tradepost.market.licenses.buyer_queries import code_of
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.software_usage import by_day
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_act

CHART_DAYS = 14
READABLE_STATES = {LicenseCode.Status.TAKEN, LicenseCode.Status.ACTIVE}
USABLE_STATES = {Subscription.Status.OPENING, Subscription.Status.ACTIVE}


class CodeView(Struct, frozen=True):
    """A code for its page. ``readable``: whether the buyer may see it. ``days``: number of clients per day, newest
    first. ``step_by_step``: the code is accepted in a supervised delivery, not here."""

    code: LicenseCode
    readable: bool
    days: list[tuple[date, int]]
    step_by_step: bool = False


def code_view(subscription: Subscription, delivery: Supervision | None = None) -> CodeView | None:
    """Return the code for the page of a service, or None. ``delivery``: its supervised delivery, if any."""
    code = code_of(subscription)
    if code is None:
        return None
    days = by_day(code, days=CHART_DAYS) if code.status == LicenseCode.Status.ACTIVE else []
    step_by_step = delivery is not None and code.status == LicenseCode.Status.ISSUED
    return CodeView(code, code.status in READABLE_STATES and subscription.status in USABLE_STATES, days, step_by_step)


@buyer_act
def take(request: HttpRequest, pk: int) -> HttpResponse:
    service = _own_service(request, pk)
    try:
        take_code(service, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("You have revealed the code. Enter it into the software."))
    return redirect("storefront:subscription", pk=pk)


@buyer_act
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    service = _own_service(request, pk)
    try:
        give_order_back(service, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The order was returned. Your payment was refunded to your balance."))
    return redirect("storefront:subscription", pk=pk)


@buyer_act
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the code as plain text, only to its owner. A POST keeps it out of history and prefetching."""
    shown_code = code_view(_own_service(request, pk))
    if shown_code is None or not shown_code.readable:
        raise Http404
    return HttpResponse(shown_code.code.code, content_type="text/plain; charset=utf-8")


def _own_service(request: HttpRequest, pk: int) -> Subscription:
    """Return a service of the buyer that is delivered as a code."""
    service = buyer_subscription(person(request), pk)
    if service is None or code_of(service) is None:
        raise Http404
    return service
