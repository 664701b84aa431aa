"""Everybody is told when something changes in how their account is signed in to: it may have been a thief."""

from __future__ import annotations

from datetime import datetime

from django.core import signing
from django.urls import reverse

from tradepost.market.identity.events import BuyerKeyChanged, PasswordGuessed, SecondStepGuessed, SignInChanged
from tradepost.market.identity.models import User

from .tell import send_notice

LINK_SALT, LINK_MAX_AGE_SECONDS = "tradepost.known-browser", 3 * 24 * 3600
"""Of the link that makes a browser known, in seconds."""
KINDS = {
    "on": "second_step_on", "off": "second_step_off", "reset": "second_step_reset", "codes": "second_step_codes",
    "erasure": "erasure", "erasure_withdrawn": "erasure_withdrawn",
}  # fmt: skip
"""Of a new password nobody is told: it was set by whoever knew the earlier one, or reads the mailbox that would tell."""


def on_sign_in_changed(event: SignInChanged, now: datetime) -> None:
    if (kind := KINDS.get(event.what)) is None:
        return
    once = f"{event.user}/{event.at:%Y%m%d%H%M%S%f}"
    page = "storefront:erasure" if kind.startswith("erasure") else "web:security"
    send_notice(User.objects.get(pk=event.user), kind, facts={}, once=once, link=reverse(page), now=now)


def on_second_step_guessed(event: SecondStepGuessed, now: datetime) -> None:
    _warn(event.user, "second_step_guessed", event.at, now)


def on_password_guessed(event: PasswordGuessed, now: datetime) -> None:
    _warn(event.user, "password_guessed", event.at, now)


def on_buyer_key_changed(event: BuyerKeyChanged, now: datetime) -> None:
    once = f"{event.key}/{event.at:%Y%m%d%H%M%S%f}"
    owner = User.objects.get(pk=event.user)
    link = reverse("storefront:access_keys")
    send_notice(owner, f"buyer_key_{event.change}", facts={"key": event.name}, once=once, link=link, now=now)


def _warn(user: int, kind: str, at: datetime, now: datetime) -> None:
    """With the link that lets the owner sign in from the browser in which it is opened."""
    owner = User.objects.filter(pk=user).first()
    if owner is None:  # the guessed email has no account
        return
    link = reverse("web:known_browser", args=[signing.dumps(owner.pk, salt=LINK_SALT)])
    send_notice(owner, kind, facts={}, once=f"{user}/{at:%Y%m%d%H%M%S%f}", link=link, now=now)
