"""A person's notices, which each site shows in its own frame: who works in the seller center or the console stays there."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from tradepost.market.notifications import inbox
from tradepost.market.notifications.models import Notice

from .access import now_of, person

STATES = (("unread", _("Unread")), ("read", _("Read")))


def notices_of(request: HttpRequest, site: str) -> dict[str, Any]:
    """What ``web/parts/notices.html`` shows; ``site``: the namespace of the site that shows it."""
    only = request.GET.get("only", "")
    return {
        "page": inbox.inbox(person(request), only=only, after=request.GET.get("after", "")),
        "only": only,
        "states": STATES,
        "list_page": f"{site}:notices",
        "read_page": f"{site}:notices_read",
        "open_page": f"{site}:notice_open",
    }


def read_all(request: HttpRequest, site: str) -> HttpResponse:
    inbox.mark_read(person(request), now=now_of(request))
    return redirect(f"{site}:notices")


def open_notice(request: HttpRequest, pk: int, site: str) -> HttpResponse:
    """Mark one as read and go where it leads. Another person's does not exist."""
    found = Notice.objects.filter(user=person(request), pk=pk).first()
    if found is None:
        raise Http404
    inbox.mark_read(person(request), now=now_of(request), notice=pk)
    ours = url_has_allowed_host_and_scheme(found.link, allowed_hosts=None)
    return redirect(found.link if ours else f"{site}:notices")
