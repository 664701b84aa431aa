"""Money that waits for an operator: proofs of transfers to compare with the bank's statement, and arrivals without a buyer."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class Proofs:
    name = "transfers"
    title = _("Transfers to check")

    def list_url(self) -> str:
        return reverse("console:transfers")

    def rows(self) -> QuerySet[Intent]:
        """By the partial index of those that wait, which is in the order of their clocks."""
        waiting = Intent.objects.filter(status=Intent.Status.IN_REVIEW)
        return waiting.select_related("user").order_by("check_by")

    def entries(self, rows: Sequence[Intent], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Intent, clock: Clock) -> Entry:
        since = one.proof_at or one.created_at
        return Entry(
            key=key_of(self.name, one.pk), title=_("Proof of a transfer"), about=f"{one.user} · {one.number}",
            url=reverse("console:transfer", args=[one.pk]), since=since,
            due_at=one.check_by or clock.due(since), severity=Severity.HIGH,
            facts=(
                (_("Buyer"), str(one.user)), (_("Reference number"), one.number), (_("Announced amount"), one.amount),
                (_("For the order"), one.purpose),
            ),
        )  # fmt: skip


class Unmatched:
    name = "unmatched"
    title = _("Unmatched money")

    def list_url(self) -> str:
        return reverse("console:unmatched")

    def rows(self) -> QuerySet[ProviderFact]:
        """By the index of a status, from its end: the oldest first."""
        return ProviderFact.objects.filter(status=ProviderFact.Status.UNMATCHED).order_by("pk")

    def entries(self, rows: Sequence[ProviderFact], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: ProviderFact, clock: Clock) -> Entry:
        return Entry(
            key=key_of(self.name, one.pk), title=_("Money whose buyer is not known"),
            about=f"{one.payer or '–'} · {one.provider_no}", url=reverse("console:unmatched_one", args=[one.pk]),
            since=one.seen_at, due_at=clock.due(one.seen_at),
            facts=(
                (_("Amount"), one.amount), (_("Payer"), one.payer), (_("Bank's number"), one.provider_no),
                (_("What was written on it"), one.words),
            ),
        )  # fmt: skip


SOURCES = (Proofs(), Unmatched())
