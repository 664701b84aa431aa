"""Every verb locks its enterprise's row first, so that two of them at once never leave it without an administrator, or make a
circle of its departments."""

from __future__ import annotations

from http import HTTPStatus

from django.db.models import F
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .models import Department, DirectoryToken, Enterprise, Member


def lock(enterprise: Enterprise | int, *, by: Member | DirectoryToken | None = None) -> Enterprise:
    """The enterprise as it is now, held until the transaction ends. ``by``: the administrator, or the directory, that acts; None for
    the market itself, or a person about themselves. Raises ``Refused`` when it is dissolved, ``by`` is no administrator any more,
    or the directory's token was revoked."""
    key = enterprise if isinstance(enterprise, int) else enterprise.pk
    held = Enterprise.objects.select_for_update(of=("self",)).get(pk=key)
    if held.status != Enterprise.Status.ACTIVE:
        raise Refused(
            "enterprise.dissolved", _("This enterprise was dissolved. Nothing in it can be changed any more.")
        )
    if isinstance(by, DirectoryToken):
        _must_live(by, held)
    elif by is not None:
        must_be_admin(by, held)
    return held


def _must_live(by: DirectoryToken, enterprise: Enterprise) -> None:
    if not DirectoryToken.objects.filter(pk=by.pk, enterprise=enterprise).exists():
        raise Refused("directory.gone", _("This token was revoked."), HTTPStatus.UNAUTHORIZED)


def must_be_admin(by: Member, enterprise: Enterprise) -> None:
    still = Member.objects.filter(
        pk=by.pk, enterprise=enterprise, role=Member.Role.ADMIN, enabled=True, removed_at=None
    )
    if not still.exists():
        words = _("Only an administrator of the enterprise can do this, and you are none any more.")
        raise Refused("enterprise.not_admin", words, HTTPStatus.FORBIDDEN)


def counted(enterprise: Enterprise, change: int) -> None:
    """So many members more, or less; in the transaction that holds the enterprise."""
    Enterprise.objects.filter(pk=enterprise.pk).update(people=F("people") + change)
    enterprise.people += change


def department_of(enterprise: Enterprise, pk: int, *, field: str = "department") -> Department:
    """A living department of this enterprise. Raises ``Refused``."""
    found = Department.objects.filter(pk=pk, enterprise=enterprise, removed_at=None).first()
    if found is None:
        words = _("There is no such department any more. Choose another one.")
        raise Refused("enterprise.no_department", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    return found


def member_of(enterprise: Enterprise, member: Member) -> Member:
    """The member as they are now. Raises ``Refused`` for one who was removed."""
    found = Member.objects.select_related("user", "department").filter(pk=member.pk, enterprise=enterprise).first()
    if found is None or found.removed_at is not None:
        raise Refused("enterprise.no_member", _("This person is no member any more."), HTTPStatus.NOT_FOUND)
    return found
