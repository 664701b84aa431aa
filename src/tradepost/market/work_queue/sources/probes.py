"""Products that probes froze, products with too many failed orders, and failing products (business-rules §10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.catalog.models import Product
from tradepost.market.probes.models import Health, WorkItem
from tradepost.market.work_queue.contract import Clock, Entry, FactValue, Severity, TranslatedText, key_of


class ProbeWorkItems:
    name = "probes"
    title = _("Products to decide on")

    def list_url(self) -> str:
        return reverse("console:probes")

    def rows(self) -> QuerySet[WorkItem]:
        """Use the index of open work items, oldest first."""
        return WorkItem.objects.filter(closed_at=None).select_related("product__seller").order_by("opened_at", "pk")

    def entries(self, rows: Sequence[WorkItem], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: WorkItem, clock: Clock) -> Entry:
        product, seller = localised_name(row.product), localised_name(row.product.seller)
        return Entry(
            key=key_of(self.name, row.pk), title=row.get_kind_display(), about=f"{product} · {seller}",
            url=reverse("console:probes"), since=row.opened_at,
            due_at=clock.due(row.opened_at, clock.settings.review.review_working_days), severity=Severity.HIGH,
            facts=((_("Seller"), seller), (_("Product"), product)),
        )  # fmt: skip


class FailingProducts:
    name = "failing"
    title = _("Products that fail their probes")

    def list_url(self) -> str:
        return reverse("console:probes")

    def rows(self) -> QuerySet[Health]:
        """Use the index of failing products, the nearest freeze first."""
        failing_health = Health.objects.filter(freezes_on__isnull=False, product__status=Product.Status.ON_SALE)
        return failing_health.select_related("product__seller").order_by("freezes_on", "product")

    def entries(self, rows: Sequence[Health], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Health, clock: Clock) -> Entry:
        product, seller = localised_name(row.product), localised_name(row.product.seller)
        freezes_on = datetime.combine(row.freezes_on, time(), clock.zone) if row.freezes_on else None
        facts: list[tuple[TranslatedText, FactValue]] = [(_("Seller"), seller), (_("Product"), product)]
        facts.append((_("Consecutive failing days"), str(row.streak)))
        if freezes_on is not None:
            facts.append((_("Sales suspended, if nothing changes"), freezes_on))
        return Entry(
            key=key_of(self.name, row.pk), title=_("Fails its probes"), about=f"{product} · {seller}",
            url=reverse("console:product", args=[row.pk]), since=row.since or row.seen_at or clock.now,
            due_at=freezes_on, severity=Severity.LOW, facts=facts,
        )  # fmt: skip


SOURCES = (ProbeWorkItems(), FailingProducts())
