"""How often the forms of accounts, and files, may be sent from one network, or by whoever is logged in: counted for all processes.

These bound abuse as a whole. Wrong passwords for one account are held up by the adapter (``accounts``), and mails to one
address bounded there as well.
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


class TooOften(Refused):
    """``wait``: seconds until the form may be sent again."""

    def __init__(self, wait: int) -> None:
        message = _("Too many tries from your network. Try again in %(time)s.") % {"time": throttling.in_words(wait)}
        super().__init__("account.too_often", message, HTTPStatus.TOO_MANY_REQUESTS)
        self.wait = wait


def count(request: HttpRequest) -> None:
    """Count a form that is sent. Raises ``TooOften``."""
    name = request.resolver_match.url_name if request.resolver_match else ""
    most = A_MINUTE.get(name or "")
    if request.method != "POST" or most is None:
        return
    user = request.user
    who = f"user {user.pk}" if user.is_authenticated else f"network {network_of(peer(request))}"
    if wait := throttling.window(f"{name} {who}", most=most, length=MINUTE, now=clock.wall()):
        raise TooOften(wait)
