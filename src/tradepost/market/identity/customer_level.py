"""An operator sets a customer's level (business-rules §4.4); the history keeps actor, time and reason."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move

from .models import Level, User

HISTORY = "customer_level"


def set_level(user: User, level: str, *, reason: str, actor: str, now: datetime) -> bool:
    """Set the level; empty for the market's default. Return whether it changed.

    Services that have already ended are not affected. Raises ``Refused`` for an unknown level, or without a
    reason."""
    if level and level not in Level:
        raise Refused("level.unknown", _("Choose a level from the list."), HTTPStatus.BAD_REQUEST, field="level")
    if not reason.strip():
        raise Refused(
            "level.reason",
            _("Enter the reason. It is recorded in the history."),
            HTTPStatus.BAD_REQUEST,
            field="reason",
        )
    with transaction.atomic():
        before = User.objects.select_for_update().values_list("level", flat=True).get(pk=user.pk)
        if before == level:
            return False
        User.objects.filter(pk=user.pk).update(level=level)
        record_move(user, HISTORY, "set", now=now, actor=actor, note=reason.strip(), before=before, after=level)
    user.level = level
    return True
