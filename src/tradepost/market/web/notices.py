"""A person's notices, shown in the frame of the current site."""

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

from tradepost.market.base.numbers import whole_number
from tradepost.market.notifications import delivery_log, inbox, receivers, settings_of
from tradepost.market.notifications.categories import Audience, Category, Channel
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.web.pages import submitted_data

from .access import now_of, person
from .notice_choices import Choices

STATES = (("unread", gettext_lazy("Unread")), ("read", gettext_lazy("Read")))


def notices_context(request: HttpRequest, site: str) -> dict[str, Any]:
    """Return the context of ``web/parts/notices.html``. ``site``: the namespace of the current site."""
    only = request.GET.get("only", "")
    page = inbox.inbox_by_group(person(request), only=only, after=request.GET.get("after", ""))
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
    """A notice with its deliveries outside the site, or the reasons for none."""

    item: inbox.Item
    went: Sequence[tuple[NoticeDelivery, str]]
    """Deliveries with the address as its reader may see it."""


class GroupEntry(Struct, frozen=True):
    """A row of the list: the newest notice of a group, and the other notices on demand."""

    group: inbox.Group
    newest: Entry
    others: Sequence[Entry]

    @property
    def oldest(self) -> int:
        return self.group.items[-1].notice.pk


def _entries(groups: Sequence[inbox.Group]) -> list[GroupEntry]:
    deliveries = delivery_log.deliveries_of_notices([item.notice.pk for group in groups for item in group.items])
    entries = [[_entry(item, deliveries.get(item.notice.pk, ())) for item in group.items] for group in groups]
    return [GroupEntry(group, rows[0], rows[1:]) for group, rows in zip(groups, entries, strict=True)]


def _entry(item: inbox.Item, deliveries: Sequence[NoticeDelivery]) -> Entry:
    return Entry(item, [(delivery, delivery_log.displayed_address(delivery)) for delivery in deliveries])


def settings_page(
    request: HttpRequest,
    site: str,
    show: Callable[..., HttpResponse],
    audiences: Sequence[Audience],
    categories: Sequence[Category] = tuple(Category),
) -> HttpResponse:
    """Show and save the reader's notice preferences by category and channel."""
    user = person(request)
    form = Choices(
        submitted_data(request),
        channels=[Channel.IN_SITE, Channel.MAIL],
        chosen=receivers.preferences_of(user=user),
        audiences=[Audience.PERSON, *audiences],
        categories=categories,
    )
    if form.is_valid():
        receivers.save_preferences(form.chosen(), user=user)
        messages.success(request, _("Saved."))
        return redirect(f"{site}:notice_settings")
    digest_time = settings_of.digest_time()
    return show(
        request,
        "web/notices/settings.html",
        frame=f"{site}/layout.html",
        form=form,
        notices_page=f"{site}:notices",
        digest_at=f"{digest_time:%H:%M}",
    )


def read_all(request: HttpRequest, site: str) -> HttpResponse:
    inbox.mark_all_read(person(request), now=now_of(request))
    return redirect(f"{site}:notices")


def open_notice(request: HttpRequest, pk: int, site: str) -> HttpResponse:
    """Mark a notice and its group as read, and redirect to its page. Raises 404 for another person's notice."""
    notice = Notice.objects.filter(user=person(request), pk=pk).first()
    if notice is None:
        raise Http404
    inbox.mark_read(
        person(request), now=now_of(request), notice=pk, oldest=whole_number(request.POST.get("oldest", ""))
    )
    is_local = url_has_allowed_host_and_scheme(notice.link, allowed_hosts=None)
    return redirect(notice.link if is_local else f"{site}:notices")
