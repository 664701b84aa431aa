"""The buyer's notices; opening one marks it as read."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.notifications import inbox
from tradepost.market.notifications.models import Notice
from tradepost.market.web.access import buyer_required, now_of, person

STATES = (("unread", _("Unread")), ("read", _("Read")))


@buyer_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    only = request.GET.get("only", "")
    context = {
        "page": inbox.inbox(person(request), only=only, after=request.GET.get("after", "")),
        "only": only,
        "states": STATES,
    }
    return render(request, "storefront/notices.html", context)


@buyer_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    inbox.mark_read(person(request), now=now_of(request))
    return redirect("storefront:notices")


@buyer_required
@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    found = Notice.objects.filter(user=person(request), pk=pk).first()
    if found is None:
        raise Http404
    inbox.mark_read(person(request), now=now_of(request), notice=pk)
    ours = url_has_allowed_host_and_scheme(found.link, allowed_hosts=None)
    return redirect(found.link if ours else "storefront:notices")
