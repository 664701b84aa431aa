"""What is read of announced transfers and of money that came: a buyer's own, and all that operators decide."""

from __future__ import annotations

import re

from django.db.models import QuerySet

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.ids import is_transfer_reference
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User

from .intent_models import OPEN, Intent, ProviderFact

_TEN = re.compile(r"(?=(T[A-Z2-9]{9}))")
"""Wherever one might begin: banks write their own words around it."""


def intents_of(user: User, *, status: str = "", after: str = "", size: int = 20) -> Page[Intent]:
    """A buyer's, newest first."""
    mine = Intent.objects.filter(user=user)
    if not status:
        return page(mine, after=after, size=size, along=("user",))
    return page(mine.filter(status=status), after=after, size=size, along=("user", "status"))


def intent_of(user: User, number: str) -> Intent | None:
    return _shown(Intent.objects.filter(user=user, number=number)).first()


def open_intents_of(user: User, *, most: int = 20) -> list[Intent]:
    """Those that wait for money or for an operator, newest first."""
    return list(Intent.objects.filter(user=user, status__in=OPEN).order_by("user", "-pk")[:most])


def open_intent_for(user: User, order_number: str) -> Intent | None:
    """The newest transfer of this buyer that is under way for an order."""
    mine = Intent.objects.filter(user=user, purpose=order_number, status__in=OPEN)
    return mine.order_by("-pk").first()


def all_intents(*, status: str = "", number: str = "", after: str = "", size: int = 25) -> Page[Intent]:
    """``number``: a whole reference number, as somebody typed it."""
    found = Intent.objects.select_related("user", "fact")
    if number:
        found = found.filter(number=as_reference(number))
    return _page(found, status, after, size)


def find_intent(pk: int) -> Intent | None:
    return _shown(Intent.objects.filter(pk=pk)).first()


def find_reference(text: str) -> Intent | None:
    """The transfer whose reference number stands somewhere in ``text``, as on a bank's statement."""
    numbers = [number for number in _TEN.findall(as_reference(text)) if is_transfer_reference(number)]
    return Intent.objects.select_related("user").filter(number__in=numbers).first() if numbers else None


def as_reference(text: str) -> str:
    """A reference number as it is stored, however it was written on a transfer."""
    return "".join(text[:200].split()).replace("-", "").upper()


def mistyped(text: str) -> bool:
    """Whether it has the length of a reference number and is none: one of its characters is wrong."""
    reference = as_reference(text)
    return len(reference) == 10 and reference[:1] == "T" and not is_transfer_reference(reference)


def same_amount(money: Money, *, most: int = 10) -> list[Intent]:
    """Transfers that are waited for with exactly this amount: whose the money may be."""
    rows = Intent.objects.filter(status__in=OPEN, amount_minor=money.minor, currency=money.currency)
    return list(rows.select_related("user").order_by("-pk")[:most])


# --- money that came ----------------------------------------------------------------------------------------------------


def facts(*, status: str = "", after: str = "", size: int = 25) -> Page[ProviderFact]:
    rows = ProviderFact.objects.select_related("user", "intent")
    return page(rows.filter(status=status) if status else rows, after=after, size=size)


def find_fact(pk: int) -> ProviderFact | None:
    rows = ProviderFact.objects.select_related("user", "intent__user", "arrival", "moved")
    return rows.filter(pk=pk).first()


def unmatched_count() -> Count:
    return count_up_to(ProviderFact.objects.filter(status=ProviderFact.Status.UNMATCHED))


def find_buyer(text: str) -> User | None:
    """Who has this e-mail address."""
    return User.objects.filter(email__iexact=text.strip()[:254], is_active=True).first()


def _shown(rows: QuerySet[Intent]) -> QuerySet[Intent]:
    return rows.select_related("user", "fact", "fact__arrival")


def _page(rows: QuerySet[Intent], status: str, after: str, size: int) -> Page[Intent]:
    return page(rows.filter(status=status) if status else rows, after=after, size=size)
