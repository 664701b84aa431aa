"""Unanswered demands, and complaints to decide (business-rules §9, §12, §17.7)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.service_desk import complaint_queries, demand_queries
from tradepost.market.service_desk.models import Complaint, Demand
from tradepost.market.work_queue.contract import Clock, Entry, FactValue, Severity, TranslatedText, key_of

MAX_SHOWN_LENGTH = 120
"""Number of characters shown of a text."""


class Demands:
    name = "demands"
    title = _("Demands to answer")

    def list_url(self) -> str:
        return f"{reverse('console:demands')}?status=open"

    def rows(self) -> QuerySet[Demand]:
        return demand_queries.waiting_demands()

    def entries(self, rows: Sequence[Demand], clock: Clock) -> list[Entry]:  # noqa: ARG002  # # noqa: ARG002 # the rows have deadlines
        return [
            Entry(
                key=key_of(self.name, row.pk), title=_(
                    "Demand for a product that the store does not have"), about=_short(row.requirement),
                url=reverse("console:demand", args=[row.pk]), since=row.created_at, due_at=row.due_at,
                facts=((_("Requester"), row.contact), (_("Demand details"), row.requirement)),
            )
            for row in rows
        ]  # fmt: skip


class Complaints:
    name = "complaints"
    title = _("Complaints to decide")

    def list_url(self) -> str:
        return reverse("console:complaints")

    def rows(self) -> QuerySet[Complaint]:
        return complaint_queries.complaints_to_decide()

    def entries(self, rows: Sequence[Complaint], clock: Clock) -> list[Entry]:  # noqa: ARG002
        return [self._entry(row) for row in rows]

    def _entry(self, row: Complaint) -> Entry:
        seller, reason = localised_name(row.seller), row.get_reason_display()
        facts: list[tuple[TranslatedText, FactValue]] = [(_("Seller"), seller), (_("Buyer"), str(row.buyer))]
        if row.product is not None:
            facts.append((_("Product"), localised_name(row.product)))
        facts += [(_("Complaint details"), reason), (_("The buyer"), row.text), (_("The seller"), row.reply)]
        return Entry(
            key=key_of(self.name, row.pk), title=_("Complaint about a seller"), about=f"{seller} · {reason}",
            url=reverse("console:complaint", args=[row.pk]), since=row.created_at, due_at=row.due_at,
            severity=Severity.HIGH if row.status == Complaint.Status.UNANSWERED else Severity.NORMAL, facts=facts,
        )  # fmt: skip


def _short(text: str) -> str:
    plain_text = " ".join(text.split())
    return plain_text if len(plain_text) <= MAX_SHOWN_LENGTH else f"{plain_text[: MAX_SHOWN_LENGTH - 1]}…"


SOURCES = (Demands(), Complaints())
