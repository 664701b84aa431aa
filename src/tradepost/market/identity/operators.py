"""Grant and revoke roles of operators. The market always keeps an owner who can sign in."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from .events import OperatorRoleChanged
from .models import User
from .operator_roles import Role

LAST_OWNER = "operator.last_owner"


def give_role(user: User, role: str, *, by: str, now: datetime) -> bool:
    """Give the account this role, or none if the role is empty. Return whether anything changed.

    ``by``: the operator's email, or the account of the machine. Raises ``Refused`` for an unknown role, or for the
    last owner."""
    if role and role not in Role.values:
        raise Refused("operator.unknown_role", _("Choose a role."), HTTPStatus.UNPROCESSABLE_ENTITY, field="role")
    with transaction.atomic():
        changed_user = User.objects.select_for_update().get(pk=user.pk)
        before = changed_user.operator_role
        if before == role:
            return False
        if before == Role.OWNER:
            check_owner_remains(changed_user)
        changed_user.operator_role = role
        changed_user.save(update_fields=["operator_role"])
        outbox.publish(OperatorRoleChanged(user=changed_user.pk, before=before, role=role, by=by, at=now), now=now)
    user.operator_role = role
    return True


def check_owner_remains(leaving: User) -> None:
    """Raise ``Refused`` if no owner would remain. Call it in the transaction of the change.

    Locks all owners in the order of their keys, so that two owners who leave at once do not both pass."""
    owners = list(User.objects.select_for_update().filter(operator_role=Role.OWNER, is_active=True).order_by("pk"))
    if [owner.pk for owner in owners] == [leaving.pk]:
        message = _("This is the market's last owner. Make another operator an owner first.")
        raise Refused(LAST_OWNER, message)
