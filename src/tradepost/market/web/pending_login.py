"""Keeps a sign-up that waits for address confirmation in a cookie instead of a session row.

allauth stores the pending sign-in in the session, so every abandoned sign-up would leave a row for two weeks. The
cookie is sent only to the confirmation pages, and expires together with allauth's timeout. It is sealed and padded, so
that its length does not reveal whether the account existed. A replayed cookie opens an account only with an unused link
from a mail.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from allauth.account import app_settings
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from tradepost.market.base.secrets import seal, unseal

from .allauth_internals.stages import LOGIN_SESSION_KEY, waits_for_email

COOKIE = "pending_login"
BLOCK = 1024
"""The content is padded to a multiple of this number of bytes."""
MAX_BYTES = 2048
"""Maximum bytes of the content; browsers keep 4,096 bytes, sealed. Longer content stays in the session."""
EMPTY_ENTRY = "account_verified_email"
"""An empty entry that allauth leaves in the session."""


class PendingLogin:
    """Middleware between the session's and allauth's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(_pages()):
            return self.get_response(request)
        cookie = request.COOKIES.get(COOKIE, "")
        if cookie and request.session.is_empty():
            _restore(request, cookie)
        response = self.get_response(request)
        if (pending := _extract(request)) is not None:
            response.set_cookie(
                COOKIE, seal(pending), max_age=app_settings.LOGIN_TIMEOUT, path=reverse(CONFIRMATION), httponly=True,
                secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
            )  # fmt: skip
        elif cookie:
            response.delete_cookie(COOKIE, path=reverse(CONFIRMATION), samesite="Lax")
        return response


CONFIRMATION = "account_email_verification_sent"
"""Its address is the prefix of the confirmation links."""


def _pages() -> tuple[str, ...]:
    return reverse(CONFIRMATION), reverse("account_signup"), reverse("account_login")


def _restore(request: HttpRequest, cookie: str) -> None:
    try:
        request.session[LOGIN_SESSION_KEY] = json.loads(unseal(cookie))
    except ValueError:  # forged, or sealed with an earlier secret key
        return


def _extract(request: HttpRequest) -> str | None:
    """Remove the pending sign-in from a session that has no row and contains nothing else, and return it."""
    session = request.session
    waiting = session.get(LOGIN_SESSION_KEY)
    if session.session_key is not None or not isinstance(waiting, dict) or not waits_for_email(waiting):
        return None  # a sign-in that waits for a code stays: its tries are counted where nobody can take them back
    other_keys = set(session.keys()) - {LOGIN_SESSION_KEY}
    text = json.dumps(waiting, ensure_ascii=False)
    if len(text.encode()) > MAX_BYTES or other_keys - {EMPTY_ENTRY} or session.get(EMPTY_ENTRY):
        return None
    session.clear()
    return text + " " * (-len(text.encode()) % BLOCK)
