"""Accounts with two-step sign-in, and the app that generates their codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.factories.people import NOW
from tradepost.market.base import clock
from tradepost.market.identity import second_factor, totp
from tradepost.market.identity.models import SecondFactor, User


@dataclass(frozen=True, slots=True)
class App:
    """An authenticator app with the secret of one account. ``codes`` are the recovery codes."""

    secret: str
    codes: list[str]

    def code(self, at: datetime | None = None) -> str:
        """Return the code of now, or of ``at`` in real time."""
        return totp.code_at(self.secret, totp.step_of(at or clock.wall()))


def turn_on(user: User, *, wall: datetime | None = None) -> App:
    """Turn on two-step sign-in as of five minutes ago, so that the current code is unused."""
    at = (wall or clock.wall()) - timedelta(minutes=5)
    begun = second_factor.draft(user, wall=at)
    codes = second_factor.turn_on(user, begun, totp.code_at(begun.secret, totp.step_of(at)), now=NOW, wall=at)
    return App(begun.secret, codes)


def is_on(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exists()
