"""What every template may use: the market's settings for people, the sandbox's clock, and the reader's standing."""

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
from tradepost.market.identity.models import Member, User
from tradepost.market.notifications.inbox import MOST_UNREAD, unread_by_user
from tradepost.market.work_queue.queue_queries import waiting_count

NONE = Count(0)
THEMES = frozenset({"light", "dark"})


class Shell(Struct, frozen=True):
    """What the frame of a page says about its reader."""

    unread: Count = NONE
    sells: bool = False


def market(request: HttpRequest) -> dict[str, object]:
    theme = request.COOKIES.get("theme", "")
    return {
        "sandbox": config().sandbox,
        "this_page": SimpleLazyObject(lambda: this_page(request)),
        "now": getattr(request, "now", None),
        "support_email": config().support_email,
        "theme": theme if theme in THEMES else "",
        "has_cloud": bool(settings.CLOUD),
        "shell": SimpleLazyObject(lambda: shell_of(request)),
        # Read by the frame of the console alone.
        "queue_waiting": SimpleLazyObject(lambda: waiting_count(request.now)),  # type: ignore[attr-defined]
    }


def this_page(request: HttpRequest) -> str:
    """The address at which this page can be asked for again. A form that was refused may stand at an address that only takes
    forms: its reader came from a page that has one."""
    came_from = request.headers.get("Referer", "")
    if request.method == "POST" and url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()}):
        parts = urlsplit(came_from)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.get_full_path()


def shell_of(request: HttpRequest) -> Shell:
    """One query for a known reader, none for a stranger."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Shell()
    row = (
        User.objects.filter(pk=user.pk)
        .annotate(
            unread=unread_by_user(),
            sells=Exists(Member.objects.filter(user=OuterRef("pk"))),
        )
        .values_list("unread", "sells")
        .first()
    )
    return Shell(Count(row[0], MOST_UNREAD), row[1]) if row else Shell()
