"""The authorisation code of a service: take it, read it, give the order back before (saas-v1-license §B2, business-rules §2.10)."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.activating import give_back as give_order_back
from tradepost.market.fulfilment.activating import take_code
from tradepost.market.licenses.buyer_queries import code_of
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.software_usage import by_day
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import buyer_required, now_of, person

private = cache_control(private=True, no_store=True)
DAYS = 14
READABLE = {LicenseCode.Status.TAKEN, LicenseCode.Status.ACTIVE}
USABLE = {Subscription.Status.OPENING, Subscription.Status.ACTIVE}


class ShownCode(Struct, frozen=True):
    """``readable``: its buyer may see the text. ``days``: how many clients used the software, newest first. ``step_by_step``: it is
    taken where its delivery is followed, and not here."""

    code: LicenseCode
    readable: bool
    days: list[tuple[date, int]]
    step_by_step: bool = False


def shown(subscription: Subscription, delivery: Supervision | None = None) -> ShownCode | None:
    """What the page of a service shows of its code; None where there is none. ``delivery``: where it is delivered step by step."""
    code = code_of(subscription)
    if code is None:
        return None
    days = by_day(code, days=DAYS) if code.status == LicenseCode.Status.ACTIVE else []
    step_by_step = delivery is not None and code.status == LicenseCode.Status.ISSUED
    return ShownCode(code, code.status in READABLE and subscription.status in USABLE, days, step_by_step)


@buyer_required
@private
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    try:
        take_code(found, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The code is yours. Enter it into the software."))
    return redirect("storefront:subscription", pk=pk)


@buyer_required
@private
@require_POST
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    try:
        give_order_back(found, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The order was given back. What you paid is on your balance again."))
    return redirect("storefront:subscription", pk=pk)


@buyer_required
@private
@require_POST
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """The code alone, as text, to its owner alone; a POST, so that no history or prefetch holds it."""
    known = shown(_own(request, pk))
    if known is None or not known.readable:
        raise Http404
    return HttpResponse(known.code.code, content_type="text/plain; charset=utf-8")


def _own(request: HttpRequest, pk: int) -> Subscription:
    """A service that is delivered by a code."""
    found = buyer_subscription(person(request), pk)
    if found is None or code_of(found) is None:
        raise Http404
    return found
