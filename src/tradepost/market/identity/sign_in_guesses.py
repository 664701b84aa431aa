"""Limit wrong passwords per account across all networks, without locking out its owner.

Each origin, a known browser or a network, has its own delays. Origins from which the account never signed in also share one count,
so that an attacker gains nothing by spreading over networks, and the owner signs in from a known origin meanwhile (decision 0082).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import outbox

from . import throttling
from .events import PasswordGuessed

FREE_FROM_NEW_ORIGINS = 10
"""Wrong passwords in a row without a delay, from all unknown origins together."""
NETWORK_STAYS_KNOWN = timedelta(days=30)
_DAY = timedelta(days=1)


class Origin(Struct, frozen=True):
    """Where a guess comes from. ``name``: the key of its own count; ``known``: the account signed in from it before;
    ``browser``: known by its cookie, not only by its network."""

    name: str
    known: bool
    browser: bool = False


class Held(Struct, frozen=True):
    """``wait``: whole seconds; ``everywhere``: for all unknown origins, not only for this one."""

    wait: int
    everywhere: bool


def begin(email: str, origin: Origin, *, account: int, now: datetime, wall: datetime) -> Held | None:
    """Count a guess at the password of an account, which is wrong unless ``right`` follows. None: it may be judged.

    ``account``: its primary key, 0 for an email without one, which is counted and held up alike.
    """
    if wait := throttling.guess(_at(email, origin), now=wall):
        return Held(wait, everywhere=False)
    if origin.known:
        return None
    if not (wait := throttling.guess(everywhere(email), now=wall, free=FREE_FROM_NEW_ORIGINS)):
        return None
    throttling.take_back(_at(email, origin), now=wall)
    warn(email, account=account, now=now, wall=wall)
    return Held(wait, everywhere=True)


def warn(email: str, *, account: int, now: datetime, wall: datetime) -> None:
    """Tell the account's owner of the guesses, once a day."""
    with transaction.atomic():
        if not throttling.window(f"warned of passwords for {email}", most=1, length=_DAY, now=wall):
            outbox.publish(PasswordGuessed(user=account, at=wall), now=now)


def right(email: str, origin: Origin) -> None:
    """The password was right: forget the wrong ones that this origin may have made."""
    throttling.guessed(_at(email, origin))
    if not origin.known:
        throttling.guessed(everywhere(email))


def origin_of(network: str, browser: str, user: int, *, wall: datetime) -> Origin:
    """``browser``: the id in the cookie of a browser that this account is known in; empty for others."""
    if browser:
        return Origin(f"browser {browser}", known=True, browser=True)
    return Origin(f"network {network}", known=throttling.remembers(_network(network, user), now=wall))


def remember_network(network: str, user: int, *, wall: datetime) -> None:
    """After a complete sign-in."""
    throttling.remember(_network(network, user), until=wall + NETWORK_STAYS_KNOWN)


def _at(email: str, origin: Origin) -> str:
    return f"password of {email} from {origin.name}"


def everywhere(email: str) -> str:
    """The key of the count that all unknown origins share, at the market's own sign-in and at those of enterprises."""
    return f"password of {email} from new origins"


def _network(network: str, user: int) -> str:
    return f"network {network} of {user}"
