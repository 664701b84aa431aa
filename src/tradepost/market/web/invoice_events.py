"""The history of an invoice for the pages of its buyer, its seller and operators."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tradepost.market.base.models import Move
from tradepost.market.invoices.deadlines import HISTORY
from tradepost.market.invoices.issue import REQUEST_HISTORY
from tradepost.market.invoices.letters import HISTORY as LETTERS
from tradepost.market.invoices.models import Invoice

from .timeline import TimelineEvent, moves_of


def invoice_events(invoice: Invoice) -> list[TimelineEvent]:
    """Return the events of an invoice, oldest first."""
    application = TimelineEvent(invoice.applied_at, _("Application submitted"), icon="file-text")
    return [application, *(_event(move) for move in moves_of("invoice", invoice.pk, HISTORY, REQUEST_HISTORY, LETTERS))]


def _event(move: Move) -> TimelineEvent:
    words, icon, tone = {
        "approve": (_("Application approved"), "check", "info"),
        "reject": (_("Application rejected"), "ban", "warn"),
        "cancel": (_("Application cancelled"), "x", "calm"),
        "issue": (_("Issued"), "file-invoice", "ok"),
        "correct": (pgettext("invoice", "Corrected"), "edit", "ok"),
        "return": (pgettext("invoice", "Invoice withdrawn"), "arrow-back-up", "warn"),
        "overdue": (_("Deadline missed"), "clock", "bad"),
        "decline": (_("Request declined"), "ban", "warn"),
        "letter": (_("Explanation letter requested"), "certificate", "info"),
    }.get(move.event, (move.event, "point", "calm"))
    if move.lifecycle == REQUEST_HISTORY and move.event == Invoice.Wish.CORRECT:
        words, icon, tone = _("Correction requested"), "edit", "wait"
    if move.lifecycle == REQUEST_HISTORY and move.event == Invoice.Wish.RETURN:
        words, icon, tone = _("Return requested"), "arrow-back-up", "wait"
    return TimelineEvent(move.at, words, move.note, icon=icon, tone=tone)
