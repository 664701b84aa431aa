"""Read and change how the market is opened (``MarketOpening``)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .opening_models import MarketOpening, Registration


def current() -> MarketOpening:
    """Return the stored row, or the defaults."""
    return MarketOpening.objects.filter(pk=MarketOpening.ONLY).first() or MarketOpening(pk=MarketOpening.ONLY)


def change_registration(*, buyers: str, sellers: str) -> None:
    """Set who may open an account and which companies may apply to sell. Existing accounts and sellers are not
    affected."""
    if buyers not in Registration or sellers not in Registration:
        raise Refused("registration.mode", _("Choose an entry from the list."), HTTPStatus.UNPROCESSABLE_ENTITY)
    modes = {"buyers": buyers, "sellers": sellers}
    MarketOpening.objects.update_or_create(pk=MarketOpening.ONLY, defaults=modes)


def closed_checklist() -> QuerySet[MarketOpening]:
    """Return the row if the checklist on the console's home page is closed."""
    return MarketOpening.objects.filter(checklist_closed_at__isnull=False)


def close_checklist(*, now: datetime) -> None:
    """Hide the checklist on the console's home page. Repeating it keeps the first time."""
    MarketOpening.objects.get_or_create(pk=MarketOpening.ONLY)
    MarketOpening.objects.filter(pk=MarketOpening.ONLY, checklist_closed_at=None).update(checklist_closed_at=now)


def reopen_checklist() -> None:
    closed_checklist().update(checklist_closed_at=None)
