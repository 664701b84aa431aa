"""Refund requests that buyers brought to the operators, because the seller did not answer (business-rules §4.7)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.orders.refund_models import Refund
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class RefundAppeals:
    name = "refunds"
    title = _("Refunds to decide")

    def list_url(self) -> str:
        return reverse("console:refunds")

    def rows(self) -> QuerySet[Refund]:
        """Use the index of the status, oldest request first, which was most likely appealed first."""
        waiting_refunds = Refund.objects.filter(status=Refund.Status.APPEALED)
        waiting_refunds = waiting_refunds.select_related("seller", "buyer", "subscription__product").order_by("pk")
        return waiting_refunds.defer("subscription__sealed_access", "subscription__sealed_license")

    def entries(self, rows: Sequence[Refund], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Refund, clock: Clock) -> Entry:
        since = row.appealed_at or row.requested_at
        product, buyer = localised_name(row.subscription.product), str(row.buyer)
        return Entry(
            key=key_of(self.name, row.pk), title=_("Refund that the seller did not answer"), about=f"{product} · {buyer}",
            url=reverse("console:refund", args=[row.pk]), since=since,
            due_at=clock.due(since, clock.settings.review.review_working_days), severity=Severity.HIGH,
            facts=(
                (_("Buyer"), buyer), (_("Seller"), localised_name(row.seller)), (_("Product"), product),
                (_("Amount asked for"), row.amount), (_("Asked at"), row.requested_at), (_("Reason"), row.reason),
                (_("To the operators"), row.appeal),
            ),
        )  # fmt: skip


SOURCES = (RefundAppeals(),)
