"""One entry in an enterprise's history for everything that was done in it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.identity.models import User

from .models import Department, DirectoryToken, Enterprise, EnterpriseAct, Group, ImportRun, Invitation, Member


class Did(StrEnum):
    FOUNDED = "founded"
    RENAMED = "renamed"
    DISSOLVED = "dissolved"
    DEPARTMENT_ADDED = "department_added"
    DEPARTMENT_RENAMED = "department_renamed"
    DEPARTMENT_MOVED = "department_moved"
    DEPARTMENT_REMOVED = "department_removed"
    MEMBER_ADDED = "member_added"
    MEMBER_CHANGED = "member_changed"
    MEMBER_DISABLED = "member_disabled"
    MEMBER_ENABLED = "member_enabled"
    MEMBER_REMOVED = "member_removed"
    MEMBER_RESTORED = "member_restored"
    MEMBER_LEFT = "member_left"
    PASSWORD_MADE = "password_made"  # noqa: S105  # the name of an act
    FIRST_PASSWORDS = "first_passwords"  # the same
    PASSWORD_FILE = "password_file"  # noqa: S105  # the same
    PASSWORD_FILE_READ = "password_file_read"  # noqa: S105  # the same
    PASSWORD_FILE_DELETED = "password_file_deleted"  # noqa: S105  # the same
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # the same
    PASSWORD_RESET = "password_reset"  # noqa: S105  # the same
    ADDRESS_CONFIRMED = "address_confirmed"
    ADDRESS_REMOVED = "address_removed"
    ADMIN_APPOINTED = "admin_appointed"
    INVITED = "invited"
    JOINED = "joined"
    INVITATION_REVOKED = "invitation_revoked"
    GROUP_ADDED = "group_added"
    GROUP_RENAMED = "group_renamed"
    GROUP_LINKED = "group_linked"
    GROUP_REMOVED = "group_removed"
    GROUP_FILLED = "group_filled"
    GROUP_EMPTIED = "group_emptied"
    IMPORTED = "imported"
    SECOND_STEP_REQUIRED = "second_step_required"
    SECOND_STEP_OPTIONAL = "second_step_optional"
    SECOND_STEP_RESET = "second_step_reset"
    DIRECTORY_TOKEN_MADE = "directory_token_made"  # noqa: S105  # the same
    DIRECTORY_TOKEN_REVOKED = "directory_token_revoked"  # noqa: S105  # the same


type By = Member | DirectoryToken
"""Who changes an enterprise: one of its administrators, or its directory by a token."""
type About = Department | Group | ImportRun | Invitation | Member | None

_KINDS: dict[type, str] = {
    Department: "department", Group: "group", ImportRun: "import", Invitation: "invitation", Member: "member",
}  # fmt: skip


class Actor(Struct, frozen=True, kw_only=True):
    """Who does something: a person; the market, or the enterprise's directory, where ``user`` is None."""

    user: User | None
    text: str


MARKET = Actor(user=None, text="")


def actor(by: By | None) -> Actor:
    """An administrator, or the enterprise's directory, which is known by the name of its token; None for the market itself."""
    if isinstance(by, DirectoryToken):
        return Actor(user=None, text=f"SCIM: {by.name}")
    return MARKET if by is None else Actor(user=by.user, text=by.name or by.user_name)


def subject(about: About) -> str:
    return "" if about is None else f"{_KINDS[type(about)]}:{about.pk}"


def record(enterprise: Enterprise, did: Did, who: Actor, *, now: datetime, about: About = None, note: str = "") -> None:
    """In the transaction of the act."""
    named = about.file_name if isinstance(about, ImportRun) else about.email if isinstance(about, Invitation) else about
    rows.create(
        [
            EnterpriseAct(
                enterprise=enterprise, act=did, by=who.user, by_text=who.text[:255], about=subject(about),
                about_text="" if named is None else str(named)[:255], note=note[:500], at=now,
            )
        ]
    )  # fmt: skip
