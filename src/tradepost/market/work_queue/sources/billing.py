"""Buyers whose services were frozen because they owe for usage, until they pay or all is deleted (business-rules §4.4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.money import Money
from tradepost.market.billing.models import Arrears
from tradepost.market.billing.operator_queries import owed_of
from tradepost.market.work_queue.contract import Clock, Entry, Severity, Value, Words, key_of


class Frozen:
    name = "arrears"
    title = _("Services frozen for arrears")

    def list_url(self) -> str:
        return reverse("console:arrears")

    def rows(self) -> QuerySet[Arrears]:
        """By the index of those that are frozen: what is deleted first comes first. Who is in grace needs nobody yet, and what was
        deleted nobody can help any more."""
        frozen = Arrears.objects.filter(status=Arrears.Status.FROZEN)
        return frozen.select_related("buyer").order_by("releases_at", "pk")

    def entries(self, rows: Sequence[Arrears], clock: Clock) -> list[Entry]:  # noqa: ARG002  # its clock is the arrears own
        owed = owed_of(rows)
        return [self._entry(one, owed[one.pk]) for one in rows]

    def _entry(self, one: Arrears, owed: Money) -> Entry:
        facts: list[tuple[Words, Value]] = [
            (_("Buyer"), str(one.buyer)), (_("Level"), one.level), (_("Owed"), owed), (_("Frozen since"), one.freezes_at),
            (_("Deleted from"), one.releases_at),
        ]  # fmt: skip
        return Entry(
            key=key_of(self.name, one.pk), title=_("Services of a buyer who owes are deleted soon"), about=str(one.buyer),
            url=reverse("console:account", args=[one.buyer_id]), since=one.freezes_at, due_at=one.releases_at,
            severity=Severity.HIGH, facts=facts,
        )  # fmt: skip


SOURCES = (Frozen(),)
