"""Invoices that sellers have not issued in time (business-rules §6.2), and invoices that operators issue."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.queries import market_invoices, overdue_invoices
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class OverdueInvoices:
    name = "invoices"
    title = _("Invoices overdue")

    def list_url(self) -> str:
        return reverse("console:invoices")

    def rows(self) -> QuerySet[Invoice]:
        """Use the index of overdue invoices, the longest overdue first."""
        return overdue_invoices()

    def entries(self, rows: Sequence[Invoice], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Invoice, clock: Clock) -> Entry:
        since, seller, buyer = row.due_at or row.applied_at, localised_name(row.seller), str(row.buyer)
        return Entry(
            key=key_of(self.name, row.pk), title=_("Invoice not issued by the seller"), about=f"{seller} · {buyer}",
            url=reverse("console:invoice", args=[row.pk]), since=since, due_at=clock.due(since), severity=Severity.NORMAL,
            facts=(
                (_("Seller"), seller), (_("Buyer"), buyer), (_("Application"), row.number), (_("Amount"), row.amount),
                (_("Was due"), since),
            ),
        )  # fmt: skip


class MarketInvoices:
    """Invoices that operators issue: for the market's own products, and for its fee (§6.1, §6.5)."""

    name = "own_invoices"
    title = _("Invoices to be issued by the market")

    def list_url(self) -> str:
        return reverse("console:invoices")

    def rows(self) -> QuerySet[Invoice]:
        """Use the index of due invoices, including overdue ones."""
        return market_invoices()

    def entries(self, rows: Sequence[Invoice], clock: Clock) -> list[Entry]:
        del clock  # an invoice has its own deadline
        return [self._entry(row) for row in rows]

    def _entry(self, row: Invoice) -> Entry:
        recipient = localised_name(row.payer) if row.payer else str(row.buyer)
        title = _("Invoice over the market's fee") if row.payer else _("Invoice of the market's own products")
        return Entry(
            key=key_of(self.name, row.pk), title=title, about=recipient, url=reverse("console:invoice", args=[row.pk]),
            since=row.wished_at if row.wish and row.wished_at else row.applied_at, due_at=row.due_at,
            severity=Severity.NORMAL,
            facts=(
                (_("For"), recipient), (_("Application"), row.number), (_("Amount"), row.amount),
                (_("State"), row.get_status_display()),
            ),
        )  # fmt: skip


SOURCES = (OverdueInvoices(), MarketInvoices())
