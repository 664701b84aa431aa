"""Products that their probes froze or whose orders failed too often, and those that will be frozen (business-rules §10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.catalog.models import Product
from tradepost.market.probes.models import Health, WorkItem
from tradepost.market.work_queue.contract import Clock, Entry, Severity, Value, Words, key_of


class Items:
    name = "probes"
    title = _("Products to decide on")

    def list_url(self) -> str:
        return reverse("console:probes")

    def rows(self) -> QuerySet[WorkItem]:
        """The index of what is open serves it, oldest first."""
        return WorkItem.objects.filter(closed_at=None).select_related("product__seller").order_by("opened_at", "pk")

    def entries(self, rows: Sequence[WorkItem], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: WorkItem, clock: Clock) -> Entry:
        product, seller = named(one.product), named(one.product.seller)
        return Entry(
            key=key_of(self.name, one.pk), title=one.get_kind_display(), about=f"{product} · {seller}",
            url=reverse("console:probes"), since=one.opened_at,
            due_at=clock.due(one.opened_at, clock.settings.review_working_days), severity=Severity.HIGH,
            facts=((_("Seller"), seller), (_("Product"), product)),
        )  # fmt: skip


class Failing:
    name = "failing"
    title = _("Products that fail their probes")

    def list_url(self) -> str:
        return reverse("console:probes")

    def rows(self) -> QuerySet[Health]:
        """The index of what fails serves it, the nearest freeze first."""
        failing = Health.objects.filter(freezes_on__isnull=False, product__status=Product.Status.ON_SALE)
        return failing.select_related("product__seller").order_by("freezes_on", "product")

    def entries(self, rows: Sequence[Health], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Health, clock: Clock) -> Entry:
        product, seller = named(one.product), named(one.product.seller)
        freezes_on = datetime.combine(one.freezes_on, time(), clock.zone) if one.freezes_on else None
        facts: list[tuple[Words, Value]] = [(_("Seller"), seller), (_("Product"), product)]
        facts.append((_("Failing days in a row"), str(one.streak)))
        if freezes_on is not None:
            facts.append((_("Is frozen, if nothing changes"), freezes_on))
        return Entry(
            key=key_of(self.name, one.pk), title=_("Fails its probes"), about=f"{product} · {seller}",
            url=reverse("console:product", args=[one.pk]), since=one.since or one.seen_at or clock.now,
            due_at=freezes_on, severity=Severity.LOW, facts=facts,
        )  # fmt: skip


SOURCES = (Items(), Failing())
