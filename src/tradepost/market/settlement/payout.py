"""Pay a statement that was agreed to: to the seller's certified account, by a transfer of the market's bank that an operator enters
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

from .events import StatementPaid, StatementPaymentFailed
from .lifecycle import STATEMENT, StatementEvent
from .models import Statement
from .words_given import said, wrong

PAYEE = ("bank", "branch", "sealed_account", "account_hint")
_BANK_NUMBER = re.compile(r"[0-9A-Za-z-]{4,40}")
NOT_CERTIFIED = "not_certified"
"""Note of the history where there is no account to pay to."""


def begin(statement: Statement, *, now: datetime, actor: str = "market") -> None:
    """Of a statement that is agreed to, and locked: to whom it goes is written down, or why that is not known."""
    payee = _payee(statement)
    if payee is None:
        STATEMENT.move_all([statement], StatementEvent.FAIL, now=now, actor=actor, note=NOT_CERTIFIED, reason="")
        _failed(statement, now)
        return
    STATEMENT.move_all([statement], StatementEvent.APPLY, now=now, actor=actor, reason="", **payee)


def _payee(statement: Statement) -> dict[str, str] | None:
    certified = certification_of(statement.seller)
    if certified is None or certified.certified_at is None:
        return None
    return {"holder": certified.account_holder, **{name: getattr(certified, name) for name in PAYEE}}


def _failed(statement: Statement, now: datetime) -> None:
    outbox.publish(StatementPaymentFailed(statement=statement.pk, occasion=f"{now:%Y%m%d%H%M%S}"), now=now)


def begin_again(statement: Statement, *, by: User, now: datetime) -> None:
    """What stood in the way is mended: no account was certified, it was another one, or the payment was refused. Raises
    ``Refused`` where it is not mended, and ``IllegalTransition``."""
    with transaction.atomic():
        standing = locked(statement)
        if (payee := _payee(standing)) is None:
            raise Refused(
                "statement.not_certified",
                _("The seller has no certified account yet: it applies for the certification, then try again."),
            )
        if standing.status == Statement.Status.PAYMENT_WRONG:
            if payee == {name: getattr(standing, name) for name in payee}:
                raise Refused(
                    "statement.same_account",
                    _("The seller's account is still the one that was wrong: it has its certification changed first."),
                )
            STATEMENT.move_all([standing], StatementEvent.RETRY, now=now, actor=by.email, reason="", **payee)
            return
        again = StatementEvent.RESTART if standing.status == Statement.Status.REFUSED else StatementEvent.RETRY
        STATEMENT.move_all([standing], again, now=now, actor=by.email)
        begin(standing, now=now, actor=by.email)


def account_of(statement: Statement) -> str:
    """The number of the account that it goes to, in the clear: for whoever makes the transfer. Empty where it cannot be read."""
    try:
        return unseal(statement.sealed_account) if statement.sealed_account else ""
    except ValueError:
        return ""


def bad_details(statement: Statement, reason: str, *, by: User, now: datetime) -> None:
    """The bank knows no such account: its seller has its certification changed. Raises ``Refused``."""
    why = said(reason, "reason", _("Say what the bank said: the seller mends it."))
    with transaction.atomic():
        standing = locked(statement)
        STATEMENT.move_all([standing], StatementEvent.BAD_DETAILS, now=now, actor=by.email, note=why, reason=why)
        _failed(standing, now)


def refuse(statement: Statement, reason: str, *, by: User, now: datetime) -> None:
    """It is not paid for now, for a reason that its seller reads. Raises ``Refused``."""
    why = said(reason, "reason", _("Say why: the seller reads it."))
    with transaction.atomic():
        standing = locked(statement)
        STATEMENT.move_all([standing], StatementEvent.REFUSE, now=now, actor=by.email, note=why, reason=why)
        _failed(standing, now)


def pay(statement: Statement, bank_number: str, *, by: User, now: datetime) -> None:
    """The bank paid it. ``bank_number``: of its transfer, which pays one statement. Raises ``Refused``: nobody pays themselves."""
    number = bank_number.strip()
    if not _BANK_NUMBER.fullmatch(number):
        raise wrong("bank_number", _("Give the bank's number of the transfer: 4 to 40 letters and digits."))
    if Member.objects.filter(seller=statement.seller_id, user=by).exists():
        raise Refused(
            "statement.own",
            _("You act for this seller: another operator records what it is paid."),
            HTTPStatus.FORBIDDEN,
        )
    try:
        with transaction.atomic():
            standing = locked(statement)
            STATEMENT.after(standing.status, StatementEvent.PAY)
            booked = settling.pay_out(
                standing.seller, standing.net, reference=number, actor=by.email, now=now, note=standing.number
            )
            STATEMENT.move_all(
                [standing],
                StatementEvent.PAY,
                now=now,
                actor=by.email,
                note=number,
                paid_at=now,
                paid=booked,
                reason="",
            )
            outbox.publish(StatementPaid(statement=standing.pk), now=now)
    except IntegrityError:
        raise wrong(
            "bank_number", _("A payment with this number is recorded already: one transfer pays one statement.")
        ) from None


def locked(statement: Statement) -> Statement:
    return Statement.objects.select_for_update(of=("self",)).select_related("seller").get(pk=statement.pk)
