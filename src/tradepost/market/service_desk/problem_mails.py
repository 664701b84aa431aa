"""Mails that did not become demands, until an operator enters or dismisses them (business-rules §9)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .models import Demand, ReceivedMail

MAX_SHOWN = 20


def open_mails() -> QuerySet[ReceivedMail]:
    """Return open mails, newest first."""
    return ReceivedMail.objects.exclude(problem="").filter(handled_at=None).order_by("-pk")


def find(pk: int) -> ReceivedMail | None:
    """Return the mail if it is open."""
    return open_mails().filter(pk=pk).first()


def dismiss(pk: int, *, now: datetime) -> None:
    """Dismiss a mail that is not a demand. Raises ``Refused`` if another operator has handled it."""
    if not open_mails().filter(pk=pk).update(handled_at=now):
        raise already_handled()


def mark_as_entered(pk: int, demand: Demand, *, now: datetime) -> None:
    """Mark a mail as entered as this demand, in the same transaction. Raises ``Refused`` if another operator has
    handled it."""
    if not open_mails().filter(pk=pk).update(handled_at=now, demand=demand.pk):
        raise already_handled()


def already_handled() -> Refused:
    return Refused("mail.handled", _("Another operator has already handled this email."), HTTPStatus.CONFLICT)
