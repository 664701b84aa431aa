"""An operator gives a customer a level (business-rules §4.4), with the reason; who, when and why stays in the history."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import moved

from .models import Level, User

HISTORY = "customer_level"


def set_level(user: User, level: str, *, reason: str, actor: str, now: datetime) -> bool:
    """Empty: the market's default level. What was set for services that have ended stays. Returns whether it is another
    level than before. Raises ``Refused`` for a level that there is not, and without a reason."""
    if level and level not in Level:
        raise Refused("level.unknown", _("Choose a level from the list."), HTTPStatus.BAD_REQUEST, field="level")
    if not reason.strip():
        raise Refused("level.reason", _("Say why: the history keeps it."), HTTPStatus.BAD_REQUEST, field="reason")
    with transaction.atomic():
        before = User.objects.select_for_update().values_list("level", flat=True).get(pk=user.pk)
        if before == level:
            return False
        User.objects.filter(pk=user.pk).update(level=level)
        moved(user, HISTORY, "set", now=now, actor=actor, note=reason.strip(), before=before, after=level)
    user.level = level
    return True
