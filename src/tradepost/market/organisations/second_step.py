"""What an enterprise asks of its people beside a password, and help for one who lost the telephone (business-rules §11.2)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor

from .act_log import Did, actor, record
from .initial_password import must_be_managed
from .locking import lock, member_of
from .models import Enterprise, Member


def ask_of_all(enterprise: Enterprise, *, wanted: bool, by: Member, now: datetime) -> None:
    """Whoever signs in at the auth centre from now on must have it on, or turns it on there. Sign-ins that are begun go on. The
    same again changes nothing."""
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if held.second_step_required == wanted:
            return
        held.second_step_required = enterprise.second_step_required = wanted
        held.save(update_fields=["second_step_required"])
        record(held, Did.SECOND_STEP_REQUIRED if wanted else Did.SECOND_STEP_OPTIONAL, actor(by), now=now)


def reset(member: Member, *, by: Member, now: datetime, wall: datetime) -> None:
    """Turn it off for an account that the enterprise made; where the enterprise asks for it, it is turned on anew at the next
    sign-in. Raises ``Refused`` for an account that is a person's own: an administrator could take the second lock off somebody
    else's purchases."""
    with transaction.atomic():
        held = lock(member.enterprise_id, by=by)
        one = member_of(held, member)
        must_be_managed(one)
        if by.pk == one.pk:
            words = _("This is your own: turn it off among your pages at the sign-in of the enterprise.")
            raise Refused("enterprise.yourself", words)
        second_factor.reset(one.user, now=now, wall=wall)
        record(held, Did.SECOND_STEP_RESET, actor(by), about=one, now=now, note=one.user_name)
