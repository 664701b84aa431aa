"""Demands that nobody answered yet, and complaints that an operator decides (business-rules §9, §12, §17.7)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.service_desk import complaint_queries, demand_queries
from tradepost.market.service_desk.models import Complaint, Demand
from tradepost.market.work_queue.contract import Clock, Entry, Severity, Value, Words, key_of

SHOWN = 120
"""Characters of what somebody wrote."""


class Demands:
    name = "demands"
    title = _("Demands to answer")

    def list_url(self) -> str:
        return f"{reverse('console:demands')}?status=open"

    def rows(self) -> QuerySet[Demand]:
        return demand_queries.waiting()

    def entries(self, rows: Sequence[Demand], clock: Clock) -> list[Entry]:  # noqa: ARG002  # its rows have their time
        return [
            Entry(
                key=key_of(self.name, one.pk), title=_("Demand for what the store does not have"), about=_short(one.requirement),
                url=reverse("console:demand", args=[one.pk]), since=one.created_at, due_at=one.due_at,
                facts=((_("Who asks"), one.contact), (_("What is needed"), one.requirement)),
            )
            for one in rows
        ]  # fmt: skip


class Complaints:
    name = "complaints"
    title = _("Complaints to decide")

    def list_url(self) -> str:
        return reverse("console:complaints")

    def rows(self) -> QuerySet[Complaint]:
        return complaint_queries.waiting()

    def entries(self, rows: Sequence[Complaint], clock: Clock) -> list[Entry]:  # noqa: ARG002
        return [self._entry(one) for one in rows]

    def _entry(self, one: Complaint) -> Entry:
        seller, reason = named(one.seller), one.get_reason_display()
        facts: list[tuple[Words, Value]] = [(_("Seller"), seller), (_("Buyer"), str(one.buyer))]
        if one.product is not None:
            facts.append((_("Product"), named(one.product)))
        facts += [(_("What it is about"), reason), (_("The buyer"), one.text), (_("The seller"), one.reply)]
        return Entry(
            key=key_of(self.name, one.pk), title=_("Complaint about a seller"), about=f"{seller} · {reason}",
            url=reverse("console:complaint", args=[one.pk]), since=one.created_at, due_at=one.due_at,
            severity=Severity.HIGH if one.status == Complaint.Status.UNANSWERED else Severity.NORMAL, facts=facts,
        )  # fmt: skip


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN else f"{plain[: SHOWN - 1]}…"


SOURCES = (Demands(), Complaints())
