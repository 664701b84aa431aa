"""Messages of the market by mail, SMS, webhook and chat: waiting, failed and suppressed ones with the reason, and
manual retries."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.notifications import delivery_log, sending
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.organisations.own_companies import own_companies_of
from tradepost.market.web import deliveries as shared
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.own_business import own_rows


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    context = shared.log_context(request, None)
    own = own_companies_of(person(request), now=now_of(request))
    context["own"] = own_rows(NoticeDelivery, [row.delivery.pk for row in context["page"].rows], own)
    return render(request, "console/deliveries.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    notice_delivery = delivery_log.find_delivery(pk)
    if notice_delivery is None:
        raise Http404
    context = shared.content_context(notice_delivery, settings.SMS, base_url=config().base_url)
    return render(request, "console/delivery.html", context)


@operator_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    notice_delivery = delivery_log.find_delivery(pk)
    if notice_delivery is None:
        raise Http404
    try:
        sending.retry(notice_delivery, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(
            request, _("The message to %(address)s is sent again now.") % {"address": notice_delivery.address}
        )
    return redirect("console:deliveries")
