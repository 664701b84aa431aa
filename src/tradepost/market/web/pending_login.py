"""Who opened an account and has not confirmed its address yet is remembered by their browser, not by a row of ours.

allauth keeps the log-in that waits for the confirmation in the session, so that every sign-up, also one that nobody ever
finishes, would leave a row for two weeks. It is kept in a cookie instead, for the pages of the confirmation alone, until
allauth itself forgets it. It is sealed and of one length for everybody: whether there is an account already is no reader's
business. Who sends it again gains nothing: it opens an account only together with the link of a mail that was not used yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from allauth.account import app_settings
from allauth.account.internal.constants import LoginStageKey
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from tradepost.market.base.secrets import seal, unseal

COOKIE = "pending_login"
BLOCK = 1024
"""Bytes to whose multiple its content is filled up."""
LONGEST = 2048
"""Bytes that it may hold; a browser keeps 4,096, sealed. What is longer stays in a session."""
OF_NO_ACCOUNT = "account_verified_email"
"""allauth leaves it in the session with nothing in it."""


class PendingLogin:
    """After the session's middleware, before allauth's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(_pages()):
            return self.get_response(request)
        kept = request.COOKIES.get(COOKIE, "")
        if kept and request.session.is_empty():
            _put_back(request, kept)
        response = self.get_response(request)
        if (pending := _take_out(request)) is not None:
            response.set_cookie(
                COOKIE, seal(pending), max_age=app_settings.LOGIN_TIMEOUT, path=reverse(CONFIRMATION), httponly=True,
                secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
            )  # fmt: skip
        elif kept:
            response.delete_cookie(COOKIE, path=reverse(CONFIRMATION), samesite="Lax")
        return response


CONFIRMATION = "account_email_verification_sent"
"""Its address is also how those of the links begin."""


def _pages() -> tuple[str, ...]:
    return reverse(CONFIRMATION), reverse("account_signup"), reverse("account_login")


def _put_back(request: HttpRequest, kept: str) -> None:
    try:
        request.session[LOGIN_SESSION_KEY] = json.loads(unseal(kept))
    except ValueError:  # not ours, or of a secret key that is no more
        return


def _take_out(request: HttpRequest) -> str | None:
    """The log-in that waits for a confirmation, out of a session that has no row and needs none for anything else."""
    session = request.session
    waiting = session.get(LOGIN_SESSION_KEY)
    if session.session_key is not None or not isinstance(waiting, dict) or not _for_the_address(waiting):
        return None
    others = set(session.keys()) - {LOGIN_SESSION_KEY}
    text = json.dumps(waiting, ensure_ascii=False)
    if len(text.encode()) > LONGEST or others - {OF_NO_ACCOUNT} or session.get(OF_NO_ACCOUNT):
        return None
    session.clear()
    return text + " " * (-len(text.encode()) % BLOCK)


def _for_the_address(waiting: dict[str, object]) -> bool:
    """Not for a code, say: how often one was tried must be counted where nobody can take it back."""
    state = waiting.get("state")
    stages = state.get("stages", {}) if isinstance(state, dict) else {}
    return bool(stages.get("current") == LoginStageKey.VERIFY_EMAIL.value)
