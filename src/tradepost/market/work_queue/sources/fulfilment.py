"""Stopped operations, and services whose state differs at their seller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.models import Move
from tradepost.market.fulfilment.cases import kind_of
from tradepost.market.fulfilment.drift_models import Drift
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operation_lists import STATES, with_service
from tradepost.market.production import reasons
from tradepost.market.work_queue.contract import Clock, Entry, FactValue, Severity, TranslatedText, key_of


class StoppedOperations:
    name = "operations"
    title = _("Stopped operations")

    def list_url(self) -> str:
        return reverse("console:operations")

    def rows(self) -> QuerySet[Operation]:
        """Use the index of stopped operations, oldest first."""
        return with_service(Operation.objects.filter(STATES["stopped"]).select_related("seller")).order_by("pk")

    def entries(self, rows: Sequence[Operation], clock: Clock) -> list[Entry]:
        stopped_at = _stopped_at(rows)
        return [self._entry(row, stopped_at.get(row.pk, row.created_at), clock) for row in rows]

    def _entry(self, row: Operation, since: datetime, clock: Clock) -> Entry:
        seller = localised_name(row.seller)
        facts: list[tuple[TranslatedText, FactValue]] = [(_("Seller"), seller)]
        about = seller
        if row.subscription is not None:
            about = f"{localised_name(row.subscription.product)} · {seller}"
            facts += [
                (_("Product"), localised_name(row.subscription.product)),
                (_("Buyer"), str(row.subscription.buyer)),
            ]
        if row.line is not None:
            facts += [(_("Order"), row.line.order.number), (_("Amount paid"), row.line.order.total)]
        if row.note:
            facts.append((_("Why"), _reason(row)))
        return Entry(
            key=key_of(self.name, row.pk),
            title=gettext("Stopped: %(operation)s") % {"operation": kind_of(row).title},
            about=about, url=reverse("console:operation", args=[row.pk]), since=since, due_at=clock.due(since),
            severity=Severity.HIGH if row.line is not None else Severity.NORMAL,
            facts=facts,
        )  # fmt: skip


def _stopped_at(rows: Sequence[Operation]) -> dict[int, datetime]:
    """Return when each operation last stopped, from its history, with one query."""
    moves = Move.objects.filter(lifecycle="operation", subject__in=[str(row.pk) for row in rows], event="stop")
    return {int(subject): at for subject, at in moves.order_by("pk").values_list("subject", "at")}


def _reason(row: Operation) -> str:
    if not reasons.is_verdict(row.note):
        return gettext(row.note)
    return reasons.title(row.note, protocol=row.call.protocol if row.call is not None else "")


class Drifts:
    name = "drift"
    title = _("Services that differ at their seller")

    def list_url(self) -> str:
        return reverse("console:reconcile")

    def rows(self) -> QuerySet[Drift]:
        """Use the index of open differences, oldest first."""
        open_drifts = Drift.objects.filter(settled_at=None).select_related("seller", "subscription__product")
        return open_drifts.defer("subscription__sealed_access", "subscription__sealed_license").order_by("pk")

    def entries(self, rows: Sequence[Drift], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Drift, clock: Clock) -> Entry:
        product, seller = localised_name(row.subscription.product), localised_name(row.seller)
        return Entry(
            key=key_of(self.name, row.pk), title=row.get_what_display(), about=f"{product} · {seller}",
            url=reverse("console:service", args=[row.subscription_id]), since=row.found_at,
            due_at=clock.due(row.found_at), severity=Severity.NORMAL,
            facts=(
                (_("Seller"), seller), (_("Product"), product), ("instanceId", row.subscription.instance_id),
                (_("Resolution"), row.get_repair_display()),
                (_("Seen last"), row.seen_at),
            ),
        )  # fmt: skip


SOURCES = (StoppedOperations(), Drifts())
