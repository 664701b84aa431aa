"""Read corrections and the bookings that they correct."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between

from .correction_models import Correction
from .corrections import BookingState
from .models import Account, Transfer


def all_corrections(
    *, since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Correction]:
    """Return corrections, newest first; ``since`` and ``until`` bound the time of the correction."""
    rows = between(Correction.objects.all(), "at", since, until).select_related(
        "transfer", "account__user", "account__seller", "account_before__user", "account_before__seller"
    )
    return page(rows, after=after, size=size)


def corrections_of(booking: int) -> list[Correction]:
    """Return the corrections of a booking by its key, oldest first."""
    corrections = Correction.objects.filter(transfer=booking).select_related(
        "booked", "account__user", "account__seller", "account_before__user", "account_before__seller"
    )
    return list(corrections.order_by("number"))


def find_booking(pk: int) -> Transfer | None:
    return Transfer.objects.filter(pk=pk).first()


def first_of(state: BookingState) -> tuple[Account, int]:
    """Return the account and the amount in minor units of the original booking."""
    if state.corrections:
        return state.corrections[0].account_before, state.corrections[0].minor_before
    return state.account, state.amount.minor
