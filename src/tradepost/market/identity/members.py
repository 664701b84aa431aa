"""Members of a seller: invite by email, assign to groups, remove, and transfer ownership (business-rules §1.7).

Every function locks the seller's row first, so that concurrent calls never exceed the limit of members or leave a
seller without an owner."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from .events import MemberAccessChanged, MemberJoined, MemberLeft, OwnershipTransferred
from .groups import built_in, rights_of
from .members_lifecycle import INVITATION, InvitationEvent, MembershipEvent, MembershipState, record_membership_move
from .members_models import FormerMember
from .menus import DEVELOPER
from .models import Group, Invitation, Member, Seller, User

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation and its token, which only the mail contains."""

    invitation: Invitation
    token: str = field(repr=False)


def hash_of(token: str) -> str:
    """Return the hash of a token. The token has 256 random bits, so a slow hash is not needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def invite(
    seller: Seller, email: str, *, groups: Sequence[Group], by: Member, most: int, valid: timedelta, now: datetime
) -> IssuedInvitation:
    """Invite a person to act for this seller. An earlier invitation of the same address ends.

    ``most``: limit of members and open invitations, without owners (§1.7: at most 50 sub-users). Raises ``Refused``
    for an invalid address, an existing member, no group, more rights than ``by`` has, or beyond the limit."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused(
            "member.email", _("This is not an e-mail address."), HTTPStatus.BAD_REQUEST, field="email"
        ) from None
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        _check_not_empty(groups)
        _check_covers(by, groups)
        if Member.objects.filter(seller=seller, user__email__iexact=email).exists():
            raise Refused("member.already", _("This person is already a member of your company."), field="email")
        earlier_invitations = Invitation.objects.alias(lowered=Lower("email")).filter(
            seller=seller, status=Invitation.Status.PENDING, lowered=email.lower()
        )
        INVITATION.move_all(
            list(earlier_invitations), InvitationEvent.REVOKE, now=now, actor=by.user.email, ended_at=now
        )
        if places_taken(seller, now=now) >= most:
            message = _("A company has at most %(most)s members beside its owner, open invitations included.")
            raise Refused("member.too_many", message % {"most": most}, field="email")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        invitation = Invitation.objects.create(
            seller=seller, email=email, token_hash=hash_of(token), invited_by=by.user, created_at=now,
            expires_at=now + valid,
        )  # fmt: skip
        invitation.groups.set(groups)
    return IssuedInvitation(invitation, token)


def places_taken(seller: Seller, *, now: datetime) -> int:
    """Return the number of members without owners, plus invitations that may still be accepted."""
    members = Member.objects.filter(seller=seller).exclude(role=Member.Role.OWNER).count()
    return (
        members + Invitation.objects.filter(seller=seller, status=Invitation.Status.PENDING, expires_at__gt=now).count()
    )


def find_invitation(token: str, *, now: datetime) -> Invitation | None:
    """Return an invitation that can be accepted now; None if the token is unknown, used, withdrawn or expired."""
    invitations = Invitation.objects.select_related("seller").filter(token_hash=hash_of(token))
    return invitations.filter(status=Invitation.Status.PENDING, expires_at__gt=now).first()


def accept(token: str, *, user: User, now: datetime) -> Member:
    """Become a member. Only an account with the invited address may accept, so a forwarded mail has no effect. Raises
    ``Refused``."""
    with transaction.atomic():
        invitation = find_invitation(token, now=now)
        if invitation is None:
            message = _("This invitation was used, was withdrawn or has expired. Ask for a new one.")
            raise Refused("invitation.ended", message, HTTPStatus.NOT_FOUND)
        Seller.objects.select_for_update().get(pk=invitation.seller_id)
        invitation.refresh_from_db()
        if not is_for(invitation, user):
            message = _("This invitation is for another e-mail address. Log in with the account of that address.")
            raise Refused("invitation.other_address", message, HTTPStatus.FORBIDDEN)
        INVITATION.move_all([invitation], InvitationEvent.ACCEPT, now=now, actor=user.email, ended_at=now)
        if Member.objects.filter(seller=invitation.seller, user=user).exists():
            raise Refused("member.already", _("You are already a member of this company."))
        member = Member.objects.create(seller=invitation.seller, user=user, role=Member.Role.MEMBER, joined_at=now)
        member.groups.set(invitation.groups.all())
        record_membership_move(
            invitation.seller_id, user.pk, MembershipState.OUT, MembershipEvent.JOIN, now=now, actor=user.email
        )
        outbox.publish(MemberJoined(seller=invitation.seller_id, user=user.pk, invitation=invitation.pk), now=now)
    return member


def is_for(invitation: Invitation, user: User) -> bool:
    """Return whether this account has the invited address, as its primary or another confirmed address."""
    invited_email = invitation.email.casefold()
    if user.email.casefold() == invited_email:
        return True
    return any(address.email.casefold() == invited_email for address in user.emailaddress_set.filter(verified=True))  # type: ignore[attr-defined]  # allauth's


def revoke(invitation: Invitation, *, by: Member, now: datetime) -> None:
    """Revoke an invitation; its link stops working."""
    INVITATION.move_all([invitation], InvitationEvent.REVOKE, now=now, actor=by.user.email, ended_at=now)


def assign_groups(member: Member, groups: Sequence[Group], *, by: Member, now: datetime) -> None:
    """Change a member's groups. ``by`` must have the rights of both the former and the new groups."""
    with transaction.atomic():
        _lock(member)
        if member.role == Member.Role.OWNER:
            raise Refused("member.owner", _("The owner has all permissions. Groups do not affect them."))
        _check_not_empty(groups)
        _check_covers(by, [*member.groups.all(), *groups])
        if {group.pk for group in member.groups.all()} == {group.pk for group in groups}:
            return
        member.groups.set(groups)
        note = ", ".join(group.code or group.name for group in groups)
        record_membership_move(
            member.seller_id, member.user_id, MembershipState.MEMBER, MembershipEvent.REGROUP, now=now, actor=by.user.email,
            note=note,
        )  # fmt: skip
        outbox.publish(MemberAccessChanged(seller=member.seller_id, user=member.user_id, at=now), now=now)


def remove(member: Member, *, by: Member, now: datetime) -> None:
    """Remove a member, which applies from their next request. Raises ``Refused`` for an owner."""
    with transaction.atomic():
        _lock(member)
        if member.pk == by.pk:
            raise Refused("member.self", _("You cannot remove yourself. You can leave the company instead."))
        if member.role == Member.Role.OWNER:
            raise Refused("member.owner", _("An owner cannot be removed. Ownership can only be transferred."))
        _check_covers(by, member.groups.all())
        _end_membership(member, MembershipEvent.REMOVE, by=by.user, now=now)


def leave(member: Member, *, now: datetime) -> None:
    """Stop acting for a seller. Raises ``Refused`` for the last owner."""
    with transaction.atomic():
        _lock(member)
        other_owners = Member.objects.filter(seller=member.seller_id, role=Member.Role.OWNER).exclude(pk=member.pk)
        if member.role == Member.Role.OWNER and not other_owners.exists():
            message = _("You are the only owner. Transfer the ownership to another member first.")
            raise Refused("member.last_owner", message)
        _end_membership(member, MembershipEvent.LEAVE, by=member.user, now=now)


def transfer_ownership(owner: Member, *, to: Member, now: datetime) -> None:
    """Transfer ownership to another member; the former owner stays as a developer. Raises ``Refused`` unless
    ``owner`` is an owner."""
    with transaction.atomic():
        _lock(owner)
        successor = Member.objects.select_related("user").filter(pk=to.pk, seller=owner.seller_id).first()
        if owner.role != Member.Role.OWNER:
            raise Refused("member.not_owner", _("Only an owner can transfer the ownership."), HTTPStatus.FORBIDDEN)
        if successor is None or successor.role == Member.Role.OWNER:
            raise Refused(
                "member.unknown", _("Choose a member who is not an owner yet."), HTTPStatus.BAD_REQUEST, field="to"
            )
        if not successor.user.is_active:
            raise Refused("member.locked", _("This account is locked."), field="to")
        Member.objects.filter(pk=successor.pk).update(role=Member.Role.OWNER)
        successor.groups.clear()
        Member.objects.filter(pk=owner.pk).update(role=Member.Role.MEMBER)
        owner.groups.set([built_in(owner.seller, DEVELOPER)])
        actor = owner.user.email
        record_membership_move(
            owner.seller_id, successor.user_id, MembershipState.MEMBER, MembershipEvent.TAKE_OVER, now=now, actor=actor
        )
        record_membership_move(
            owner.seller_id, owner.user_id, MembershipState.OWNER, MembershipEvent.HAND_OVER, now=now, actor=actor
        )
        outbox.publish(
            OwnershipTransferred(seller=owner.seller_id, former=owner.user_id, owner=successor.user_id, at=now), now=now
        )


def _lock(member: Member) -> None:
    """Lock the seller's row and refresh the member's role. Raises ``Refused`` (404) if they were removed
    meanwhile."""
    Seller.objects.select_for_update().get(pk=member.seller_id)
    current_member = Member.objects.select_related("user", "seller").filter(pk=member.pk).first()
    if current_member is None:
        raise Refused("member.unknown", _("This member does not exist."), HTTPStatus.NOT_FOUND)
    member.role = current_member.role


def _end_membership(member: Member, event: MembershipEvent, *, by: User, now: datetime) -> None:
    record_membership_move(
        member.seller_id, member.user_id, MembershipState(member.role), event, now=now, actor=by.email
    )
    outbox.publish(MemberLeft(seller=member.seller_id, user=member.user_id, by=by.pk, at=now), now=now)
    FormerMember.note(member.seller_id, [member.user_id], now=now)
    member.delete()


def _check_not_empty(groups: Sequence[Group]) -> None:
    if not groups:
        message = _("Choose at least one group. Groups define what the member can view and change.")
        raise Refused("member.no_group", message, HTTPStatus.BAD_REQUEST, field="groups")


def _check_covers(by: Member, groups: Iterable[Group]) -> None:
    """Raise ``Refused`` unless ``by`` has all rights of the groups."""
    rights = rights_of(by)
    if not all(rights.covers(group.given) for group in groups):
        message = _("You can grant only permissions that you have yourself. Ask an owner.")
        raise Refused("members.more_than_own", message, HTTPStatus.FORBIDDEN, field="groups")
