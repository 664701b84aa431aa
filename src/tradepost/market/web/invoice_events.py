"""What happened to an invoice, in words, for the pages of its buyer, its seller and operators."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.base.models import Move
from tradepost.market.invoices.issue import WISHES
from tradepost.market.invoices.letters import HISTORY as LETTERS
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.patience import HISTORY

from .timeline import TimelineEvent, moves_of


def invoice_events(invoice: Invoice) -> list[TimelineEvent]:
    """Oldest first."""
    began = TimelineEvent(invoice.applied_at, _("The buyer applied for it"), icon="file-text")
    return [began, *(_event(move) for move in moves_of("invoice", invoice.pk, HISTORY, WISHES, LETTERS))]


def _event(move: Move) -> TimelineEvent:
    words, icon, tone = {
        "approve": (_("The seller accepted the application"), "check", "info"),
        "reject": (_("The seller did not accept the application"), "ban", "warn"),
        "cancel": (_("Cancelled by the buyer"), "x", "calm"),
        "issue": (_("Issued"), "file-invoice", "ok"),
        "correct": (_("Corrected by the seller"), "edit", "ok"),
        "return": (_("Taken back by the seller"), "arrow-back-up", "warn"),
        "overdue": (_("The seller's time was over"), "clock", "bad"),
        "decline": (_("The seller left it as it is"), "ban", "warn"),
        "letter": (_("The buyer had an explanation letter made"), "certificate", "info"),
    }.get(move.event, (move.event, "point", "calm"))
    if move.lifecycle == WISHES and move.event == Invoice.Wish.CORRECT:
        words, icon, tone = _("The buyer asked to correct it"), "edit", "wait"
    if move.lifecycle == WISHES and move.event == Invoice.Wish.RETURN:
        words, icon, tone = _("The buyer asked to take it back"), "arrow-back-up", "wait"
    return TimelineEvent(move.at, words, move.note, icon=icon, tone=tone)
