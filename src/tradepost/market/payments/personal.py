"""The ledger at the erasure of an account: it is append-only and kept for the legal period."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Hold, Personal

from .intent_models import Intent, ProviderFact
from .models import Account, Entry
from .withdrawal_models import Withdrawal


def _holds(user: int) -> Iterator[Hold]:
    if any(account.balance_minor for account in Account.objects.filter(user=user, kind=Account.Kind.BUYER)):
        yield Hold(code="balance")
    waiting_statuses = [Intent.Status.CREATED, Intent.Status.PENDING, Intent.Status.IN_REVIEW]
    if number := Intent.objects.filter(user=user, status__in=waiting_statuses).count():
        yield Hold(code="transfers", number=number)
    under_way = [Withdrawal.Status.REQUESTED, Withdrawal.Status.APPROVED]
    if number := Withdrawal.objects.filter(user=user, status__in=under_way).count():
        yield Hold(code="withdrawals", number=number)


EXPORTED = (
    Exported(
        name="balances", title=_("Balances"), model=Account, whose="user",
        columns="kind balance_minor currency", only=Q(kind=Account.Kind.BUYER),
    ),
    Exported(
        name="bookings", title=_("Bookings on your accounts"), model=Entry, whose="account__user",
        columns=(
            "transfer__at account__kind transfer__reason transfer__order_number amount_minor balance_after_minor "
            "account__currency"
        ),
        currency="account__currency",
    ),
    Exported(
        name="bank_transfers", title=_("Announced bank transfers"), model=Intent, whose="user",
        columns=(
            "number status amount_minor currency seller__name purpose created_at waits_until proof_at opinion "
            "ended_at"
        ),
    ),
    Exported(
        name="money_received", title=_("Money received from you"), model=ProviderFact, whose="user",
        columns="provider_no status amount_minor currency seen_at ended_at", only=Q(seller=None),
    ),
    Exported(
        name="withdrawals", title=_("Withdrawals"), model=Withdrawal, whose="user",
        columns=(
            "number status amount_minor currency holder bank branch account_hint requested_at approved_at "
            "bank_number paid_at reason ended_at"
        ),
    ),
)  # fmt: skip

PERSONAL = Personal(
    holds=_holds,
    kept={"payments.": "the ledger, with announced transfers, facts of the bank and withdrawals"},
    exported=EXPORTED,
)
