"""A person's notices, which each site shows in its own frame: who works in the seller center or the console stays there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.notifications import delivery_log, inbox, receivers, settings_of
from tradepost.market.notifications.categories import Audience, Channel
from tradepost.market.notifications.models import Notice, NoticeDelivery

from .access import now_of, person
from .notice_choices import Choices

STATES = (("unread", gettext_lazy("Unread")), ("read", gettext_lazy("Read")))


def notices_of(request: HttpRequest, site: str) -> dict[str, Any]:
    """What ``web/parts/notices.html`` shows; ``site``: the namespace of the site that shows it."""
    only = request.GET.get("only", "")
    page = inbox.inbox(person(request), only=only, after=request.GET.get("after", ""))
    return {
        "page": page,
        "entries": _entries(page.rows),
        "only": only,
        "states": STATES,
        "list_page": f"{site}:notices",
        "read_page": f"{site}:notices_read",
        "open_page": f"{site}:notice_open",
        "settings_page": f"{site}:notice_settings",
    }


class Entry(Struct, frozen=True):
    """A notice, and beside it where it went out of the site, or why it did not."""

    item: inbox.Item
    went: Sequence[tuple[NoticeDelivery, str]]
    """With the address as its reader may see it."""


def _entries(items: Sequence[inbox.Item]) -> list[Entry]:
    went = delivery_log.of_notices([item.notice.pk for item in items])
    return [
        Entry(item, [(one, delivery_log.shown_address(one)) for one in went.get(item.notice.pk, ())]) for item in items
    ]


def settings_page(
    request: HttpRequest, site: str, show: Callable[..., HttpResponse], audiences: Sequence[Audience]
) -> HttpResponse:
    """What the reader wants to be told, by category and channel."""
    user = person(request)
    form = Choices(
        request.POST or None,
        channels=[Channel.IN_SITE, Channel.MAIL],
        chosen=receivers.chosen_by(user=user),
        audiences=[Audience.PERSON, *audiences],
    )
    if form.is_valid():
        receivers.keep(form.chosen(), user=user)
        messages.success(request, _("Saved."))
        return redirect(f"{site}:notice_settings")
    at = settings_of.digest_at()
    return show(
        request,
        "web/notices/settings.html",
        frame=f"{site}/layout.html",
        form=form,
        notices_page=f"{site}:notices",
        digest_at=f"{at:%H:%M}",
    )


def read_all(request: HttpRequest, site: str) -> HttpResponse:
    inbox.mark_all_read(person(request), now=now_of(request))
    return redirect(f"{site}:notices")


def open_notice(request: HttpRequest, pk: int, site: str) -> HttpResponse:
    """Mark one as read and go where it leads. Another person's does not exist."""
    found = Notice.objects.filter(user=person(request), pk=pk).first()
    if found is None:
        raise Http404
    inbox.mark_read(person(request), now=now_of(request), notice=pk)
    ours = url_has_allowed_host_and_scheme(found.link, allowed_hosts=None)
    return redirect(found.link if ours else f"{site}:notices")
