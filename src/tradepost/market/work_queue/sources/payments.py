"""Payments that need an operator: transfer proofs, unmatched money, withdrawals and accounts in debt."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account
from tradepost.market.payments.overdrawn import Overdrawn, overdrawn_accounts, with_debt_start
from tradepost.market.payments.withdrawal_models import OPEN_STATUSES, Withdrawal
from tradepost.market.work_queue.contract import Clock, Entry, Severity, key_of


class TransferProofs:
    name = "transfers"
    title = _("Transfers to check")

    def list_url(self) -> str:
        return reverse("console:transfers")

    def rows(self) -> QuerySet[Intent]:
        """Use the partial index of transfers in review, sorted by deadline."""
        waiting_intents = Intent.objects.filter(status=Intent.Status.IN_REVIEW)
        return waiting_intents.select_related("user", "seller").order_by("check_by")

    def entries(self, rows: Sequence[Intent], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Intent, clock: Clock) -> Entry:
        since, payer = row.proof_at or row.created_at, _payer(row)
        return Entry(
            key=key_of(self.name, row.pk), title=_("Proof of a transfer"), about=f"{payer[1]} · {row.number}",
            url=reverse("console:transfer", args=[row.pk]), since=since,
            due_at=row.check_by or clock.due(since), severity=Severity.HIGH,
            facts=(
                payer, (_("Reference number"), row.number), (_("Announced amount"), row.amount),
                (_("For the order"), row.purpose),
            ),
        )  # fmt: skip


def _payer(row: Intent) -> tuple[str | Promise, str]:
    return (_("Buyer"), str(row.user)) if row.seller is None else (_("Seller"), localised_name(row.seller, "name"))


class UnmatchedMoney:
    name = "unmatched"
    title = _("Unmatched money")

    def list_url(self) -> str:
        return reverse("console:unmatched")

    def rows(self) -> QuerySet[ProviderFact]:
        """Use the index of the status, oldest first."""
        return ProviderFact.objects.filter(status=ProviderFact.Status.UNMATCHED).order_by("pk")

    def entries(self, rows: Sequence[ProviderFact], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: ProviderFact, clock: Clock) -> Entry:
        return Entry(
            key=key_of(self.name, row.pk), title=_("Money whose buyer is not known"),
            about=f"{row.payer or '–'} · {row.provider_no}", url=reverse("console:unmatched_one", args=[row.pk]),
            since=row.seen_at, due_at=clock.due(row.seen_at),
            facts=(
                (_("Amount"), row.amount), (_("Payer"), row.payer), (_("Bank reference"), row.provider_no),
                (_("Payment reference"), row.words),
            ),
        )  # fmt: skip


class Withdrawals:
    name = "withdrawals"
    title = _("Withdrawals")

    def list_url(self) -> str:
        return reverse("console:withdrawals")

    def rows(self) -> QuerySet[Withdrawal]:
        """Use the partial index of open withdrawals, oldest first."""
        return Withdrawal.objects.filter(status__in=OPEN_STATUSES).select_related("user").order_by("pk")

    def entries(self, rows: Sequence[Withdrawal], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Withdrawal, clock: Clock) -> Entry:
        since = row.approved_at or row.requested_at
        return Entry(
            key=key_of(self.name, row.pk),
            title=_("Withdrawal to approve") if row.approved_at is None else _("Withdrawal to pay"),
            about=f"{row.user} · {row.number}", url=reverse("console:withdrawal", args=[row.pk]), since=since,
            due_at=clock.due(since), severity=Severity.HIGH,
            facts=((_("Buyer"), str(row.user)), (_("Amount"), row.amount), (_("Account holder"), row.holder)),
        )  # fmt: skip


class OverdrawnAccounts:
    name = "debts"
    title = _("Accounts in debt")

    def list_url(self) -> str:
        return reverse("console:debts")

    def rows(self) -> QuerySet[Account]:
        """Use the partial index of accounts below zero, oldest account first."""
        return overdrawn_accounts().order_by("pk")

    def entries(self, rows: Sequence[Account], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in with_debt_start(rows)]

    def _entry(self, row: Overdrawn, clock: Clock) -> Entry:
        buyer, correction = str(row.account.user), row.correction
        return Entry(
            key=key_of(self.name, row.account.pk), title=_("Buyer in debt after a correction"), about=buyer,
            url=reverse("console:account", args=[row.account.user_id]), since=row.since, due_at=clock.due(row.since),
            facts=(
                (_("Buyer"), buyer), (_("Debt"), row.debt), (_("Corrected booking"), correction.transfer.reference),
                (_("Reason"), correction.reason),
            ),
        )  # fmt: skip


SOURCES = (TransferProofs(), UnmatchedMoney(), Withdrawals(), OverdrawnAccounts())
