"""What happens to enterprises and their people: what sellers of joint software are to be told (openapi-jointkit §A.0)."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("enterprise_changed", about=("enterprise",))
class EnterpriseChanged(Struct, frozen=True, kw_only=True):
    """An enterprise has another name."""

    enterprise: int


@event("enterprise_dissolved", about=("enterprise",))
class EnterpriseDissolved(Struct, frozen=True, kw_only=True):
    """An enterprise ended: its bindings do, and nobody signs in any more."""

    enterprise: int


@event("department_changed", about=("enterprise",))
class DepartmentChanged(Struct, frozen=True, kw_only=True):
    """A department was added, renamed, moved, removed or brought back."""

    enterprise: int
    department: int
    version: int
    """What the department's own is since then. It may have changed again meanwhile: its row says what it is."""


@event("members_changed", about=("enterprise",))
class MembersChanged(Struct, frozen=True, kw_only=True):
    """People joined, left or were changed, or are in other groups than before: at most ``import_members.BATCH`` of them."""

    enterprise: int
    members: tuple[int, ...]


@event("group_removed", about=("enterprise",))
class GroupRemoved(Struct, frozen=True, kw_only=True):
    """A group is none any more, and some are still in it: ``MembersChanged`` tells who left it."""

    enterprise: int
    group: int


@event("member_password_reset", about=("enterprise",))
class MemberPasswordReset(Struct, frozen=True, kw_only=True):
    """An administrator gave a managed account a new password: sessions and tokens of the old one end."""

    enterprise: int
    member: int


@event("administrator_appointed", about=("enterprise",))
class AdministratorAppointed(Struct, frozen=True, kw_only=True):
    """An operator made a member administrator, since no administrator could sign in any more."""

    enterprise: int
    member: int
    at: datetime


@event("enterprise_member_joined", about=("enterprise",))
class EnterpriseMemberJoined(Struct, frozen=True, kw_only=True):
    """Somebody accepted an invitation."""

    enterprise: int
    member: int
    invitation: int


@event("member_passwords_guessed", about=("enterprise",))
class MemberPasswordsGuessed(Struct, frozen=True, kw_only=True):
    """Wrong passwords for many names of an enterprise: published once a day at most."""

    enterprise: int
    at: datetime
    """In real time."""
