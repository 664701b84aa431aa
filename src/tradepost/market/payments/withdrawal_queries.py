"""Read withdrawals, for a buyer and for operators."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time, between
from tradepost.market.identity.models import User

from .confirm import normalized
from .models import Transfer
from .withdrawal_models import OPEN_STATUSES, Withdrawal


def withdrawals_of(user: User, *, within: Within = any_time, after: str = "", size: int = 20) -> Page[Withdrawal]:
    """Return a buyer's withdrawals, newest first."""
    return page(within(Withdrawal.objects.filter(user=user), "requested_at"), after=after, size=size, along=("user",))


def withdrawal_of(user: User, number: str) -> Withdrawal | None:
    return Withdrawal.objects.select_related("user").filter(user=user, number=number).first()


def open_withdrawals_of(user: User) -> list[Withdrawal]:
    """Return the withdrawals that hold money, oldest first."""
    return list(Withdrawal.objects.filter(user=user, status__in=OPEN_STATUSES).order_by("user", "pk")[:20])


def all_withdrawals(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Withdrawal]:
    """Return all withdrawals, newest first; ``since`` and ``until`` bound the time of the request."""
    rows = between(Withdrawal.objects.all(), "requested_at", since, until).select_related("user")
    return page(rows.filter(status=status) if status else rows, after=after, size=size)


def find_withdrawal(pk: int) -> Withdrawal | None:
    return Withdrawal.objects.select_related("user").filter(pk=pk).first()


def is_withdrawal(bank_number: str) -> bool:
    """Return whether a withdrawal was paid with this bank number."""
    return Transfer.objects.filter(reason=Transfer.Reason.WITHDRAWN, reference=normalized(bank_number)).exists()
