"""Open requests for approval."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.approvals.models import Request
from tradepost.market.work_queue.contract import Clock, Entry, FactValue, Severity, TranslatedText, key_of


class Approvals:
    name = "approvals"
    title = _("Requests for approval")

    def list_url(self) -> str:
        return reverse("console:approvals")

    def rows(self) -> QuerySet[Request]:
        """Use the partial index of open requests, oldest first."""
        return Request.objects.filter(status=Request.Status.WAITING).select_related("asked_by").order_by("pk")

    def entries(self, rows: Sequence[Request], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Request, clock: Clock) -> Entry:
        facts: list[tuple[TranslatedText, FactValue]] = [
            (_("Requested by"), row.asked_by.email),
            (_("Reason"), row.reason),
        ]
        if row.amount is not None:
            facts.insert(0, (_("Amount"), row.amount))
        return Entry(
            key=key_of(self.name, row.pk), title=row.words, about=row.about, url=reverse("console:approval", args=[row.pk]),
            since=row.asked_at, due_at=min(clock.due(row.asked_at), row.expires_at), severity=Severity.HIGH, facts=facts,
        )  # fmt: skip


SOURCES = (Approvals(),)
