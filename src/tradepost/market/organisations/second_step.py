"""Two-step sign-in in an enterprise: require it for all members, and reset it for a member (business-rules §11.2)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor

from .act_log import EnterpriseAction, actor_of, record
from .initial_password import check_managed
from .locking import lock, member_of
from .models import Enterprise, Member


def require_for_all(enterprise: Enterprise, *, wanted: bool, by: Member, now: datetime) -> None:
    """Require two-step sign-in at the auth centre, or make it optional. Existing sign-ins continue. Repeating it has
    no effect."""
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if locked_enterprise.second_step_required == wanted:
            return
        locked_enterprise.second_step_required = enterprise.second_step_required = wanted
        locked_enterprise.save(update_fields=["second_step_required"])
        record(
            locked_enterprise,
            EnterpriseAction.SECOND_STEP_REQUIRED if wanted else EnterpriseAction.SECOND_STEP_OPTIONAL,
            actor_of(by),
            now=now,
        )


def reset(member: Member, *, by: Member, now: datetime, wall: datetime) -> None:
    """Turn it off for an account that the enterprise created; if it is required, the member sets it up again at the
    next sign-in.

    Raises ``Refused`` for a person's own account, because an administrator could then remove the protection of that
    person's purchases."""
    with transaction.atomic():
        enterprise = lock(member.enterprise_id, by=by)
        current_member = member_of(enterprise, member)
        check_managed(current_member)
        if by.pk == current_member.pk:
            message = _(
                "This is your own account. Sign in to the enterprise and turn it off on the “Two-step sign-in” page."
            )
            raise Refused("enterprise.yourself", message)
        second_factor.reset(current_member.user, now=now, wall=wall)
        record(
            enterprise,
            EnterpriseAction.SECOND_STEP_RESET,
            actor_of(by),
            about=current_member,
            now=now,
            note=current_member.user_name,
        )
