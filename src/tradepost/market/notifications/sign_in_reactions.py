"""Everybody is told when something changes in how their account is signed in to: it may have been a thief."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.identity.events import SecondStepGuessed, SignInChanged
from tradepost.market.identity.models import User

from .tell import tell

KINDS = {"on": "second_step_on", "off": "second_step_off", "reset": "second_step_reset", "codes": "second_step_codes"}
"""Of a new password nobody is told: it was set by whoever knew the earlier one, or reads the mailbox that would tell."""


def on_sign_in_changed(event: SignInChanged, now: datetime) -> None:
    if (kind := KINDS.get(event.what)) is None:
        return
    once = f"{event.user}/{event.at:%Y%m%d%H%M%S%f}"
    tell(User.objects.get(pk=event.user), kind, facts={}, once=once, link=reverse("web:security"), now=now)


def on_second_step_guessed(event: SecondStepGuessed, now: datetime) -> None:
    once, link = f"{event.user}/{event.at:%Y%m%d%H%M%S%f}", reverse("web:security")
    tell(User.objects.get(pk=event.user), "second_step_guessed", facts={}, once=once, link=link, now=now)


REACTIONS = (on(SignInChanged, on_sign_in_changed), on(SecondStepGuessed, on_second_step_guessed))
