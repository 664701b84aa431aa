"""Statements that wait for an operator (business-rules §8.1, §8.4): one that its seller rejected, and those that are to be paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.settlement.models import Statement
from tradepost.market.settlement.operator_queries import to_do
from tradepost.market.work_queue.contract import Clock, Entry, Severity, Words, key_of

PAY_DAYS = 6
"""Working days in which a statement is paid (§8.1 step 6)."""
TITLES: Mapping[str, Words] = {
    Statement.Status.COUNTERSIGN_REJECTED: _("Statement that its seller rejected"),
    Statement.Status.APPLICATION_FAILED: _("Statement without a certified account"),
    Statement.Status.REFUSED: _("Statement whose payment was refused"),
}


class Waiting:
    name = "statements"
    title = _("Statements")

    def list_url(self) -> str:
        return reverse("console:settlements")

    def rows(self) -> QuerySet[Statement]:
        """The oldest first: few at any time, since each month's are paid."""
        return to_do().order_by("pk")

    def entries(self, rows: Sequence[Statement], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Statement, clock: Clock) -> Entry:
        since, seller = one.signed_at or one.issued_at, named(one.seller)
        return Entry(
            key=key_of(self.name, one.pk), title=TITLES.get(one.status, _("Statement to be paid")), about=seller,
            url=reverse("console:settlement", args=[one.pk]), since=since, due_at=clock.due(since, PAY_DAYS),
            severity=Severity.HIGH if one.signed_at else Severity.NORMAL,
            facts=(
                (_("Seller"), seller), (_("Statement"), one.number), (_("To be paid out"), one.net),
                (_("State"), one.get_status_display()), (_("Words of its seller, or why it is not paid"), one.reason or "–"),
            ),
        )  # fmt: skip


SOURCES = (Waiting(),)
