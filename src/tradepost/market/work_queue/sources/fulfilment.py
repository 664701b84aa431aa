"""Operations that stopped until somebody resolves them, and services that are not at their seller as the market has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.base.models import Move
from tradepost.market.fulfilment.cases import kind_of
from tradepost.market.fulfilment.drift_models import Drift
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operation_lists import STATES, with_service
from tradepost.market.production import reasons
from tradepost.market.work_queue.contract import Clock, Entry, Severity, Value, Words, key_of


class Stopped:
    name = "operations"
    title = _("Stopped operations")

    def list_url(self) -> str:
        return reverse("console:operations")

    def rows(self) -> QuerySet[Operation]:
        """The index of what stopped serves it; the oldest operation first."""
        return with_service(Operation.objects.filter(STATES["stopped"]).select_related("seller")).order_by("pk")

    def entries(self, rows: Sequence[Operation], clock: Clock) -> list[Entry]:
        stopped_at = _stopped_at(rows)
        return [self._entry(one, stopped_at.get(one.pk, one.created_at), clock) for one in rows]

    def _entry(self, one: Operation, since: datetime, clock: Clock) -> Entry:
        seller = named(one.seller)
        facts: list[tuple[Words, Value]] = [(_("Seller"), seller)]
        about = seller
        if one.subscription is not None:
            about = f"{named(one.subscription.product)} · {seller}"
            facts += [(_("Product"), named(one.subscription.product)), (_("Buyer"), str(one.subscription.buyer))]
        if one.line is not None:
            facts += [(_("Order"), one.line.order.number), (_("Amount paid"), one.line.order.total)]
        if one.note:
            facts.append((_("Why"), _why(one)))
        return Entry(
            key=key_of(self.name, one.pk),
            title=gettext("Stopped: %(operation)s") % {"operation": kind_of(one).title},
            about=about, url=reverse("console:operation", args=[one.pk]), since=since, due_at=clock.due(since),
            severity=Severity.HIGH if one.line is not None else Severity.NORMAL,
            facts=facts,
        )  # fmt: skip


def _stopped_at(rows: Sequence[Operation]) -> dict[int, datetime]:
    """When each stopped last: the history says so, in one query."""
    moves = Move.objects.filter(lifecycle="operation", subject__in=[str(one.pk) for one in rows], event="stop")
    return {int(subject): at for subject, at in moves.order_by("pk").values_list("subject", "at")}


def _why(one: Operation) -> str:
    if not reasons.is_verdict(one.note):
        return gettext(one.note)
    return reasons.title(one.note, protocol=one.call.protocol if one.call is not None else "")


class Drifts:
    name = "drift"
    title = _("Services that differ at their seller")

    def list_url(self) -> str:
        return reverse("console:reconcile")

    def rows(self) -> QuerySet[Drift]:
        """The index of what stands serves it; what was found first comes first."""
        standing = Drift.objects.filter(settled_at=None).select_related("seller", "subscription__product")
        return standing.defer("subscription__sealed_access", "subscription__sealed_license").order_by("pk")

    def entries(self, rows: Sequence[Drift], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Drift, clock: Clock) -> Entry:
        product, seller = named(one.subscription.product), named(one.seller)
        return Entry(
            key=key_of(self.name, one.pk), title=one.get_what_display(), about=f"{product} · {seller}",
            url=reverse("console:service", args=[one.subscription_id]), since=one.found_at,
            due_at=clock.due(one.found_at), severity=Severity.NORMAL,
            facts=(
                (_("Seller"), seller), (_("Product"), product), ("instanceId", one.subscription.instance_id),
                (_("What mends it"), one.get_repair_display()),
                (_("Seen last"), one.seen_at),
            ),
        )  # fmt: skip


SOURCES = (Stopped(), Drifts())
