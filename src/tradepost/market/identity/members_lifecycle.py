"""The lives of an invitation and of a membership as tables; each move leaves a history row."""

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


class Standing(StrEnum):
    """Of a person at a seller. There is no row of a person who is out."""

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


_S = Standing
MEMBERSHIP: Lifecycle[Standing, MembershipEvent] = Lifecycle(
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


def note_move(
    seller: int, user: int, before: Standing, event: MembershipEvent, *, now: datetime, actor: str, note: str = ""
) -> None:
    """A membership is a row that comes and goes; what became of it stays. Raises ``IllegalTransition``."""
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
