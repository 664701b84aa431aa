"""Events of enterprises and their people, of which sellers of joint software are notified (openapi-jointkit §A.0)."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("enterprise_changed", about=("enterprise",))
class EnterpriseChanged(Struct, frozen=True, kw_only=True):
    """An enterprise was renamed."""

    enterprise: int


@event("enterprise_dissolving", about=("enterprise",))
class EnterpriseDissolving(Struct, frozen=True, kw_only=True):
    """An administrator requested the dissolution of an enterprise, agreed to it, or undid it."""

    enterprise: int
    step: str
    """``asked``, ``agreed`` or ``kept``."""
    at: datetime


@event("enterprise_dissolved", about=("enterprise",))
class EnterpriseDissolved(Struct, frozen=True, kw_only=True):
    """An enterprise was dissolved: its bindings end, and its members cannot sign in."""

    enterprise: int


@event("department_changed", about=("enterprise",))
class DepartmentChanged(Struct, frozen=True, kw_only=True):
    """A department was added, renamed, moved, removed or restored."""

    enterprise: int
    department: int
    version: int
    """The department's version after this change. The row may have changed again meanwhile."""


@event("members_changed", about=("enterprise",))
class MembersChanged(Struct, frozen=True, kw_only=True):
    """People joined, left, changed, or moved between groups: at most ``import_members.BATCH`` of them."""

    enterprise: int
    members: tuple[int, ...]


@event("group_removed", about=("enterprise",))
class GroupRemoved(Struct, frozen=True, kw_only=True):
    """A group was removed while it still has members; ``MembersChanged`` reports those who leave it."""

    enterprise: int
    group: int


@event("member_password_reset", about=("enterprise",))
class MemberPasswordReset(Struct, frozen=True, kw_only=True):
    """An administrator reset the password of a managed account: its sessions and tokens end."""

    enterprise: int
    member: int


@event("administrator_appointed", about=("enterprise",))
class AdministratorAppointed(Struct, frozen=True, kw_only=True):
    """An operator appointed an administrator, because none could sign in."""

    enterprise: int
    member: int
    at: datetime


@event("enterprise_member_joined", about=("enterprise",))
class EnterpriseMemberJoined(Struct, frozen=True, kw_only=True):
    """A person accepted an invitation."""

    enterprise: int
    member: int
    invitation: int


@event("member_passwords_guessed", about=("enterprise",))
class MemberPasswordsGuessed(Struct, frozen=True, kw_only=True):
    """Wrong passwords were entered for many names of an enterprise; published at most once a day."""

    enterprise: int
    at: datetime
    """In real time."""
