"""Read announced transfers and received money, for buyers and operators."""

from __future__ import annotations

import re
from datetime import datetime

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.ids import is_transfer_reference
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time, between
from tradepost.market.identity.models import Seller, User

from .intent_models import OPEN_STATUSES, Intent, ProviderFact

_REFERENCE = re.compile(r"(?=(T[A-Z2-9]{9}))")
"""Overlapping matches, because banks add their own text around the reference."""


def intents_of(
    user: User, *, status: str = "", within: Within = any_time, after: str = "", size: int = 20
) -> Page[Intent]:
    """Return a buyer's transfers, newest first."""
    intents = within(_of_buyer(user), "created_at")
    if not status:
        return page(intents, after=after, size=size, along=("user",))
    return page(intents.filter(status=status), after=after, size=size, along=("user", "status"))


def intent_of(user: User, number: str) -> Intent | None:
    return _with_details(_of_buyer(user).filter(number=number)).first()


def _of_buyer(user: User) -> QuerySet[Intent]:
    """Select the transfers that a person makes as a buyer, not for a seller."""
    return Intent.objects.filter(user=user, seller=None)


def repayments_of(seller: Seller, *, within: Within = any_time, after: str = "", size: int = 25) -> Page[Intent]:
    """Return the transfers by which a seller pays its debt, newest first."""
    repayments = within(Intent.objects.filter(seller=seller), "created_at").select_related("fact")
    return page(repayments, after=after, size=size, along=("seller",))


def repayment_of(seller: Seller, number: str) -> Intent | None:
    return _with_details(Intent.objects.filter(seller=seller, number=number)).first()


def open_repayment_of(seller: Seller) -> Intent | None:
    """Return the newest transfer that waits for money or a check."""
    return Intent.objects.filter(seller=seller, status__in=OPEN_STATUSES).order_by("seller", "-pk").first()


def open_intents_of(user: User, *, most: int = 20) -> list[Intent]:
    """Return the transfers that wait for money or a check, newest first."""
    return list(_of_buyer(user).filter(status__in=OPEN_STATUSES).order_by("user", "-pk")[:most])


def open_intent_for(user: User, order_number: str) -> Intent | None:
    """Return the buyer's newest open transfer for an order."""
    intents = Intent.objects.filter(user=user, purpose=order_number, status__in=OPEN_STATUSES)
    return intents.order_by("-pk").first()


class IntentFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list; empty fields do not filter. ``number``: a whole reference as typed."""

    status: str = ""
    number: str = ""
    since: datetime | None = None
    until: datetime | None = None


def all_intents(filters: IntentFilter, *, after: str = "", size: int = 25) -> Page[Intent]:
    """Return transfers, newest first; ``since`` and ``until`` bound the time of the announcement."""
    intents = between(Intent.objects.all(), "created_at", filters.since, filters.until).select_related(
        "user", "seller", "fact"
    )
    if filters.number:
        intents = intents.filter(number=normalized_reference(filters.number))
    return _page(intents, filters.status, after, size)


def find_intent(pk: int) -> Intent | None:
    return _with_details(Intent.objects.filter(pk=pk)).first()


def find_reference(text: str) -> Intent | None:
    """Return the transfer whose reference occurs in ``text``, such as a line of a bank statement."""
    numbers = [number for number in _REFERENCE.findall(normalized_reference(text)) if is_transfer_reference(number)]
    return Intent.objects.select_related("user", "seller").filter(number__in=numbers).first() if numbers else None


def normalized_reference(text: str) -> str:
    """Normalize a reference as stored, independent of spaces and hyphens."""
    return "".join(text[:200].split()).replace("-", "").upper()


def is_mistyped_reference(text: str) -> bool:
    """Return whether the text has the length of a reference but a wrong character."""
    reference = normalized_reference(text)
    return len(reference) == 10 and reference[:1] == "T" and not is_transfer_reference(reference)


def intents_with_amount(money: Money, *, most: int = 10) -> list[Intent]:
    """Return open transfers with exactly this amount, as candidates for received money."""
    rows = Intent.objects.filter(status__in=OPEN_STATUSES, amount_minor=money.minor, currency=money.currency)
    return list(rows.select_related("user", "seller").order_by("-pk")[:most])


# --- received money ---


def receipts(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[ProviderFact]:
    """Return received money, newest first; ``since`` and ``until`` bound the time of entry."""
    rows = between(ProviderFact.objects.all(), "seen_at", since, until).select_related("user", "seller", "intent")
    return page(rows.filter(status=status) if status else rows, after=after, size=size)


def find_fact(pk: int) -> ProviderFact | None:
    rows = ProviderFact.objects.select_related("user", "seller", "intent__user", "intent__seller", "arrival", "moved")
    return rows.filter(pk=pk).first()


def unmatched_count() -> Count:
    return count_up_to(ProviderFact.objects.filter(status=ProviderFact.Status.UNMATCHED))


def find_buyer(text: str) -> User | None:
    """Return the active user with this e-mail address."""
    return User.objects.by_email(text.strip()[:254]).filter(is_active=True).first()


def _with_details(rows: QuerySet[Intent]) -> QuerySet[Intent]:
    return rows.select_related("user", "seller", "fact", "fact__arrival")


def _page(rows: QuerySet[Intent], status: str, after: str, size: int) -> Page[Intent]:
    return page(rows.filter(status=status) if status else rows, after=after, size=size)
