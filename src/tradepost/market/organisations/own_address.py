"""A member confirms their own email address and resets a forgotten password with it.

Only the mails contain the tokens; the database stores their hashes. ``wall`` is real time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tradepost.market.base.errors import Refused
from tradepost.market.identity import limits, second_factor, throttling

from .act_log import EnterpriseAction, actor_of, record
from .admin_visits import hash_of, new_secret
from .locking import lock, member_of
from .models import Enterprise, Member, OwnAddress
from .own_password import check_managed

CONFIRM_TIME, RESET_TIME = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ConfirmationMail:
    """A token and the address to which it is mailed; only the mail contains the token."""

    address: str
    token: str = field(repr=False)


def address_of_member(member: Member) -> OwnAddress | None:
    return OwnAddress.objects.filter(member=member).first()


def propose_address(member: Member, email: str, password: str, *, wall: datetime) -> ConfirmationMail:
    """First step: return the mail to the new address. The confirmed address stays until the new one is confirmed.
    Hashes a password.

    Raises ``Refused``, which names the field."""
    check_managed(member)
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        message = _("This is not an email address.")
        raise Refused("own_address.email", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="email") from None
    second_factor.check_password(member.user, password, wall=wall)
    if wait := throttling.count(limits.OWN_ADDRESS_MAILS, f"{member.pk}", now=wall):
        minutes = -(-wait // 60)
        message = ngettext(
            "Too many emails were requested. Try again in %(minutes)s minute.",
            "Too many emails were requested. Try again in %(minutes)s minutes.",
            minutes,
        )
        raise Refused("own_address.too_often", message % {"minutes": minutes}, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    token = new_secret()
    pending_columns = {"pending_email": email, "pending_hash": hash_of(token), "pending_until": wall + CONFIRM_TIME}
    OwnAddress.objects.update_or_create(member=member, defaults=pending_columns)
    return ConfirmationMail(email, token)


def find_pending(member: Member, token: str, *, wall: datetime) -> OwnAddress | None:
    """Return what the link of a mail would confirm for the signed-in member."""
    return OwnAddress.objects.filter(member=member, pending_hash=hash_of(token), pending_until__gt=wall).first()


def confirm(member: Member, token: str, *, now: datetime, wall: datetime) -> OwnAddress:
    """Second step, by the same member. Raises ``Refused`` for a link that was used, replaced or has expired."""
    with transaction.atomic():
        enterprise = lock(member.enterprise_id)
        current_member = member_of(enterprise, member)
        address = find_pending(current_member, token, wall=wall)
        if address is None:
            raise Refused(
                "own_address.link", _("This link was used, was replaced or has expired. Request another email.")
            )
        address.email, address.confirmed_at = address.pending_email, wall
        address.pending_email, address.pending_hash, address.pending_until = "", None, None
        address.reset_hash = address.reset_until = None
        address.save()
        record(enterprise, EnterpriseAction.ADDRESS_CONFIRMED, actor_of(current_member), about=current_member, now=now)
    return address


def remove(member: Member, *, now: datetime) -> None:
    """Remove the address. Repeating it has no effect."""
    with transaction.atomic():
        enterprise = lock(member.enterprise_id)
        current_member = member_of(enterprise, member)
        if OwnAddress.objects.filter(member=current_member).delete()[0]:
            record(
                enterprise, EnterpriseAction.ADDRESS_REMOVED, actor_of(current_member), about=current_member, now=now
            )


def request_reset(
    enterprise: Enterprise, member: Member | None, *, network: str, wall: datetime
) -> ConfirmationMail | None:
    """Request a reset for an account name; ``member`` is None if it does not exist. Return the mail, or None if none
    is sent, which is not revealed.

    Raises ``Refused`` for a network that sends too many requests."""
    if wait := throttling.count(limits.RESETS, f"{enterprise.pk} from {network}", now=wall):
        message = _("Too many requests from your network. Try again in an hour.")
        raise Refused("own_address.too_often", message, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    address = None if member is None else _usable_address(member)
    if address is None:
        return None
    if throttling.count(limits.RESETS_OF_A_MEMBER, f"{address.member_id}", now=wall):
        return None
    token = new_secret()
    address.reset_hash, address.reset_until = hash_of(token), wall + RESET_TIME
    address.save(update_fields=["reset_hash", "reset_until"])
    return ConfirmationMail(address.email, token)


def _usable_address(member: Member) -> OwnAddress | None:
    """Return the address of a member who may sign in and has a password."""
    is_usable = member.managed and member.enabled and member.removed_at is None and member.password_at is not None
    address = address_of_member(member) if is_usable and member.user.is_active else None
    return address if address is not None and address.email else None


def find_reset(enterprise: Enterprise, token: str, *, wall: datetime) -> OwnAddress | None:
    """Return the address, with its member, whose password the link of a mail resets."""
    addresses = OwnAddress.objects.select_related("member__user", "member__enterprise", "member__department")
    address = addresses.filter(reset_hash=hash_of(token), reset_until__gt=wall, member__enterprise=enterprise).first()
    return address if address is not None and _usable_address(address.member) is not None else None
