"""A member says who they are: by ``user_name@tenantCode``, by the user name alone, or by the address of their market account."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity import throttling
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Enterprise, Member

from . import failed_tries
from .lockout import Lockout
from .may_sign_in import may_enter

LONGEST = 254


class TooOften(Refused):
    """``wait``: whole seconds until the next try."""

    def __init__(self, wait: int) -> None:
        words = _("Too many wrong passwords. Try again in %(time)s.") % {"time": throttling.in_words(wait)}
        super().__init__("auth.locked", words, HTTPStatus.TOO_MANY_REQUESTS)
        self.wait = wait


def prove(enterprise: Enterprise, name: str, password: str, *, network: str, lockout: Lockout, now: datetime) -> Member:
    """The member whose password it is. Hashes a password: not inside a transaction that others wait for. Raises ``Refused``.

    An unknown name takes as long as a wrong password and gets the same words. Who may not enter learns it only with the right
    password. Tries are counted by name and network: a stranger delays himself, not the member.
    """
    what = f"{enterprise.pk} {name.strip().lower()[:LONGEST]} from {network}"
    if wait := failed_tries.begin(what, lockout, now=now):
        raise TooOften(wait)
    member = find(enterprise, name)
    if member is None:
        make_password(password)
        raise _wrong(enterprise)
    if not member.user.check_password(password):
        raise _wrong(enterprise)
    failed_tries.was_right(what)
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
