"""What the market sent by mail, SMS, webhook and chat, what waits, failed or was not sent, and why; and another try by hand."""

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
from tradepost.market.web import deliveries as shared
from tradepost.market.web.access import now_of, operator_required


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "console/deliveries.html", shared.log_of(request, None))


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    one = delivery_log.find_delivery(pk)
    if one is None:
        raise Http404
    written = shared.content_of(one, settings.SMS, base_url=config().base_url)
    return render(request, "console/delivery.html", written)


@operator_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    one = delivery_log.find_delivery(pk)
    if one is None:
        raise Http404
    try:
        sending.retry(one, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The message to %(address)s is sent again now.") % {"address": one.address})
    return redirect("console:deliveries")
