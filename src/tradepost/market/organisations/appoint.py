"""An operator appoints an administrator for an enterprise that has none who can sign in."""

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
from .act_log import Actor, EnterpriseAction, record
from .administrators import admins_who_can_sign_in, can_sign_in
from .events import AdministratorAppointed
from .initial_password import NewPassword, generate_password, set_password
from .locking import add_to_count, lock
from .members import MAX_NAME_LENGTH, check_account_name_free, check_member_limit, publish_changes, reactivate
from .models import Department, Enterprise, Member

MAX_REASON_LENGTH = 400


class Appointment(Struct, frozen=True, kw_only=True):
    """``person``: the account name of a member, or the address of a market account. ``user_name``: the account name
    for a person who is not a member yet."""

    person: str
    user_name: str
    reason: str


def appoint(
    enterprise: Enterprise, appointment: Appointment, *, by: User, most: int, now: datetime
) -> tuple[Member, NewPassword | None]:
    """Appoint an administrator. Return it, with a first password if the account had none. ``most``: limit of members.

    Raises ``Refused`` while an administrator can sign in, and for an operator's own enterprise or account."""
    reason = " ".join(appointment.reason.split())
    if not reason or len(reason) > MAX_REASON_LENGTH:
        message = _("Enter the reason, in at most %(most)s characters.") % {"most": MAX_REASON_LENGTH}
        raise account_names.invalid_name("reason", message)
    drawn_password = generate_password()
    with transaction.atomic():
        locked_enterprise = lock(enterprise)
        _check_not_own(locked_enterprise, by)
        if locked_enterprise.test_seller_id is not None:
            raise Refused("enterprise.of_tests", _("A test enterprise has no administrator."))
        if able_admin := admins_who_can_sign_in(locked_enterprise.pk).first():
            message = _("%(person)s can sign in and manage the enterprise. Administrators appoint others themselves.")
            raise Refused("enterprise.has_admin", message % {"person": able_admin})
        member = _find_or_add_person(locked_enterprise, appointment, most=most, now=now)
        if member.user_id == by.pk or member.user.is_operator:
            raise Refused("enterprise.own", _("An operator cannot be appointed."), HTTPStatus.FORBIDDEN)
        member.role, member.enabled, member.version = Member.Role.ADMIN, True, member.version + 1
        member.save(update_fields=["role", "enabled", "version"])
        password = set_password(member, drawn_password, now=now) if member.managed and not can_sign_in(member) else None
        if not can_sign_in(member):
            message = _("This person cannot sign in: the account is locked or its email address is not confirmed.")
            raise account_names.invalid_name("person", message)
        record(
            locked_enterprise,
            EnterpriseAction.ADMIN_APPOINTED,
            Actor(user=by, text=""),
            about=member,
            now=now,
            note=reason,
        )
        publish_changes([member], now=now)
        outbox.publish(AdministratorAppointed(enterprise=locked_enterprise.pk, member=member.pk, at=now), now=now)
    return member, password


def _check_not_own(enterprise: Enterprise, by: User) -> None:
    if enterprise.buyer_id == by.pk or Member.objects.filter(enterprise=enterprise, user=by, removed_at=None).exists():
        message = _("This is your own enterprise. Ask another operator.")
        raise Refused("enterprise.own", message, HTTPStatus.FORBIDDEN)


def _find_or_add_person(enterprise: Enterprise, appointment: Appointment, *, most: int, now: datetime) -> Member:
    name = appointment.person.strip()
    members = Member.objects.select_related("user").filter(enterprise=enterprise)
    local, sign, domain = name.rpartition("@")
    if not sign or domain.lower() == enterprise.code:
        member = members.filter(user_name=(local or name).lower(), removed_at=None).first()
        if member is None:
            message = _(
                "No member has this account name. For a person who is not a member, enter the address of a "
                "market account."
            )
            raise account_names.invalid_name("person", message)
        return member
    user = User.objects.by_email(name).first()
    if user is None:
        raise account_names.invalid_name("person", _("There is no market account with this address."))
    return members.filter(user=user, removed_at=None).first() or _join(
        enterprise, user, appointment, most=most, now=now
    )


def _join(enterprise: Enterprise, user: User, appointment: Appointment, *, most: int, now: datetime) -> Member:
    check_member_limit(enterprise, most=most)
    top = Department.objects.filter(enterprise=enterprise, removed_at=None, parent=None).order_by("pk")[0]
    former_member = Member.objects.select_related("user").filter(enterprise=enterprise, user=user).first()
    if former_member is not None:
        reactivate(former_member, enterprise, department=top.pk)
        return former_member
    user_name = account_names.checked_user_name(appointment.user_name)
    check_account_name_free(enterprise, user_name)
    add_to_count(enterprise, 1)
    return Member.objects.create(
        enterprise=enterprise, user=user, user_name=user_name, name=(user.name or user_name)[:MAX_NAME_LENGTH], department=top,
        joined_at=now,
    )  # fmt: skip
