"""What the sites share about announced transfers: their rules by the market's settings, and what happened to one in words."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.base.payment_settings import BankAccount, account_for
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intents import Checking, Rules

from .timeline import TimelineEvent, moves_of


def account_now() -> BankAccount | None:
    """Where transfers go to; None where the market has no account in its currency."""
    settings = config()
    return account_for(settings.currency, settings.bank_accounts, sandbox=settings.sandbox)


def transfer_rules(account: BankAccount) -> Rules:
    settings = config()
    return Rules(
        least=Money.of(settings.transfer_minimum, settings.currency),
        most=Money.of(settings.transfer_maximum, settings.currency),
        waits=timedelta(days=settings.transfer_days),
        open_most=settings.transfers_open,
        a_day=settings.transfers_a_day,
        pay_to=account.model_dump(exclude_defaults=True),
    )


def checking() -> Checking:
    settings = config()
    return Checking(
        workdays=settings.transfer_check_workdays,
        zone=timezone.get_default_timezone(),
        closes=settings.review_day_ends,
        open_most=settings.transfers_open,
    )


def transfer_events(intent: Intent, *, for_operators: bool = False) -> list[TimelineEvent]:
    """Oldest first. Who decided is for those who run the market."""
    told = {
        "begin": (_("Transfer announced"), "file-text", "calm"),
        "proof": (_("Proof handed in"), "upload", "info"),
        "accept": (_("Booked on the balance"), "wallet", "ok"),
        "succeed": (_("Booked on the balance"), "wallet", "ok"),
        "reject": (_("Proof not accepted"), "ban", "warn"),
        "expire": (_("No longer waited for"), "clock", "calm"),
        "withdraw": (_("Withdrawn"), "x", "calm"),
    }
    events = []
    for move in moves_of("intent", intent.pk):
        title, icon, tone = told[move.event]
        text = move.actor if for_operators and move.actor not in {"market", intent.user.email} else ""
        events.append(TimelineEvent(move.at, title, text, icon, tone))
    return events
