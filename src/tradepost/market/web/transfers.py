"""Announced transfers for all sites: their rules from the settings, and their history."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from django.utils import timezone
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.numbers import decimal_number
from tradepost.market.base.settings.payments import BankAccount, account_for
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.correction_queries import corrections_of
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intents import CheckDeadline, TransferLimits

from .timeline import TimelineEvent, moves_of


def receiving_account() -> BankAccount | None:
    """Return the account that receives transfers, or None if the market has none in its currency."""
    settings = config()
    return account_for(settings.currency, settings.payments.bank_accounts, sandbox=settings.sandbox)


def transfer_rules(account: BankAccount) -> TransferLimits:
    settings = config()
    return TransferLimits(
        least=Money.of(settings.payments.transfer_minimum, settings.currency),
        most=Money.of(settings.payments.transfer_maximum, settings.currency),
        waits=timedelta(days=settings.payments.transfer_days),
        open_most=settings.payments.transfers_open,
        a_day=settings.payments.transfers_a_day,
        pay_to=account.model_dump(exclude_defaults=True),
    )


def parse_amount(text: str) -> Money:
    """Parse an amount in the market's currency. Raises ``Refused`` for the field ``amount``."""
    currency = config().currency
    number = decimal_number(text, digits=10, decimals=MINOR_DIGITS[currency])
    if number is None:
        words = _("Write the amount in digits, for example 1200.50.")
        raise Refused("transfer.amount", words, HTTPStatus.BAD_REQUEST, field="amount")
    return Money.of(number, currency)


def check_deadline() -> CheckDeadline:
    settings = config()
    return CheckDeadline(
        workdays=settings.payments.transfer_check_workdays,
        zone=timezone.get_default_timezone(),
        closes=settings.review_day_ends,
        open_most=settings.payments.transfers_open,
    )


def transfer_events(intent: Intent, *, for_operators: bool = False) -> list[TimelineEvent]:
    """Return the events of a transfer, oldest first. ``for_operators``: include who decided."""
    booked = _("Booked") if intent.seller_id else _("Booked to the balance")
    titles = {
        "begin": (_("Transfer announced"), "file-text", "calm"),
        "proof": (_("Proof submitted"), "upload", "info"),
        "accept": (booked, "wallet", "ok"),
        "succeed": (booked, "wallet", "ok"),
        "reject": (_("Proof not accepted"), "ban", "warn"),
        "expire": (_("No longer expected"), "clock", "calm"),
        "withdraw": (_("Withdrawn"), "x", "calm"),
    }
    events = []
    for move in moves_of("intent", intent.pk):
        title, icon, tone = titles[move.event]
        text = move.actor if for_operators and move.actor not in {"market", intent.user.email} else ""
        events.append(TimelineEvent(move.at, title, text, icon, tone))
    return events


def transfer_corrections(intent: Intent, *, for_operators: bool = False) -> list[Correction]:
    """Return the corrections of a transfer's booking, oldest first. The payer does not see later changes on the account
    of another buyer to whom the money was moved."""
    fact = getattr(intent, "fact", None)
    corrections = corrections_of(fact.booked_id) if fact is not None else []
    if for_operators or not corrections:
        return corrections
    payer_account = corrections[0].account_before_id
    return [
        correction
        for correction in corrections
        if payer_account in (correction.account_before_id, correction.account_id)
    ]
