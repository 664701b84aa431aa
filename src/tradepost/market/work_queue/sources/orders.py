"""Refunds that buyers brought to the operators, because a seller did not answer (business-rules §4.7)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.orders.refund_models import Refund
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class Appeals:
    name = "refunds"
    title = _("Refunds to decide")

    def list_url(self) -> str:
        return reverse("console:refunds")

    def rows(self) -> QuerySet[Refund]:
        """By the index of a status, read from its end: the one asked for first was most likely appealed first."""
        waiting = Refund.objects.filter(status=Refund.Status.APPEALED)
        waiting = waiting.select_related("seller", "buyer", "subscription__product").order_by("pk")
        return waiting.defer("subscription__sealed_access", "subscription__sealed_license")

    def entries(self, rows: Sequence[Refund], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Refund, clock: Clock) -> Entry:
        since = one.appealed_at or one.requested_at
        product, buyer = named(one.subscription.product), str(one.buyer)
        return Entry(
            key=key_of(self.name, one.pk), title=_("Refund that the seller did not answer"), about=f"{product} · {buyer}",
            url=reverse("console:refund", args=[one.pk]), since=since,
            due_at=clock.due(since, clock.settings.review_working_days), severity=Severity.HIGH,
            facts=(
                (_("Buyer"), buyer), (_("Seller"), named(one.seller)), (_("Product"), product),
                (_("Amount asked for"), one.amount), (_("Asked at"), one.requested_at), (_("Reason"), one.reason),
                (_("To the operators"), one.appeal),
            ),
        )  # fmt: skip


SOURCES = (Appeals(),)
