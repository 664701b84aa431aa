"""Buyers whose services are frozen for arrears, until they pay or the services are deleted (business-rules §4.4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.money import Money
from tradepost.market.billing.models import Arrears
from tradepost.market.billing.operator_queries import debts_of
from tradepost.market.work_queue.contract import Clock, Entry, FactValue, Severity, TranslatedText, key_of


class FrozenBuyers:
    name = "arrears"
    title = _("Services frozen for arrears")

    def list_url(self) -> str:
        return reverse("console:arrears")

    def rows(self) -> QuerySet[Arrears]:
        """Use the index of frozen arrears, the earliest deletion first. Arrears in grace or after deletion need no
        action."""
        frozen = Arrears.objects.filter(status=Arrears.Status.FROZEN)
        return frozen.select_related("buyer").order_by("releases_at", "pk")

    def entries(self, rows: Sequence[Arrears], clock: Clock) -> list[Entry]:  # noqa: ARG002  # # noqa: ARG002 # arrears have their own deadlines
        owed = debts_of(rows)
        return [self._entry(row, owed[row.pk]) for row in rows]

    def _entry(self, row: Arrears, owed_amount: Money) -> Entry:
        facts: list[tuple[TranslatedText, FactValue]] = [
            (_("Buyer"), str(row.buyer)), (_("Level"), row.level), (_("Owed"), owed_amount), (_("Frozen since"), row.freezes_at),
            (_("Deleted from"), row.releases_at),
        ]  # fmt: skip
        return Entry(
            key=key_of(self.name, row.pk), title=_("Services of a buyer who owes are deleted soon"), about=str(row.buyer),
            url=reverse("console:account", args=[row.buyer_id]), since=row.freezes_at, due_at=row.releases_at,
            severity=Severity.HIGH, facts=facts,
        )  # fmt: skip


SOURCES = (FrozenBuyers(),)
