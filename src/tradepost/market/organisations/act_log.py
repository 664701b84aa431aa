"""The history of an enterprise: one entry for each act."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.identity.models import User

from .models import Department, DirectoryToken, Enterprise, EnterpriseAct, Group, ImportRun, Invitation, Member


class EnterpriseAction(StrEnum):
    FOUNDED = "founded"
    RENAMED = "renamed"
    DISSOLVING = "dissolving"
    DISSOLVING_AGREED = "dissolving_agreed"
    DISSOLVING_UNDONE = "dissolving_undone"
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
    MEMBERS_MOVED = "members_moved"
    MEMBERS_AUTHORISED = "members_authorised"
    MEMBERS_WITHDRAWN = "members_withdrawn"
    GROUP_AUTHORISED = "group_authorised"
    GROUP_WITHDRAWN = "group_withdrawn"
    DEPARTMENT_AUTHORISED = "department_authorised"
    SUBTREE_AUTHORISED = "subtree_authorised"
    DEPARTMENT_WITHDRAWN = "department_withdrawn"
    FIELDS_CHANGED = "fields_changed"


class ExternalSubject(Struct, frozen=True, kw_only=True):
    """An object of another context, by its subject (``application:7``) and name."""

    subject: str
    name: str


type Author = Member | DirectoryToken
"""The actor of a change to an enterprise: an administrator, or its directory with a token."""
type ActSubject = Department | ExternalSubject | Group | ImportRun | Invitation | Member | None

_KINDS: dict[type, str] = {
    Department: "department", Group: "group", ImportRun: "import", Invitation: "invitation", Member: "member",
}  # fmt: skip


class Actor(Struct, frozen=True, kw_only=True):
    """The actor of an entry: a person, or with ``user`` None the market or the enterprise's directory."""

    user: User | None
    text: str


MARKET_ACTOR = Actor(user=None, text="")


def actor_of(by: Author | None) -> Actor:
    """Return the actor for an administrator or a directory, which has the name of its token; None for the market."""
    if isinstance(by, DirectoryToken):
        return Actor(user=None, text=f"SCIM: {by.name}")
    return MARKET_ACTOR if by is None else Actor(user=by.user, text=by.name or by.user_name)


def subject(about: ActSubject) -> str:
    if isinstance(about, ExternalSubject):
        return about.subject
    return "" if about is None else f"{_KINDS[type(about)]}:{about.pk}"


def record(
    enterprise: Enterprise,
    did: EnterpriseAction,
    who: Actor,
    *,
    now: datetime,
    about: ActSubject = None,
    note: str = "",
) -> None:
    """Add an entry. Call it in the transaction of the act."""
    about_text = _name_of(about)
    rows.create(
        [
            EnterpriseAct(
                enterprise=enterprise, act=did, by=who.user, by_text=who.text[:255], about=subject(about),
                about_text=about_text[:255], note=note[:500], at=now,
            )
        ]
    )  # fmt: skip


def _name_of(about: ActSubject) -> str:
    match about:
        case None:
            return ""
        case ExternalSubject():
            return about.name
        case ImportRun():
            return about.file_name
        case Invitation():
            return about.email
    return str(about)
