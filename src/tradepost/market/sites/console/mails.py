"""Mails of the market: delivered, waiting or failed, with the server's words, and another try by hand."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.notifications import deliver, mailbox
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.status import vocabulary


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status, text = request.GET.get("status", ""), request.GET.get("q", "").strip()
    found = mailbox.all_mails(status=status, text=text, after=request.GET.get("after", ""))
    context = {"page": found, "status": status, "q_sought": text, "statuses": vocabulary("mail")}
    return render(request, "console/mails.html", context)


@operator_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    mail = mailbox.find_mail(pk)
    if mail is None:
        raise Http404
    try:
        deliver.retry(mail, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The mail to %(address)s is sent again now.") % {"address": mail.address})
    return redirect("console:mails")
