"""Authenticate a member by ``user_name@tenantCode``, by the user name, or by the email address of the market
account."""

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
from tradepost.market.identity import limits, sign_in_guesses, throttling
from tradepost.market.identity.limits import Delays, Limit
from tradepost.market.identity.models import User
from tradepost.market.identity.sign_in_guesses import Origin
from tradepost.market.organisations.events import MemberPasswordsGuessed
from tradepost.market.organisations.models import Enterprise, Member

from .may_sign_in import entry_refusal

MAX_LENGTH = 254

NETWORK_MEMORY = timedelta(days=30)

type OriginLookup = Callable[[int], Origin]
"""Returns the origin of an attempt, given the primary key of the account; 0 for none."""


class TooManyAttempts(Refused):
    """Too many attempts. ``wait``: seconds until the next attempt. ``everywhere``: for all unknown origins."""

    def __init__(self, wait: int, *, everywhere: bool = False) -> None:
        message = (
            _(
                "Too many wrong passwords from new browsers. Try again in %(time)s, or use a browser or a network in which you "
                "signed in before."
            )
            if everywhere
            else _("Too many wrong passwords. Try again in %(time)s.")
        )
        text = message % {"time": throttling.format_wait(wait)}
        super().__init__("auth.locked", text, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)


class Attempts(Struct, frozen=True, kw_only=True):
    """The counters of an attempt: by name and origin, by name for new origins, and by enterprise for all names."""

    at: str
    everywhere: str
    enterprise: str
    names: Limit
    office: bool
    """Whether members signed in from this network."""
    email: str
    """Email of the market account; empty for a user name of the enterprise."""
    account: int

    def begin(self, enterprise: Enterprise, origin: Origin, delays: Delays, *, now: datetime, wall: datetime) -> None:
        """Count an attempt, assuming it fails; ``right`` reverts that. Raises ``TooOften`` and then counts nothing."""
        if delay := throttling.begin_guess(delays, self.at, now=wall):
            raise TooManyAttempts(delay)
        if not origin.browser and (delay := throttling.count(self.names, self.enterprise, now=wall)):
            throttling.undo_guess(delays, self.at, now=wall)
            _warn(enterprise, now, wall)
            raise TooManyAttempts(delay, everywhere=True)
        if not self._passes(origin) and (
            delay := throttling.begin_guess(limits.PASSWORD_FROM_NEW_ORIGINS, self.everywhere, now=wall)
        ):
            throttling.undo_guess(delays, self.at, now=wall)
            throttling.undo_try(self.names, self.enterprise)
            _warn(enterprise, now, wall)
            if self.email:
                sign_in_guesses.warn(self.email, account=self.account, now=now, wall=wall)
            raise TooManyAttempts(delay, everywhere=True)

    def _passes(self, origin: Origin) -> bool:
        """Return whether the origin is known. A member who never signed in has none, so the enterprise's networks
        count."""
        return origin.known or self.office

    def right(self, origin: Origin, delays: Delays) -> None:
        throttling.clear_guesses(delays, self.at)
        if not origin.browser:
            throttling.undo_try(self.names, self.enterprise)
        if not self._passes(origin):
            throttling.clear_guesses(limits.PASSWORD_FROM_NEW_ORIGINS, self.everywhere)


def _attempts(
    enterprise: Enterprise, name: str, member: Member | None, *, network: str, origin: Origin, wall: datetime
) -> Attempts:
    user_name, email = _counted_names(enterprise, name, member)
    counted_name = email or f"{enterprise.pk} {user_name}"
    is_known = throttling.is_remembered(_members_in(enterprise.pk, network), now=wall)
    return Attempts(
        at=f"{counted_name} from {origin.name}",
        everywhere=counted_name,
        enterprise=f"{enterprise.pk} from {network}" if is_known else f"{enterprise.pk}",
        names=limits.NAMES_FROM_A_NETWORK if is_known else limits.NAMES_FROM_NEW_NETWORKS,
        office=is_known,
        email=email,
        account=member.user_id if member else 0,
    )


def _counted_names(enterprise: Enterprise, name: str, member: Member | None) -> tuple[str, str]:
    """Return the user name and the email for counting attempts; one of the two is empty.

    All spellings of an account share a counter, and an unknown name is counted like a known one.
    """
    if member is not None:
        return (member.user_name, "") if member.managed else ("", member.user.email.lower())
    local, at, domain = name.strip().lower()[:MAX_LENGTH].rpartition("@")
    return ("", f"{local}@{domain}") if at and domain != enterprise.code else (local or domain, "")


def remember_network(enterprise: int, network: str, *, now: datetime) -> None:
    """Remember the network of a completed sign-in. ``now``: real time."""
    throttling.remember_fact(_members_in(enterprise, network), until=now + NETWORK_MEMORY)


def _members_in(enterprise: int, network: str) -> str:
    return f"members of {enterprise} in {network}"


def _warn(enterprise: Enterprise, now: datetime, wall: datetime) -> None:
    with transaction.atomic():
        if not throttling.count(limits.ENTERPRISE_WARNINGS, f"{enterprise.pk}", now=wall):
            outbox.publish(MemberPasswordsGuessed(enterprise=enterprise.pk, at=wall), now=now)


def authenticate(
    enterprise: Enterprise,
    name: str,
    password: str,
    *,
    network: str,
    where: OriginLookup,
    delays: Delays,
    now: datetime,
    wall: datetime,
) -> Member:
    """Return the member with this name and password. Raises ``Refused``.

    Hashes a password, so do not call it in a transaction that others wait for. An unknown name takes equally long and
    gets the same message. A member who may not enter learns the reason only with the right password. Attempts are
    counted by name and origin, so that attackers delay only themselves, and by enterprise, so that one password cannot
    be tried with many names (decision 0082).
    """
    member = find(enterprise, name)
    origin = where(member.user_id if member else 0)
    tries = _attempts(enterprise, name, member, network=network, origin=origin, wall=wall)
    tries.begin(enterprise, origin, delays, now=now, wall=wall)
    if member is None:
        make_password(password)
        raise _wrong_password(enterprise)
    if not member.user.check_password(password):
        raise _wrong_password(enterprise)
    tries.right(origin, delays)
    if (refusal := entry_refusal(member)) is not None:
        raise refusal
    return member


def find(enterprise: Enterprise, name: str) -> Member | None:
    """Return the member with this name at the enterprise, also a removed one."""
    name = name.strip()
    if not name or len(name) > MAX_LENGTH:
        return None
    members = Member.objects.select_related("user", "enterprise", "department").filter(enterprise=enterprise)
    local, at, domain = name.rpartition("@")
    if not at or domain.lower() == enterprise.code:
        return members.filter(user_name=(local or name).lower()).first()
    user = User.objects.by_email(name).first()
    return members.filter(user=user).first() if user is not None else None


def member_of(enterprise: Enterprise, user: User) -> Member | None:
    """Return the market account as a member who may enter here, or None."""
    member = (
        Member.objects.select_related("user", "enterprise", "department")
        .filter(enterprise=enterprise, user=user)
        .first()
    )
    return member if member is not None and entry_refusal(member) is None else None


def _wrong_password(enterprise: Enterprise) -> Refused:
    words = _("User name or password is wrong for %(enterprise)s. An administrator there can give you a new password.")
    return Refused("auth.wrong", words % {"enterprise": enterprise.name}, HTTPStatus.UNPROCESSABLE_ENTITY)
