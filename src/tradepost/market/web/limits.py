"""Rate limits for forms, uploads, searches and exports, per account or, for visitors, per network.

The counts are rows shared by all processes. Wrong passwords of one account and mails to one address are limited by the
adapter (``accounts``), concurrent requests of one client by ``request_buffering``.
"""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest
from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.identity import limits, throttling
from tradepost.market.identity.limits import Limit

from .peer import network_of, peer

SUGGESTION_PAGES = frozenset({"suggest", "find"})
"""Suggestion pages, which are requested several times while one search is typed."""
EXPORT_PAGES = frozenset({
    "balance_export", "enterprise_sign_ins_export", "invoice_letter", "settlement_export", "usage_chart_file", "usage_export", "usage_file",
})  # fmt: skip
"""Pages that create a file from many rows."""
EXPORT_RETRY_DELAY = 5
FORMAT = "format"
"""Query parameter that requests a list as a file."""
_EXPORT = "tradepost.export"
"""Key in the environment of an export that occupies a slot."""


class RateLimited(Refused):
    """Refusal by a rate limit. ``wait``: seconds until the request may be repeated."""

    def __init__(self, wait: int, message: str = "") -> None:
        message = message or _("Too many attempts from your network. Try again in %(time)s.")
        super().__init__(
            "account.too_often",
            message % {"time": throttling.format_wait(wait)},
            HTTPStatus.TOO_MANY_REQUESTS,
            wait=wait,
        )


def count(request: HttpRequest) -> None:
    """Count a submitted form, a search or an export. Raises ``RateLimited``. The slot of an export is freed by ``leave``."""
    name = (request.resolver_match.url_name if request.resolver_match else "") or ""
    if request.method == "POST":
        if limit := limits.FORMS.get(name):
            _count_attempt(limit, request)
        return
    if name in EXPORT_PAGES or FORMAT in request.GET:
        _begin_export(request)
    elif request.GET.get("q", "").strip():
        _count_attempt(_search_limit(request, name), request, _("You have searched too often. Try again in %(time)s."))


def _search_limit(request: HttpRequest, page: str) -> Limit:
    if page in SUGGESTION_PAGES:
        return limits.SUGGESTIONS if request.user.is_authenticated else limits.SUGGESTIONS_OF_A_NETWORK
    return limits.SEARCHES if request.user.is_authenticated else limits.SEARCHES_OF_A_NETWORK


def release_export(request: HttpRequest) -> None:
    """Free the export slot of an answered request."""
    if client := request.META.pop(_EXPORT, ""):
        throttling.release_slot(limits.EXPORTS_AT_ONCE, client)


def _begin_export(request: HttpRequest) -> None:
    _count_attempt(limits.EXPORTS, request, _("You have exported too often. Try again in %(time)s."))
    client = _client(request)
    if not throttling.take_slot(limits.EXPORTS_AT_ONCE, client, now=clock.wall()):
        raise RateLimited(EXPORT_RETRY_DELAY, _("Your other exports are still running. Try again in %(time)s."))
    request.META[_EXPORT] = client


def _count_attempt(limit: Limit, request: HttpRequest, message: str = "") -> None:
    if wait := throttling.count(limit, _client(request), now=clock.wall()):
        raise RateLimited(wait, message)


def _client(request: HttpRequest) -> str:
    user = request.user
    return f"user {user.pk}" if user.is_authenticated else f"network {network_of(peer(request))}"
