"""Limit wrong passwords per account across all networks, without locking out its owner.

Each origin, a known browser or a network, has its own delays. Origins from which the account never signed in also
share a count, so that an attacker gains nothing by using many networks. Meanwhile the owner can sign in from a known
origin (decision 0082)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import outbox

from . import limits, throttling
from .events import PasswordGuessed

NETWORK_MEMORY = timedelta(days=30)


class Origin(Struct, frozen=True):
    """The origin of a guess. ``name``: the key of its count; ``known``: the account has signed in from it;
    ``browser``: identified by its cookie, not only by its network."""

    name: str
    known: bool
    browser: bool = False


class DelayedGuess(Struct, frozen=True):
    """A refused guess. ``wait``: whole seconds. ``everywhere``: applies to all unknown origins, not only to this
    one."""

    wait: int
    everywhere: bool


def begin_attempt(email: str, origin: Origin, *, account: int, now: datetime, wall: datetime) -> DelayedGuess | None:
    """Count a guess at a password, which is wrong unless ``right`` follows. Return None if it may be checked.

    ``account``: its primary key, 0 for an email without an account, for which guesses are counted in the same way."""
    if wait := throttling.begin_guess(limits.PASSWORD, _at(email, origin), now=wall):
        return DelayedGuess(wait, everywhere=False)
    if origin.known:
        return None
    if not (wait := throttling.begin_guess(limits.PASSWORD_FROM_NEW_ORIGINS, email, now=wall)):
        return None
    throttling.undo_guess(limits.PASSWORD, _at(email, origin), now=wall)
    warn(email, account=account, now=now, wall=wall)
    return DelayedGuess(wait, everywhere=True)


def warn(email: str, *, account: int, now: datetime, wall: datetime) -> None:
    """Notify the account's owner of the guesses, at most once a day."""
    with transaction.atomic():
        if not throttling.count(limits.PASSWORD_WARNINGS, email, now=wall):
            outbox.publish(PasswordGuessed(user=account, at=wall), now=now)


def record_success(email: str, origin: Origin) -> None:
    """The password was correct: reset the counts of this origin."""
    throttling.clear_guesses(limits.PASSWORD, _at(email, origin))
    if not origin.known:
        throttling.clear_guesses(limits.PASSWORD_FROM_NEW_ORIGINS, email)


def origin_of(network: str, browser: str, user: int, *, wall: datetime) -> Origin:
    """Return the origin of a request. ``browser``: the cookie id of a browser known for this account; empty for
    others."""
    if browser:
        return Origin(f"browser {browser}", known=True, browser=True)
    return Origin(f"network {network}", known=throttling.is_remembered(_network(network, user), now=wall))


def remember_network(network: str, user: int, *, wall: datetime) -> None:
    """Remember the network of a completed sign-in."""
    throttling.remember_fact(_network(network, user), until=wall + NETWORK_MEMORY)


def _at(email: str, origin: Origin) -> str:
    return f"{email} from {origin.name}"


def _network(network: str, user: int) -> str:
    return f"network {network} of {user}"
