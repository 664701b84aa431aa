"""Who acts for a seller: invited by e-mail, put into groups, removed; and the seller handed over (business-rules §1.7).

Every verb locks the seller's row first, so that two of them at once never make one member too many, nor leave a seller
without an owner.
"""

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
from .members_lifecycle import INVITATION, InvitationEvent, MembershipEvent, Standing, note_move
from .members_models import FormerMember
from .menus import DEVELOPER
from .models import Group, Invitation, Member, Seller, User

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation and its token, which is nowhere else: it belongs into the mail alone."""

    invitation: Invitation
    token: str = field(repr=False)


def hash_of(token: str) -> str:
    """Of a token of 256 random bits nobody finds another with this hash, nor the token: no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def invite(
    seller: Seller, email: str, *, groups: Sequence[Group], by: Member, most: int, valid: timedelta, now: datetime
) -> Invited:
    """Ask somebody to act for this seller. An earlier invitation of the same address ends: the newest mail counts.

    ``most``: members and open invitations, owners aside (§1.7: at most 50 sub-users). Raises ``Refused`` for a bad address,
    a member, no group, more rights than ``by`` has, or one too many.
    """
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused(
            "member.email", _("This is not an e-mail address."), HTTPStatus.BAD_REQUEST, field="email"
        ) from None
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        _at_least_one(groups)
        _must_cover(by, groups)
        if Member.objects.filter(seller=seller, user__email__iexact=email).exists():
            raise Refused("member.already", _("This person acts for your company already."), field="email")
        earlier = Invitation.objects.alias(lowered=Lower("email")).filter(
            seller=seller, status=Invitation.Status.PENDING, lowered=email.lower()
        )
        INVITATION.move_all(list(earlier), InvitationEvent.REVOKE, now=now, actor=by.user.email, ended_at=now)
        if places_taken(seller, now=now) >= most:
            said = _("A company has at most %(most)s members beside its owner, open invitations included.")
            raise Refused("member.too_many", said % {"most": most}, field="email")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        made = Invitation.objects.create(
            seller=seller, email=email, token_hash=hash_of(token), invited_by=by.user, created_at=now,
            expires_at=now + valid,
        )  # fmt: skip
        made.groups.set(groups)
    return Invited(made, token)


def places_taken(seller: Seller, *, now: datetime) -> int:
    """Members beside the owners, and invitations that may still be accepted."""
    members = Member.objects.filter(seller=seller).exclude(role=Member.Role.OWNER).count()
    return (
        members + Invitation.objects.filter(seller=seller, status=Invitation.Status.PENDING, expires_at__gt=now).count()
    )


def find_invitation(token: str, *, now: datetime) -> Invitation | None:
    """One that can be accepted now; None for a token that nobody gave out, was used, withdrawn, or is too old."""
    found = Invitation.objects.select_related("seller").filter(token_hash=hash_of(token))
    return found.filter(status=Invitation.Status.PENDING, expires_at__gt=now).first()


def accept(token: str, *, user: User, now: datetime) -> Member:
    """Become a member. Only whoever has the invited address may: a forwarded mail opens nothing. Raises ``Refused``."""
    with transaction.atomic():
        found = find_invitation(token, now=now)
        if found is None:
            said = _("This invitation was used, withdrawn, or is too old. Ask for another one.")
            raise Refused("invitation.ended", said, HTTPStatus.NOT_FOUND)
        Seller.objects.select_for_update().get(pk=found.seller_id)
        found.refresh_from_db()
        if not is_for(found, user):
            said = _("This invitation is for another e-mail address. Log in with the account of that address.")
            raise Refused("invitation.other_address", said, HTTPStatus.FORBIDDEN)
        INVITATION.move_all([found], InvitationEvent.ACCEPT, now=now, actor=user.email, ended_at=now)
        if Member.objects.filter(seller=found.seller, user=user).exists():
            raise Refused("member.already", _("You act for this company already."))
        member = Member.objects.create(seller=found.seller, user=user, role=Member.Role.MEMBER, joined_at=now)
        member.groups.set(found.groups.all())
        note_move(found.seller_id, user.pk, Standing.OUT, MembershipEvent.JOIN, now=now, actor=user.email)
        outbox.publish(MemberJoined(seller=found.seller_id, user=user.pk, invitation=found.pk), now=now)
    return member


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether this account has the invited address: as its own, or as a further one that it has confirmed."""
    wanted = invitation.email.casefold()
    if user.email.casefold() == wanted:
        return True
    return any(one.email.casefold() == wanted for one in user.emailaddress_set.filter(verified=True))  # type: ignore[attr-defined]  # allauth's


def revoke(invitation: Invitation, *, by: Member, now: datetime) -> None:
    """The link in the mail opens nothing from now on."""
    INVITATION.move_all([invitation], InvitationEvent.REVOKE, now=now, actor=by.user.email, ended_at=now)


def put_into(member: Member, groups: Sequence[Group], *, by: Member, now: datetime) -> None:
    """Give a member other groups. Both what is taken and what is given must be the giver's own."""
    with transaction.atomic():
        _lock(member)
        if member.role == Member.Role.OWNER:
            raise Refused("member.owner", _("The owner may do everything; groups change nothing about it."))
        _at_least_one(groups)
        _must_cover(by, [*member.groups.all(), *groups])
        if {group.pk for group in member.groups.all()} == {group.pk for group in groups}:
            return
        member.groups.set(groups)
        note = ", ".join(group.code or group.name for group in groups)
        note_move(
            member.seller_id, member.user_id, Standing.MEMBER, MembershipEvent.REGROUP, now=now, actor=by.user.email,
            note=note,
        )  # fmt: skip
        outbox.publish(MemberAccessChanged(seller=member.seller_id, user=member.user_id, at=now), now=now)


def remove(member: Member, *, by: Member, now: datetime) -> None:
    """Their next request finds nothing. What was granted to them goes with them. Raises ``Refused`` for an owner."""
    with transaction.atomic():
        _lock(member)
        if member.pk == by.pk:
            raise Refused("member.self", _("You cannot remove yourself. You can leave the company instead."))
        if member.role == Member.Role.OWNER:
            raise Refused("member.owner", _("An owner is not removed: ownership can only be handed over."))
        _must_cover(by, member.groups.all())
        _out(member, MembershipEvent.REMOVE, by=by.user, now=now)


def leave(member: Member, *, now: datetime) -> None:
    """Stop acting for a seller. The last owner cannot: a seller always has one."""
    with transaction.atomic():
        _lock(member)
        others = Member.objects.filter(seller=member.seller_id, role=Member.Role.OWNER).exclude(pk=member.pk)
        if member.role == Member.Role.OWNER and not others.exists():
            said = _("You are the only owner. Hand the company over to another member first.")
            raise Refused("member.last_owner", said)
        _out(member, MembershipEvent.LEAVE, by=member.user, now=now)


def hand_over(owner: Member, *, to: Member, now: datetime) -> None:
    """Make another member the owner; the former one stays as a developer. Only an owner can, and only what is theirs."""
    with transaction.atomic():
        _lock(owner)
        found = Member.objects.select_related("user").filter(pk=to.pk, seller=owner.seller_id).first()
        if owner.role != Member.Role.OWNER:
            raise Refused("member.not_owner", _("Only an owner can hand the company over."), HTTPStatus.FORBIDDEN)
        if found is None or found.role == Member.Role.OWNER:
            raise Refused(
                "member.unknown", _("Choose a member who is no owner yet."), HTTPStatus.BAD_REQUEST, field="to"
            )
        if not found.user.is_active:
            raise Refused("member.locked", _("This account is locked."), field="to")
        Member.objects.filter(pk=found.pk).update(role=Member.Role.OWNER)
        found.groups.clear()
        Member.objects.filter(pk=owner.pk).update(role=Member.Role.MEMBER)
        owner.groups.set([built_in(owner.seller, DEVELOPER)])
        actor = owner.user.email
        note_move(owner.seller_id, found.user_id, Standing.MEMBER, MembershipEvent.TAKE_OVER, now=now, actor=actor)
        note_move(owner.seller_id, owner.user_id, Standing.OWNER, MembershipEvent.HAND_OVER, now=now, actor=actor)
        outbox.publish(
            OwnershipTransferred(seller=owner.seller_id, former=owner.user_id, owner=found.user_id, at=now), now=now
        )


def _lock(member: Member) -> None:
    """The seller's row, and the member as it is now. 404 when they are out meanwhile."""
    Seller.objects.select_for_update().get(pk=member.seller_id)
    now_there = Member.objects.select_related("user", "seller").filter(pk=member.pk).first()
    if now_there is None:
        raise Refused("member.unknown", _("There is no such member."), HTTPStatus.NOT_FOUND)
    member.role = now_there.role


def _out(member: Member, event: MembershipEvent, *, by: User, now: datetime) -> None:
    note_move(member.seller_id, member.user_id, Standing(member.role), event, now=now, actor=by.email)
    outbox.publish(MemberLeft(seller=member.seller_id, user=member.user_id, by=by.pk, at=now), now=now)
    FormerMember.note(member.seller_id, [member.user_id], now=now)
    member.delete()


def _at_least_one(groups: Sequence[Group]) -> None:
    if not groups:
        said = _("Choose at least one group: it says what the member may see and change.")
        raise Refused("member.no_group", said, HTTPStatus.BAD_REQUEST, field="groups")


def _must_cover(by: Member, groups: Iterable[Group]) -> None:
    """Nobody gives, or takes, what they may not do themselves."""
    rights = rights_of(by)
    if not all(rights.covers(group.given) for group in groups):
        said = _("You can give to others only what you may do yourself. Ask an owner.")
        raise Refused("members.more_than_own", said, HTTPStatus.FORBIDDEN, field="groups")
