"""Supervised deliveries that need an operator: disputes to decide, and evidence to review (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.supervision.models import Appeal, Supervision
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class Disputes:
    name = "delivery_appeals"
    title = _("Deliveries in dispute")

    def list_url(self) -> str:
        return reverse("console:supervisions")

    def rows(self) -> QuerySet[Appeal]:
        waiting_appeals = Appeal.objects.filter(decision="").order_by("due_at", "pk")
        return waiting_appeals.select_related("supervision__line__product", "supervision__buyer", "supervision__seller")

    def entries(self, rows: Sequence[Appeal], clock: Clock) -> list[Entry]:
        del clock  # each appeal has a deadline
        return [self._entry(row) for row in rows]

    def _entry(self, row: Appeal) -> Entry:
        supervision = row.supervision
        product, buyer = localised_name(supervision.line.product), str(supervision.buyer)
        return Entry(
            key=key_of(self.name, row.pk), title=_("Delivery that buyer and seller dispute"), about=f"{product} · {buyer}",
            url=reverse("console:supervision", args=[supervision.pk]), since=row.opened_at, due_at=row.due_at,
            severity=Severity.HIGH,
            facts=(
                (_("Buyer"), buyer), (_("Seller"), localised_name(supervision.seller)), (_("Product"), product),
                (_("Appealed by"), row.get_party_display()), (_("To the operators"), row.reason),
            ),
        )  # fmt: skip


class Evidence:
    name = "delivery_reviews"
    title = _("Deliveries to review")

    def list_url(self) -> str:
        return reverse("console:supervisions") + "?status=running"

    def rows(self) -> QuerySet[Supervision]:
        waiting_supervisions = Supervision.objects.filter(status=Supervision.Status.RUNNING, owner="operator")
        return waiting_supervisions.select_related("line__product", "buyer", "seller").order_by("entered_at", "pk")

    def entries(self, rows: Sequence[Supervision], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Supervision, clock: Clock) -> Entry:
        product, buyer = localised_name(row.line.product), str(row.buyer)
        return Entry(
            key=key_of(self.name, row.pk), title=_("Delivery evidence to review"), about=f"{product} · {buyer}",
            url=reverse("console:supervision", args=[row.pk]), since=row.entered_at,
            due_at=clock.due(row.entered_at, clock.settings.supervision.supervision_appeal_workdays), severity=Severity.NORMAL,
            facts=((_("Buyer"), buyer), (_("Seller"), localised_name(row.seller)), (_("Product"), product)),
        )  # fmt: skip


SOURCES = (Disputes(), Evidence())
