"""Mails that became no demand: each waits until an operator enters it as one or sets it aside (business-rules §9)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .models import Demand, ReceivedMail

SHOWN = 20


def waiting() -> QuerySet[ReceivedMail]:
    """Newest first."""
    return ReceivedMail.objects.exclude(problem="").filter(handled_at=None).order_by("-pk")


def find(pk: int) -> ReceivedMail | None:
    """The mail, while it waits."""
    return waiting().filter(pk=pk).first()


def set_aside(pk: int, *, now: datetime) -> None:
    """It is no demand. Raises ``Refused`` when another operator has handled it."""
    if not waiting().filter(pk=pk).update(handled_at=now):
        raise handled_before()


def enter(pk: int, demand: Demand, *, now: datetime) -> None:
    """An operator entered it as this demand, in the same transaction. Raises ``Refused`` when another has handled it."""
    if not waiting().filter(pk=pk).update(handled_at=now, demand=demand.pk):
        raise handled_before()


def handled_before() -> Refused:
    return Refused("mail.handled", _("Another operator has already handled this mail."), HTTPStatus.CONFLICT)
