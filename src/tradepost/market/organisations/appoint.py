"""An operator appoints an administrator of an enterprise that has none who can sign in."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from . import account_names
from .act_log import Actor, Did, record
from .administrators import able_admins, can_sign_in
from .events import AdministratorAppointed
from .initial_password import NewPassword, draw, give
from .locking import counted, lock
from .members import LONGEST_NAME, bring_back, must_be_free, must_have_room, tell
from .models import Department, Enterprise, Member

LONGEST_REASON = 400


class Appointment(Struct, frozen=True, kw_only=True):
    """``person``: the account name of a member, or the address of a market account. ``user_name``: the account name that somebody gets
    who is no member yet."""

    person: str
    user_name: str
    reason: str


def appoint(
    enterprise: Enterprise, asked: Appointment, *, by: User, most: int, now: datetime
) -> tuple[Member, NewPassword | None]:
    """The administrator, with a first password where their account had none. ``most``: living members. Raises ``Refused`` while an
    administrator can sign in, and for an operator's own enterprise or account."""
    reason = " ".join(asked.reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        words = _("Give the reason in at most %(most)s characters.") % {"most": LONGEST_REASON}
        raise account_names.wrong("reason", words)
    drawn = draw()
    with transaction.atomic():
        held = lock(enterprise)
        _must_be_anothers(held, by)
        if held.test_seller_id is not None:
            raise Refused("enterprise.of_tests", _("A test enterprise has no administrator."))
        if able := able_admins(held.pk).first():
            words = _("%(person)s can sign in and manage the enterprise. Administrators appoint others themselves.")
            raise Refused("enterprise.has_admin", words % {"person": able})
        one = _person(held, asked, most=most, now=now)
        if one.user_id == by.pk or one.user.is_operator:
            raise Refused("enterprise.own", _("An operator cannot be appointed."), HTTPStatus.FORBIDDEN)
        one.role, one.enabled, one.version = Member.Role.ADMIN, True, one.version + 1
        one.save(update_fields=["role", "enabled", "version"])
        made = give(one, drawn, now=now) if one.managed and not can_sign_in(one) else None
        if not can_sign_in(one):
            words = _("This person cannot sign in: the account is locked or its email address is not confirmed.")
            raise account_names.wrong("person", words)
        record(held, Did.ADMIN_APPOINTED, Actor(user=by, text=""), about=one, now=now, note=reason)
        tell([one], now=now)
        outbox.publish(AdministratorAppointed(enterprise=held.pk, member=one.pk, at=now), now=now)
    return one, made


def _must_be_anothers(held: Enterprise, by: User) -> None:
    if held.buyer_id == by.pk or Member.objects.filter(enterprise=held, user=by, removed_at=None).exists():
        words = _("This is your own enterprise. Ask another operator.")
        raise Refused("enterprise.own", words, HTTPStatus.FORBIDDEN)


def _person(held: Enterprise, asked: Appointment, *, most: int, now: datetime) -> Member:
    name = asked.person.strip()
    own = Member.objects.select_related("user").filter(enterprise=held)
    local, at, domain = name.rpartition("@")
    if not at or domain.lower() == held.code:
        found = own.filter(user_name=(local or name).lower(), removed_at=None).first()
        if found is None:
            words = _(
                "No member has this account name. For somebody who is no member, give the address of a market account."
            )
            raise account_names.wrong("person", words)
        return found
    user = User.objects.by_email(name).first()
    if user is None:
        raise account_names.wrong("person", _("There is no market account with this address."))
    return own.filter(user=user, removed_at=None).first() or _join(held, user, asked, most=most, now=now)


def _join(held: Enterprise, user: User, asked: Appointment, *, most: int, now: datetime) -> Member:
    must_have_room(held, most=most)
    top = Department.objects.filter(enterprise=held, removed_at=None, parent=None).order_by("pk")[0]
    former = Member.objects.select_related("user").filter(enterprise=held, user=user).first()
    if former is not None:
        bring_back(former, held, department=top.pk)
        return former
    user_name = account_names.user_name(asked.user_name)
    must_be_free(held, user_name)
    counted(held, 1)
    return Member.objects.create(
        enterprise=held, user=user, user_name=user_name, name=(user.name or user_name)[:LONGEST_NAME], department=top,
        joined_at=now,
    )  # fmt: skip
