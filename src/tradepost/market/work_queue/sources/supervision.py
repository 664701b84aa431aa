"""Supervised deliveries that wait for an operator: disputes to decide, evidence to look at (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.supervision.models import Appeal, Supervision
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class Disputes:
    name = "delivery_appeals"
    title = _("Deliveries in dispute")

    def list_url(self) -> str:
        return reverse("console:supervisions")

    def rows(self) -> QuerySet[Appeal]:
        waiting = Appeal.objects.filter(decision="").order_by("due_at", "pk")
        return waiting.select_related("supervision__line__product", "supervision__buyer", "supervision__seller")

    def entries(self, rows: Sequence[Appeal], clock: Clock) -> list[Entry]:
        del clock  # each says itself when it is due
        return [self._entry(one) for one in rows]

    def _entry(self, one: Appeal) -> Entry:
        supervision = one.supervision
        product, buyer = named(supervision.line.product), str(supervision.buyer)
        return Entry(
            key=key_of(self.name, one.pk), title=_("Delivery that buyer and seller dispute"), about=f"{product} · {buyer}",
            url=reverse("console:supervision", args=[supervision.pk]), since=one.opened_at, due_at=one.due_at,
            severity=Severity.HIGH,
            facts=(
                (_("Buyer"), buyer), (_("Seller"), named(supervision.seller)), (_("Product"), product),
                (_("Asked by"), one.get_party_display()), (_("To the operators"), one.reason),
            ),
        )  # fmt: skip


class Evidence:
    name = "delivery_reviews"
    title = _("Deliveries to look at")

    def list_url(self) -> str:
        return reverse("console:supervisions") + "?status=running"

    def rows(self) -> QuerySet[Supervision]:
        waiting = Supervision.objects.filter(status=Supervision.Status.RUNNING, owner="operator")
        return waiting.select_related("line__product", "buyer", "seller").order_by("entered_at", "pk")

    def entries(self, rows: Sequence[Supervision], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Supervision, clock: Clock) -> Entry:
        product, buyer = named(one.line.product), str(one.buyer)
        return Entry(
            key=key_of(self.name, one.pk), title=_("Evidence of a delivery to look at"), about=f"{product} · {buyer}",
            url=reverse("console:supervision", args=[one.pk]), since=one.entered_at,
            due_at=clock.due(one.entered_at, clock.settings.supervision_appeal_workdays), severity=Severity.NORMAL,
            facts=((_("Buyer"), buyer), (_("Seller"), named(one.seller)), (_("Product"), product)),
        )  # fmt: skip


SOURCES = (Disputes(), Evidence())
