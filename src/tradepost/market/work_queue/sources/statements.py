"""Statements that need an operator: rejected by the seller, or due for payment (business-rules §8.1, §8.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.settlement.models import Statement
from tradepost.market.settlement.operator_queries import statements_to_handle
from tradepost.market.work_queue.contract import Clock, Entry, Severity, TranslatedText, key_of

PAY_DAYS = 6
"""Working days within which a statement is paid (§8.1 step 6)."""
TITLES: Mapping[str, TranslatedText] = {
    Statement.Status.COUNTERSIGN_REJECTED: _("Statement that its seller rejected"),
    Statement.Status.APPLICATION_FAILED: _("Statement without a certified account"),
    Statement.Status.REFUSED: _("Statement whose payment was refused"),
}


class WaitingStatements:
    name = "statements"
    title = _("Statements")

    def list_url(self) -> str:
        return reverse("console:settlements")

    def rows(self) -> QuerySet[Statement]:
        """Oldest first. There are few, since each month's statements are paid."""
        return statements_to_handle().order_by("pk")

    def entries(self, rows: Sequence[Statement], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Statement, clock: Clock) -> Entry:
        since, seller = row.signed_at or row.issued_at, localised_name(row.seller)
        return Entry(
            key=key_of(self.name, row.pk), title=TITLES.get(row.status, _("Statement to be paid")), about=seller,
            url=reverse("console:settlement", args=[row.pk]), since=since, due_at=clock.due(since, PAY_DAYS),
            severity=Severity.HIGH if row.signed_at else Severity.NORMAL,
            facts=(
                (_("Seller"), seller), (_("Statement"), row.number), (_("Payout"), row.net),
                (_("State"), row.get_status_display()), (_("Words of its seller, or why it is not paid"), row.reason or "–"),
            ),
        )  # fmt: skip


SOURCES = (WaitingStatements(),)
