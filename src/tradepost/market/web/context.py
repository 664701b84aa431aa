"""Template variables of every page: market settings, the sandbox's clock, and facts about the reader."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.counting import Count
from tradepost.market.branding import face
from tradepost.market.identity.models import Member, User
from tradepost.market.notifications.inbox import UnreadGroups, bell_count, unread_by_user
from tradepost.market.work_queue.queue_queries import waiting_count

from .console_access import reads_source
from .site_frame import site_frame

NONE = Count(0)
THEMES = frozenset({"light", "dark"})


class ReaderFacts(Struct, frozen=True):
    """Facts about the reader for the frame of a page."""

    unread: Count = NONE
    sells: bool = False


def market(request: HttpRequest) -> dict[str, object]:
    theme = request.COOKIES.get("theme", "")
    site = request.resolver_match.namespace if request.resolver_match else ""
    return {
        # For pages that several sites show: ``{% extends layout %}`` and ``site|add:":refunds"``.
        "site": site,
        "layout": f"{site}/layout.html",
        "sandbox": config().sandbox,
        "this_page": SimpleLazyObject(lambda: current_address(request)),
        "now": getattr(request, "now", None),
        "face": SimpleLazyObject(face.current),
        "support_email": SimpleLazyObject(support_email),
        "theme": theme if theme in THEMES else "",
        "has_cloud": bool(settings.CLOUD),
        "site_frame": SimpleLazyObject(lambda: site_frame(request)),
        "visitor": getattr(request, "visitor", None),  # also on pages of refused requests
        "shell": SimpleLazyObject(lambda: reader_facts(request)),
        # Used only by the frame of the console.
        "queue_waiting": SimpleLazyObject(lambda: queue_waiting(request)),
    }


def queue_waiting(request: HttpRequest) -> Count:
    """Return the number of work queue entries that the reader's role includes."""
    role = getattr(request.user, "operator_role", "")
    return waiting_count(request.now, reads=reads_source(role))  # type: ignore[attr-defined]


def support_email() -> str:
    """Return the support address of the branding, otherwise of the settings."""
    return face.current().values.support_email or config().branding.support_email


def current_address(request: HttpRequest) -> str:
    """Return an address that shows this page again. A refused form may have an address that accepts only POST, so the
    Referer is used for it."""
    referer = request.headers.get("Referer", "")
    if request.method == "POST" and url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()}):
        parts = urlsplit(referer)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.get_full_path()


def reader_facts(request: HttpRequest) -> ReaderFacts:
    """Return the facts about the reader: one query for a signed-in reader, none for a visitor."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ReaderFacts()
    row = (
        User.objects.filter(pk=user.pk)
        .annotate(
            groups=UnreadGroups(),
            unread=unread_by_user(),
            sells=Exists(Member.objects.filter(user=OuterRef("pk"))),
        )
        .values_list("groups", "unread", "sells")
        .first()
    )
    return ReaderFacts(bell_count(row[0], row[1]), row[2]) if row else ReaderFacts()
