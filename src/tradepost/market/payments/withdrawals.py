"""Withdraw a buyer's balance to a bank account: request, approve, pay, or return (decision 0107).

Request: BUYER −, HELD +. Rejected or withdrawn: HELD −, BUYER +. Paid: HELD −, CASH +. Returned by the bank: CASH −,
BUYER +.

The withdrawal is locked first, then the buyer's account.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.certify import sealed_account
from tradepost.market.identity.models import User

from .confirm import bank_number, check_not_own
from .events import WithdrawalMoved
from .ledger import Overdrawn, book, buyer_account, lock_buyer, market_account
from .models import Account, Transfer
from .withdrawal_lifecycle import WITHDRAWAL, WithdrawalEvent
from .withdrawal_models import OPEN_STATUSES, Withdrawal

MAX_OPEN = 5
"""Open withdrawals per buyer."""
MAX_REASON = 500
MAX_NAME = 128
MIN_DIGITS, MAX_DIGITS = 8, 32


class Payee(Struct, frozen=True, kw_only=True):
    """Bank account of the recipient."""

    holder: str
    bank: str
    branch: str = ""
    account: str


def request(
    user: User, amount: Money, payee: Payee, *, now: datetime, draw: ids.Chance = ids.draw_random
) -> Withdrawal:
    """Request a withdrawal and hold the money. Raises ``Refused`` and then changes nothing."""
    names, digits = _payee_names(payee), _account_digits(payee.account)
    if amount.minor <= 0:
        raise _invalid("amount", _("Enter an amount above zero."))
    with transaction.atomic():
        account = lock_buyer(user, amount.currency)
        if account.balance_minor < amount.minor:
            raise Refused("withdrawal.too_much", _("Your balance is lower than this amount."), field="amount")
        if Withdrawal.objects.filter(user=user, status__in=OPEN_STATUSES).count() >= MAX_OPEN:
            words = _("%(number)s withdrawals are open already. Wait until one is paid, or withdraw one.")
            raise Refused("withdrawal.too_many", words % {"number": MAX_OPEN})
        sealed, hint = sealed_account(digits)
        withdrawal = Withdrawal.objects.create(
            number=ids.dated_number("WD", now, draw), user=user, amount_minor=amount.minor, currency=amount.currency,
            sealed_account=sealed, account_hint=hint, requested_at=now, **names,
        )  # fmt: skip
        _move(
            withdrawal, (Account.Kind.BUYER, Account.Kind.HELD), Transfer.Reason.WITHDRAWAL, actor=user.email, now=now
        )
        outbox.publish(WithdrawalMoved(withdrawal=withdrawal.pk, status=withdrawal.status), now=now)
    return withdrawal


def withdraw(withdrawal: Withdrawal, *, now: datetime) -> None:
    """Withdraw the request. Raises ``IllegalTransition`` once it is approved."""
    with transaction.atomic():
        current_withdrawal = _locked(withdrawal)
        WITHDRAWAL.move_all(
            [current_withdrawal], WithdrawalEvent.WITHDRAW, now=now, actor=current_withdrawal.user.email, ended_at=now
        )
        _release(current_withdrawal, current_withdrawal.user.email, now)


def approve(withdrawal: Withdrawal, *, by: User, now: datetime) -> None:
    """Approve the request. Raises ``Refused`` for the operator's own, and ``IllegalTransition``."""
    check_not_own(withdrawal.user, None, by)
    with transaction.atomic():
        current_withdrawal = _locked(withdrawal)
        WITHDRAWAL.move_all(
            [current_withdrawal],
            WithdrawalEvent.APPROVE,
            now=now,
            actor=by.email,
            approved_by=by.email,
            approved_at=now,
        )
        outbox.publish(WithdrawalMoved(withdrawal=current_withdrawal.pk, status=current_withdrawal.status), now=now)


def reject(withdrawal: Withdrawal, reason: str, *, by: User, now: datetime) -> None:
    """Reject the request before or after approval, until it is paid. Raises ``Refused`` and then changes nothing."""
    check_not_own(withdrawal.user, None, by)
    reason_text = _reason(reason)
    with transaction.atomic():
        current_withdrawal = _locked(withdrawal)
        WITHDRAWAL.move_all(
            [current_withdrawal],
            WithdrawalEvent.REJECT,
            now=now,
            actor=by.email,
            note=reason_text,
            reason=reason_text,
            ended_at=now,
        )
        _release(current_withdrawal, by.email, now)


def pay(withdrawal: Withdrawal, number: str, *, by: User, now: datetime) -> None:
    """Record the payment by the bank. ``number``: the bank's number, which is booked once. Raises ``Refused`` and then
    changes nothing."""
    check_not_own(withdrawal.user, None, by)
    reference = bank_number(number)
    repeated_refusal = Refused(
        "withdrawal.repeated", _("A payment with this number is recorded already."), field="bank_number"
    )
    if Transfer.objects.filter(reason=Transfer.Reason.PAID_OUT, reference__in={reference, number.strip()}).exists():
        raise repeated_refusal
    try:
        with transaction.atomic():
            current_withdrawal = _locked(withdrawal)
            WITHDRAWAL.move_all(
                [current_withdrawal], WithdrawalEvent.PAY, now=now, actor=by.email, note=reference, bank_number=reference, paid_at=now,
                ended_at=now,
            )  # fmt: skip
            kinds = (Account.Kind.HELD, Account.Kind.CASH)
            _move(current_withdrawal, kinds, Transfer.Reason.WITHDRAWN, reference=reference, actor=by.email, now=now)
            outbox.publish(WithdrawalMoved(withdrawal=current_withdrawal.pk, status=current_withdrawal.status), now=now)
    except IntegrityError:
        raise repeated_refusal from None


def bounce(withdrawal: Withdrawal, reason: str, *, by: User, now: datetime) -> None:
    """Return the money to the balance because the bank returned it. Raises ``Refused`` and then changes nothing."""
    check_not_own(withdrawal.user, None, by)
    reason_text = _reason(reason)
    with transaction.atomic():
        current_withdrawal = _locked(withdrawal)
        WITHDRAWAL.move_all(
            [current_withdrawal],
            WithdrawalEvent.RETURN,
            now=now,
            actor=by.email,
            note=reason_text,
            reason=reason_text,
            ended_at=now,
        )
        kinds = (Account.Kind.CASH, Account.Kind.BUYER)
        _move(current_withdrawal, kinds, Transfer.Reason.WITHDRAWAL_RETURNED, actor=by.email, now=now)
        outbox.publish(WithdrawalMoved(withdrawal=current_withdrawal.pk, status=current_withdrawal.status), now=now)


def account_of(withdrawal: Withdrawal) -> str:
    """Return the account number in clear text, for the operator who makes the payment. Empty if it cannot be read."""
    try:
        return unseal(withdrawal.sealed_account)
    except ValueError:
        return ""


def _release(withdrawal: Withdrawal, actor: str, now: datetime) -> None:
    kinds = (Account.Kind.HELD, Account.Kind.BUYER)
    _move(withdrawal, kinds, Transfer.Reason.WITHDRAWAL_RELEASED, actor=actor, now=now)
    outbox.publish(WithdrawalMoved(withdrawal=withdrawal.pk, status=withdrawal.status), now=now)


def _move(
    withdrawal: Withdrawal, kinds: tuple[Account.Kind, Account.Kind], reason: Transfer.Reason, *, actor: str, now: datetime,
    reference: str = "",
) -> None:  # fmt: skip
    """Book the whole amount from one account to another. ``reference``: by default the withdrawal's number."""
    source, target = (
        buyer_account(withdrawal.user, withdrawal.currency)
        if kind == Account.Kind.BUYER
        else market_account(kind, withdrawal.currency)
        for kind in kinds
    )
    booking = Transfer(
        reason=reason, reference=reference or withdrawal.number, note=withdrawal.number, actor=actor, at=now
    )
    try:
        book([(source, -withdrawal.amount_minor), (target, withdrawal.amount_minor)], booking)
    except Overdrawn:
        raise Refused("withdrawal.too_much", _("Your balance is lower than this amount."), field="amount") from None


def _locked(withdrawal: Withdrawal) -> Withdrawal:
    return Withdrawal.objects.select_for_update(of=("self",)).select_related("user").get(pk=withdrawal.pk)


def _payee_names(payee: Payee) -> dict[str, str]:
    names = {name: " ".join(getattr(payee, name).split()) for name in ("holder", "bank", "branch")}
    for name, words in (
        ("holder", _("Enter the name of the account holder.")),
        ("bank", _("Enter the name of the bank.")),
    ):
        if not names[name]:
            raise _invalid(name, words)
    for name, text in names.items():
        if len(text) > MAX_NAME:
            raise _invalid(name, _("At most %(most)s characters.") % {"most": MAX_NAME})
    return names


def _account_digits(account: str) -> str:
    digits = "".join(unicodedata.normalize("NFKC", account[:100]).split()).replace("-", "")
    if not (digits.isascii() and digits.isdigit() and MIN_DIGITS <= len(digits) <= MAX_DIGITS):
        raise _invalid("account", _("The number of a bank account has 8 to 32 digits."))
    return digits


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > MAX_REASON:
        raise _invalid("reason", _("Enter the reason, in at most 500 characters. The buyer can see it."))
    return reason


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"withdrawal.{field}", words, HTTPStatus.BAD_REQUEST, field=field)
