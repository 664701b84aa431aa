"""A member says who they are: by ``user_name@tenantCode``, by the user name alone, or by the address of their market account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity import sign_in_guesses, throttling
from tradepost.market.identity.models import User
from tradepost.market.identity.sign_in_guesses import Origin
from tradepost.market.organisations.events import MemberPasswordsGuessed
from tradepost.market.organisations.models import Enterprise, Member

from . import failed_tries
from .lockout import Lockout
from .may_sign_in import may_enter

LONGEST = 254


NAMES_FROM_NEW_NETWORKS = 20
"""Wrong passwords at one enterprise, whatever the names, from all networks without a member: in ``WINDOW``."""
NAMES_FROM_A_NETWORK = 60
"""The same from one network in which members signed in: a whole company may mistype in the morning."""
WINDOW = timedelta(minutes=10)
NETWORK_STAYS_KNOWN = timedelta(days=30)
_DAY = timedelta(days=1)

type Where = Callable[[int], Origin]
"""Given the account that is meant, 0 for none: where the try comes from."""


class TooOften(Refused):
    """``wait``: whole seconds until the next try. ``everywhere``: from all origins that are not known."""

    def __init__(self, wait: int, *, everywhere: bool = False) -> None:
        message = (
            _(
                "Too many wrong passwords from new browsers. Try again in %(time)s, or use a browser or a network in which you "
                "signed in before."
            )
            if everywhere
            else _("Too many wrong passwords. Try again in %(time)s.")
        )
        super().__init__("auth.locked", message % {"time": throttling.in_words(wait)}, HTTPStatus.TOO_MANY_REQUESTS)
        self.wait = wait


class Tries(Struct, frozen=True, kw_only=True):
    """What the tries of a request are counted by: name and origin; the name from new origins; the enterprise, whatever the name."""

    at: str
    everywhere: str
    enterprise: str
    most: int
    office: bool
    """Whether members signed in from this network."""
    email: str
    """Of a market account that is meant; empty for a name of the enterprise."""
    account: int

    def begin(self, enterprise: Enterprise, origin: Origin, lockout: Lockout, *, now: datetime, wall: datetime) -> None:
        """Count a try, which is wrong unless ``right`` follows. Raises ``TooOften``; then nothing was counted."""
        if wait := failed_tries.begin(self.at, lockout, now=wall):
            raise TooOften(wait)
        if not origin.browser and (wait := throttling.window(self.enterprise, most=self.most, length=WINDOW, now=wall)):
            failed_tries.take_back(self.at, now=wall)
            _warn(enterprise, now, wall)
            raise TooOften(wait, everywhere=True)
        if not self._passes(origin) and (
            wait := throttling.guess(self.everywhere, now=wall, free=sign_in_guesses.FREE_FROM_NEW_ORIGINS)
        ):
            failed_tries.take_back(self.at, now=wall)
            throttling.give_back(self.enterprise)
            _warn(enterprise, now, wall)
            if self.email:
                sign_in_guesses.warn(self.email, account=self.account, now=now, wall=wall)
            raise TooOften(wait, everywhere=True)

    def _passes(self, origin: Origin) -> bool:
        """A member who never signed in has no origin of their own yet: the office's is theirs."""
        return origin.known or self.office

    def right(self, origin: Origin) -> None:
        failed_tries.was_right(self.at)
        if not origin.browser:
            throttling.give_back(self.enterprise)
        if not self._passes(origin):
            throttling.guessed(self.everywhere)


def _tries(
    enterprise: Enterprise, name: str, member: Member | None, *, network: str, origin: Origin, wall: datetime
) -> Tries:
    user_name, email = _meant(enterprise, name, member)
    who, members_here = email or f"{enterprise.pk} {user_name}", f"enterprise {enterprise.pk}"
    known = throttling.remembers(_members_in(enterprise.pk, network), now=wall)
    return Tries(
        at=f"{who} from {origin.name}",
        everywhere=sign_in_guesses.everywhere(email) if email else f"member {who} from new origins",
        enterprise=f"wrong names of {members_here} from {network if known else 'new networks'}",
        most=NAMES_FROM_A_NETWORK if known else NAMES_FROM_NEW_NETWORKS,
        office=known,
        email=email,
        account=member.user_id if member else 0,
    )


def _meant(enterprise: Enterprise, name: str, member: Member | None) -> tuple[str, str]:
    """User name and email by which tries are counted: one count for an account, however its name is written, and for an unknown
    name the same count as if it were known. One of the two is empty."""
    if member is not None:
        return (member.user_name, "") if member.managed else ("", member.user.email.lower())
    local, at, domain = name.strip().lower()[:LONGEST].rpartition("@")
    return ("", f"{local}@{domain}") if at and domain != enterprise.code else (local or domain, "")


def remember_network(enterprise: int, network: str, *, now: datetime) -> None:
    """After a complete sign-in of a member. ``now``: real time."""
    throttling.remember(_members_in(enterprise, network), until=now + NETWORK_STAYS_KNOWN)


def _members_in(enterprise: int, network: str) -> str:
    return f"members of {enterprise} in {network}"


def _warn(enterprise: Enterprise, now: datetime, wall: datetime) -> None:
    with transaction.atomic():
        if not throttling.window(f"warned enterprise {enterprise.pk} of guesses", most=1, length=_DAY, now=wall):
            outbox.publish(MemberPasswordsGuessed(enterprise=enterprise.pk, at=wall), now=now)


def prove(
    enterprise: Enterprise,
    name: str,
    password: str,
    *,
    network: str,
    where: Where,
    lockout: Lockout,
    now: datetime,
    wall: datetime,
) -> Member:
    """The member whose password it is. Hashes a password: not inside a transaction that others wait for. Raises ``Refused``.

    An unknown name takes as long as a wrong password and gets the same words. Who may not enter learns it only with the right
    password. Tries are counted by name and origin, so that a stranger delays himself, and by enterprise, so that one password is
    not tried with many names (decision 0082).
    """
    member = find(enterprise, name)
    origin = where(member.user_id if member else 0)
    tries = _tries(enterprise, name, member, network=network, origin=origin, wall=wall)
    tries.begin(enterprise, origin, lockout, now=now, wall=wall)
    if member is None:
        make_password(password)
        raise _wrong(enterprise)
    if not member.user.check_password(password):
        raise _wrong(enterprise)
    tries.right(origin)
    if (refused := may_enter(member)) is not None:
        raise refused
    return member


def find(enterprise: Enterprise, name: str) -> Member | None:
    """Who is meant at this enterprise, removed or not."""
    name = name.strip()
    if not name or len(name) > LONGEST:
        return None
    members = Member.objects.select_related("user", "enterprise", "department").filter(enterprise=enterprise)
    local, at, domain = name.rpartition("@")
    if not at or domain.lower() == enterprise.code:
        return members.filter(user_name=(local or name).lower()).first()
    user = User.objects.by_email(name).first()
    return members.filter(user=user).first() if user is not None else None


def member_of(enterprise: Enterprise, user: User) -> Member | None:
    """Somebody who is logged in to the market, as a member who may enter here."""
    found = (
        Member.objects.select_related("user", "enterprise", "department")
        .filter(enterprise=enterprise, user=user)
        .first()
    )
    return found if found is not None and may_enter(found) is None else None


def _wrong(enterprise: Enterprise) -> Refused:
    words = _("User name or password is wrong for %(enterprise)s. An administrator there can give you a new password.")
    return Refused("auth.wrong", words % {"enterprise": enterprise.name}, HTTPStatus.UNPROCESSABLE_ENTITY)
