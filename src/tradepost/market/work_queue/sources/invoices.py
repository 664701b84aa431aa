"""Invoices whose sellers let their time pass (business-rules §6.2): the operator asks the seller. And those that operators issue."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.queries import of_the_market, overdue
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class Overdue:
    name = "invoices"
    title = _("Invoices overdue")

    def list_url(self) -> str:
        return reverse("console:invoices")

    def rows(self) -> QuerySet[Invoice]:
        """By the index of what is late, the longest first."""
        return overdue()

    def entries(self, rows: Sequence[Invoice], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Invoice, clock: Clock) -> Entry:
        since, seller, buyer = one.due_at or one.applied_at, named(one.seller), str(one.buyer)
        return Entry(
            key=key_of(self.name, one.pk), title=_("Invoice that the seller does not issue"), about=f"{seller} · {buyer}",
            url=reverse("console:invoice", args=[one.pk]), since=since, due_at=clock.due(since), severity=Severity.NORMAL,
            facts=(
                (_("Seller"), seller), (_("Buyer"), buyer), (_("Application"), one.number), (_("Amount"), one.amount),
                (_("Was due"), since),
            ),
        )  # fmt: skip


class OfTheMarket:
    """What operators issue themselves: of the market's own products, and over its fee (§6.1, §6.5)."""

    name = "own_invoices"
    title = _("Invoices to be issued by the market")

    def list_url(self) -> str:
        return reverse("console:invoices")

    def rows(self) -> QuerySet[Invoice]:
        """By the index of what is due; one that is late is among the others."""
        return of_the_market()

    def entries(self, rows: Sequence[Invoice], clock: Clock) -> list[Entry]:
        del clock  # an invoice has its own time
        return [self._entry(one) for one in rows]

    def _entry(self, one: Invoice) -> Entry:
        whose = named(one.payer) if one.payer else str(one.buyer)
        title = _("Invoice over the market's fee") if one.payer else _("Invoice of the market's own products")
        return Entry(
            key=key_of(self.name, one.pk), title=title, about=whose, url=reverse("console:invoice", args=[one.pk]),
            since=one.wished_at if one.wish and one.wished_at else one.applied_at, due_at=one.due_at,
            severity=Severity.NORMAL,
            facts=(
                (_("For"), whose), (_("Application"), one.number), (_("Amount"), one.amount),
                (_("State"), one.get_status_display()),
            ),
        )  # fmt: skip


SOURCES = (Overdue(), OfTheMarket())
