"""The lifecycles of an invitation and of a membership; each move adds a row of history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle
from tradepost.market.base.models import Move

from .members_models import Invitation


class InvitationEvent(StrEnum):
    ACCEPT = "accept"
    REVOKE = "revoke"


_I = Invitation.Status
INVITATION: Lifecycle[Invitation.Status, InvitationEvent] = Lifecycle(
    "invitation",
    {
        (_I.PENDING, InvitationEvent.ACCEPT): _I.ACCEPTED,
        (_I.PENDING, InvitationEvent.REVOKE): _I.REVOKED,
    },
)


class MembershipState(StrEnum):
    """The relation of a person to a seller. A person who is out has no row."""

    OUT = "out"
    MEMBER = "member"
    OWNER = "owner"


class MembershipEvent(StrEnum):
    JOIN = "join"
    REGROUP = "regroup"
    LEAVE = "leave"
    REMOVE = "remove"
    TAKE_OVER = "take over"
    HAND_OVER = "hand over"


_S = MembershipState
MEMBERSHIP: Lifecycle[MembershipState, MembershipEvent] = Lifecycle(
    "membership",
    {
        (_S.OUT, MembershipEvent.JOIN): _S.MEMBER,
        (_S.MEMBER, MembershipEvent.REGROUP): _S.MEMBER,
        (_S.MEMBER, MembershipEvent.LEAVE): _S.OUT,
        (_S.MEMBER, MembershipEvent.REMOVE): _S.OUT,
        (_S.MEMBER, MembershipEvent.TAKE_OVER): _S.OWNER,
        (_S.OWNER, MembershipEvent.HAND_OVER): _S.MEMBER,
        (_S.OWNER, MembershipEvent.LEAVE): _S.OUT,
    },
)


def record_membership_move(
    seller: int,
    user: int,
    before: MembershipState,
    event: MembershipEvent,
    *,
    now: datetime,
    actor: str,
    note: str = "",
) -> None:
    """Record a move of a membership, whose row is created and deleted while the history stays. Raises
    ``IllegalTransition``."""
    Move.objects.create(
        lifecycle=MEMBERSHIP.name,
        subject=f"{seller}/{user}",
        event=event,
        before=before,
        after=MEMBERSHIP.after(before, event),
        at=now,
        actor=actor,
        note=note[:500],
    )
