"""Pay an approved statement to the seller's certified account, by a bank transfer that an operator records
(business-rules §8.1 steps 5 and 6, §8.4)."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.certify import certification_of
from tradepost.market.identity.models import Member, User
from tradepost.market.payments import settling
from tradepost.market.payments.withdrawal_queries import is_withdrawal

from .events import StatementPaid, StatementPaymentFailed
from .lifecycle import STATEMENT, StatementEvent
from .models import Statement
from .texts import checked_text, invalid

PAYEE_FIELDS = ("bank", "branch", "sealed_account", "account_hint")
_BANK_NUMBER = re.compile(r"[0-9A-Za-z-]{4,40}")
NOT_CERTIFIED = "not_certified"
"""History note if the seller has no account."""


def begin_payment(statement: Statement, *, now: datetime, actor: str = "market") -> None:
    """Begin the payment of an approved, locked statement: store its recipient, or why there is none."""
    payee = _payee(statement)
    if payee is None:
        STATEMENT.move_all([statement], StatementEvent.FAIL, now=now, actor=actor, note=NOT_CERTIFIED, reason="")
        _failed(statement, now)
        return
    STATEMENT.move_all([statement], StatementEvent.APPLY, now=now, actor=actor, reason="", **payee)


def _payee(statement: Statement) -> dict[str, str] | None:
    certification = certification_of(statement.seller)
    if certification is None or certification.certified_at is None:
        return None
    return {"holder": certification.account_holder, **{name: getattr(certification, name) for name in PAYEE_FIELDS}}


def _failed(statement: Statement, now: datetime) -> None:
    outbox.publish(StatementPaymentFailed(statement=statement.pk, occasion=f"{now:%Y%m%d%H%M%S}"), now=now)


def retry_payment(statement: Statement, *, by: User, now: datetime) -> None:
    """Retry the payment after the account was certified or changed, or the payment was refused. Raises ``Refused`` if
    the cause remains, and ``IllegalTransition``."""
    with transaction.atomic():
        current_statement = locked(statement)
        if (payee := _payee(current_statement)) is None:
            raise Refused(
                "statement.not_certified",
                _("The seller has no certified account yet. Try again after the seller is certified."),
            )
        if current_statement.status == Statement.Status.PAYMENT_WRONG:
            if payee == {name: getattr(current_statement, name) for name in payee}:
                raise Refused(
                    "statement.same_account",
                    _(
                        "The seller's account is still the incorrect one. Wait until the seller has changed its "
                        "certification."
                    ),
                )
            STATEMENT.move_all([current_statement], StatementEvent.RETRY, now=now, actor=by.email, reason="", **payee)
            return
        event = StatementEvent.RESTART if current_statement.status == Statement.Status.REFUSED else StatementEvent.RETRY
        STATEMENT.move_all([current_statement], event, now=now, actor=by.email)
        begin_payment(current_statement, now=now, actor=by.email)


def account_of(statement: Statement) -> str:
    """Return the account number in clear text, for the operator who makes the transfer. Empty if it cannot be read."""
    try:
        return unseal(statement.sealed_account) if statement.sealed_account else ""
    except ValueError:
        return ""


def report_wrong_account(statement: Statement, reason: str, *, by: User, now: datetime) -> None:
    """Record that the bank does not know the account; the seller must change its certification. Raises ``Refused``."""
    reason_text = checked_text(
        reason, "reason", _("Enter the reason given by the bank. The seller uses it to correct the account.")
    )
    with transaction.atomic():
        current_statement = locked(statement)
        STATEMENT.move_all(
            [current_statement],
            StatementEvent.BAD_DETAILS,
            now=now,
            actor=by.email,
            note=reason_text,
            reason=reason_text,
        )
        _failed(current_statement, now)


def refuse_payment(statement: Statement, reason: str, *, by: User, now: datetime) -> None:
    """Refuse the payment with a reason for the seller. Raises ``Refused``."""
    reason_text = checked_text(reason, "reason", _("Enter the reason. The seller can see it."))
    with transaction.atomic():
        current_statement = locked(statement)
        STATEMENT.move_all(
            [current_statement], StatementEvent.REFUSE, now=now, actor=by.email, note=reason_text, reason=reason_text
        )
        _failed(current_statement, now)


def pay(statement: Statement, bank_number: str, *, by: User, now: datetime) -> None:
    """Record the payment. ``bank_number``: number of the bank transfer, one per statement. Raises ``Refused``, also for
    the operator's own company."""
    number = bank_number.strip()
    if not _BANK_NUMBER.fullmatch(number):
        raise invalid("bank_number", _("Enter the bank reference of the transfer: 4 to 40 letters and digits."))
    if Member.objects.filter(seller=statement.seller_id, user=by).exists():
        raise Refused(
            "statement.own",
            _("You are a member of this seller, so another operator must record the payment."),
            HTTPStatus.FORBIDDEN,
        )
    already_recorded = invalid(
        "bank_number", _("A payment with this number is already recorded. One transfer pays only one statement.")
    )
    if is_withdrawal(number):
        raise already_recorded
    try:
        with transaction.atomic():
            current_statement = locked(statement)
            STATEMENT.after(current_statement.status, StatementEvent.PAY)
            booked_transfer = settling.pay_out(
                current_statement.seller,
                current_statement.net,
                reference=number,
                actor=by.email,
                now=now,
                note=current_statement.number,
            )
            STATEMENT.move_all(
                [current_statement],
                StatementEvent.PAY,
                now=now,
                actor=by.email,
                note=number,
                paid_at=now,
                paid=booked_transfer,
                reason="",
            )
            outbox.publish(StatementPaid(statement=current_statement.pk), now=now)
    except IntegrityError:
        raise already_recorded from None


def locked(statement: Statement) -> Statement:
    return Statement.objects.select_for_update(of=("self",)).select_related("seller").get(pk=statement.pk)
