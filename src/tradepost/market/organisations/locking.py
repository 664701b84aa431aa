"""Every function that changes an enterprise locks its row first. Concurrent calls can then neither leave it without
an administrator nor create a cycle of departments."""

from __future__ import annotations

from http import HTTPStatus

from django.db.models import F
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .models import Department, DirectoryToken, Enterprise, Member


def lock(enterprise: Enterprise | int, *, by: Member | DirectoryToken | None = None) -> Enterprise:
    """Lock an enterprise until the transaction ends, and return its current row. ``by``: the administrator or
    directory that acts; None for the market, or for a person who changes their own data.

    Raises ``Refused`` if it is dissolved, ``by`` is no longer an administrator, or the directory's token was
    revoked."""
    key = enterprise if isinstance(enterprise, int) else enterprise.pk
    locked_enterprise = Enterprise.objects.select_for_update(of=("self",)).get(pk=key)
    if locked_enterprise.status != Enterprise.Status.ACTIVE:
        raise Refused("enterprise.dissolved", _("This enterprise has been dissolved and can no longer be changed."))
    if isinstance(by, DirectoryToken):
        _check_token(by, locked_enterprise)
    elif by is not None:
        check_admin(by, locked_enterprise)
    return locked_enterprise


def _check_token(by: DirectoryToken, enterprise: Enterprise) -> None:
    if not DirectoryToken.objects.filter(pk=by.pk, enterprise=enterprise).exists():
        raise Refused("directory.gone", _("This token was revoked."), HTTPStatus.UNAUTHORIZED)


def check_admin(by: Member, enterprise: Enterprise) -> None:
    current_members = Member.objects.filter(
        pk=by.pk, enterprise=enterprise, role=Member.Role.ADMIN, enabled=True, removed_at=None
    )
    if not current_members.exists():
        message = _("Only an administrator of the enterprise can do this. You are no longer an administrator.")
        raise Refused("enterprise.not_admin", message, HTTPStatus.FORBIDDEN)


def add_to_count(enterprise: Enterprise, change: int) -> None:
    """Add ``change`` to the number of members, in the transaction that holds the enterprise."""
    Enterprise.objects.filter(pk=enterprise.pk).update(people=F("people") + change)
    enterprise.people += change


def department_of(enterprise: Enterprise, pk: int, *, field: str = "department") -> Department:
    """Return a department of this enterprise. Raises ``Refused`` if it does not exist or was removed."""
    department = Department.objects.filter(pk=pk, enterprise=enterprise, removed_at=None).first()
    if department is None:
        message = _("This department no longer exists. Choose another one.")
        raise Refused("enterprise.no_department", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    return department


def member_of(enterprise: Enterprise, member: Member) -> Member:
    """Return the member's current row. Raises ``Refused`` for a removed member."""
    current_member = (
        Member.objects.select_related("user", "department").filter(pk=member.pk, enterprise=enterprise).first()
    )
    if current_member is None or current_member.removed_at is not None:
        raise Refused("enterprise.no_member", _("This person is no longer a member."), HTTPStatus.NOT_FOUND)
    return current_member
