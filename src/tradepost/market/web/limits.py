"""Limit how often a network, or an account that is signed in, may send forms and files, search, and export.

The counts are rows, shared by all processes. Wrong passwords for one account are held up by the adapter (``accounts``),
which also bounds mails to one address. How many requests of one client run at the same time: ``request_buffering``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from django.http import HttpRequest
from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.identity import throttling

from .peer import network_of, peer

MINUTE = timedelta(minutes=1)
A_MINUTE: Mapping[str, int] = {
    "account_login": 30,
    "sign_in": 120,  # a whole company comes from one network in the morning; each name has a lock of its own
    "sign_in_account": 120,
    "account_signup": 20,
    "account_reset_password": 20,
    "account_reset_password_from_key": 20,
    "account_reauthenticate": 10,
    "account_email": 10,
    "account_change_password": 5,
    "account_set_password": 5,
    "second_step": 30,
    "second_step_of_member": 120,
    "two_step_on": 10,
    "two_step_off": 10,
    "two_step_codes": 10,
    "receiver_confirm": 20,
    "picture_upload": 60,
    "proof_upload": 30,
    "uploads": 60,
    "renewal_change_check": 10,
    "demand_new": 10,
    "complaint_new": 10,
}
"""By the name of a page, in allauth's URLs and ours."""


SEARCHES_A_MINUTE = 120
SEARCHES_OF_A_NETWORK = 600
"""Of all visitors of one network who are not signed in."""
EXPORTS = frozenset({
    "audit_export", "balance_export", "invoice_letter", "settlement_export", "usage_chart_file", "usage_export", "usage_file",
})  # fmt: skip
"""Pages that make a file from many rows."""
EXPORTS_A_MINUTE = 60
EXPORTS_AT_ONCE = 2
EXPORT_LEASE = timedelta(minutes=2)
"""An export that ended with its process no longer counts after this time."""
EXPORT_WAIT = 5
_EXPORT = "tradepost.export"
"""Key in the environment of an export that holds a place."""


class TooOften(Refused):
    """``wait``: seconds until the same request may be sent again."""

    def __init__(self, wait: int, message: str = "") -> None:
        message = message or _("Too many tries from your network. Try again in %(time)s.")
        super().__init__(
            "account.too_often", message % {"time": throttling.in_words(wait)}, HTTPStatus.TOO_MANY_REQUESTS
        )
        self.wait = wait


def count(request: HttpRequest) -> None:
    """Count a form that is sent, a search or an export. Raises ``TooOften``. An export ends with ``leave``."""
    name = (request.resolver_match.url_name if request.resolver_match else "") or ""
    if request.method == "POST":
        if most := A_MINUTE.get(name):
            _window(f"{name} {_client(request)}", most)
        return
    if name in EXPORTS:
        _begin_export(request)
    elif request.GET.get("q", "").strip():
        most = SEARCHES_A_MINUTE if request.user.is_authenticated else SEARCHES_OF_A_NETWORK
        _window(f"search {_client(request)}", most, _("You have searched too often. Try again in %(time)s."))


def leave(request: HttpRequest) -> None:
    """Called when a request was answered."""
    if what := request.META.pop(_EXPORT, ""):
        throttling.end(what)


def _begin_export(request: HttpRequest) -> None:
    client = _client(request)
    _window(f"export {client}", EXPORTS_A_MINUTE, _("You have exported too often. Try again in %(time)s."))
    what = f"exporting {client}"
    if not throttling.begin(what, most=EXPORTS_AT_ONCE, lease=EXPORT_LEASE, now=clock.wall()):
        raise TooOften(EXPORT_WAIT, _("Your other exports are still running. Try again in %(time)s."))
    request.META[_EXPORT] = what


def _window(what: str, most: int, message: str = "") -> None:
    if wait := throttling.window(what, most=most, length=MINUTE, now=clock.wall()):
        raise TooOften(wait, message)


def _client(request: HttpRequest) -> str:
    user = request.user
    return f"user {user.pk}" if user.is_authenticated else f"network {network_of(peer(request))}"
