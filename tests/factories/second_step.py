"""Accounts with two-step sign-in on, and the app that makes their codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.factories.people import NOW
from tradepost.market.base import clock
from tradepost.market.identity import second_factor, totp
from tradepost.market.identity.models import SecondFactor, User


@dataclass(frozen=True, slots=True)
class App:
    """A telephone with the secret of one account; ``codes``: those of recovery."""

    secret: str
    codes: list[str]

    def code(self, at: datetime | None = None) -> str:
        """Of now, or of ``at``: real time."""
        return totp.code_at(self.secret, totp.step_of(at or clock.wall()))


def turn_on(user: User, *, wall: datetime | None = None) -> App:
    """As five minutes ago, so that the code of now is fresh."""
    at = (wall or clock.wall()) - timedelta(minutes=5)
    begun = second_factor.draft(user, wall=at)
    codes = second_factor.turn_on(user, begun, totp.code_at(begun.secret, totp.step_of(at)), now=NOW, wall=at)
    return App(begun.secret, codes)


def is_on(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exists()
