"""Correct a booking by an operator: reverse it, change its amount, or move it to another buyer (decision 0107).

The original booking never changes; a second one books the difference. An uncovered amount becomes a debt: the negative
balance pays for nothing until it is topped up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Member, User

from .correction_models import Correction
from .events import BookingCorrected
from .intent_lifecycle import FACT, FactEvent
from .intent_models import ProviderFact
from .ledger import book, buyer_account, market_account
from .models import Account, Entry, Transfer

CORRECTABLE_REASONS = (Transfer.Reason.TOP_UP, Transfer.Reason.ASSIGNED)
"""Bookings that operators enter from a bank statement."""
MAX_REASON = 200


class BookingState(Struct, frozen=True):
    """A booking with its corrections: present account and amount."""

    transfer: Transfer
    account: Account
    amount: Money
    corrections: Sequence[Correction] = ()


class Change(Struct, frozen=True, kw_only=True):
    """Requested correction: another amount (zero to reverse) or another buyer. ``seen``: number of corrections that the
    operator has seen."""

    amount: Money
    to: User | None = None
    reason: str
    seen: int


class CorrectionPreview(Struct, frozen=True):
    """Result of a correction before it is booked. ``owed``: new debt."""

    standing: BookingState
    account: Account
    amount: Money
    balances: Sequence[tuple[Account, Money]]
    owed: Money

    @property
    def moves(self) -> Money:
        """Amount to be booked."""
        has_moved = self.account.pk != self.standing.account.pk
        minor = self.amount.minor if has_moved else abs(self.amount.minor - self.standing.amount.minor)
        return Money(minor, self.amount.currency)


def state_of(transfer: Transfer) -> BookingState | None:
    """Return the present state of a booking; None if it cannot be corrected."""
    if transfer.reason not in CORRECTABLE_REASONS:
        return None
    query = Correction.objects.filter(transfer=transfer).select_related(
        "account__user", "account__seller", "account_before__user", "account_before__seller"
    )
    corrections = list(query.order_by("number"))
    if corrections:
        return BookingState(transfer, corrections[-1].account, corrections[-1].amount, corrections)
    entries = Entry.objects.filter(transfer=transfer, amount_minor__gt=0).select_related(
        "account__user", "account__seller"
    )
    entry = entries.get()
    return BookingState(transfer, entry.account, Money(entry.amount_minor, entry.account.currency))


def later_receipt(state: BookingState) -> ProviderFact | None:
    """Return the receipt of a booking that was assigned, returned or reversed since, so that the booking cannot be
    corrected any more."""
    if state.account.kind != Account.Kind.SUSPENSE:
        return None
    fact = ProviderFact.objects.get(arrival=state.transfer)
    return fact if fact.status != ProviderFact.Status.UNMATCHED else None


def later_receipt_text(fact: ProviderFact) -> str:
    if fact.status == ProviderFact.Status.VOID:
        return _("This booking was reversed. If the money arrives after all, record it again.")
    return _("This money was assigned or sent back. Correct that booking instead.")


def preview(transfer: Transfer, change: Change) -> CorrectionPreview:
    """Return the result of a correction without booking it. Raises ``Refused`` if it cannot be booked."""
    state = _correctable(transfer)
    if len(state.corrections) != change.seen:
        raise _changed_refusal()
    target = state.account if change.to is None else buyer_account(change.to, state.amount.currency)
    _check(state, target, change)
    changes = _changes(state, target, change.amount.minor)
    after = [
        (account, account.balance_minor + minor) for account, minor in changes if account.kind == Account.Kind.BUYER
    ]
    owed_minor = sum(
        max(-minor, 0) - max(-account.balance_minor, 0) for account, minor in after if minor < account.balance_minor
    )
    currency = state.amount.currency
    balances = [(account, Money(minor, currency)) for account, minor in after]
    return CorrectionPreview(state, target, change.amount, balances, Money(owed_minor, currency))


def correct(transfer: Transfer, change: Change, *, by: User, now: datetime) -> Correction:
    """Book a correction. Raises ``Refused`` and changes nothing, also if the booking was corrected meanwhile."""
    reason = _reason(change.reason)
    try:
        with transaction.atomic():
            fact = _lock(transfer, change)
            correction_preview = preview(transfer, change)
            _check_not_own((correction_preview.standing.account, correction_preview.account), by)
            correction = _book(correction_preview, reason, by=by, now=now)
            if fact is not None:
                _correct_receipt(fact, correction, by=by, now=now)
            outbox.publish(BookingCorrected(correction=correction.pk), now=now)
            return correction
    except IntegrityError:  # two operators at the same moment
        raise _changed_refusal() from None


def _lock(transfer: Transfer, change: Change) -> ProviderFact | None:
    """Lock the rows of the correction in lock order: unmatched money, then the buyers' accounts by key."""
    state = _correctable(transfer)
    fact = None
    if state.account.kind == Account.Kind.SUSPENSE:
        fact = ProviderFact.objects.select_for_update(of=("self",)).get(arrival=transfer)
    target = None if change.to is None else buyer_account(change.to, state.amount.currency)
    keys = {account.pk for account in (state.account, target) if account is not None}
    locked_accounts = Account.objects.select_for_update(of=("self",)).filter(pk__in=keys, kind=Account.Kind.BUYER)
    list(locked_accounts.order_by("pk"))
    return fact


def _correctable(transfer: Transfer) -> BookingState:
    state = state_of(transfer)
    if state is None:
        raise Refused("correction.kind", _("Only money that an operator entered can be corrected here."))
    return state


def _check(state: BookingState, target: Account, change: Change) -> None:
    """Raise ``Refused`` for a change without effect, or of amount and account at once."""
    moves, amount = target.pk != state.account.pk, change.amount
    if amount.currency != state.amount.currency:
        raise ValueError("a transfer stays in one currency")
    if not moves and amount == state.amount:
        raise Refused("correction.same", _("The booking already has this amount. Nothing was changed."), field="amount")
    if moves and (amount != state.amount or not amount.minor):
        words = _("Correct the amount first, then move the booking to another account.")
        raise Refused("correction.one_at_a_time", words, field="amount")
    if moves and state.account.kind == Account.Kind.SUSPENSE:
        raise Refused("correction.assign", _("Assign this money to its buyer instead."), field="whose")
    if fact := later_receipt(state):
        raise Refused("correction.moved_on", later_receipt_text(fact))


def _changes(state: BookingState, target: Account, minor: int) -> list[tuple[Account, int]]:
    if target.pk != state.account.pk:
        return [(state.account, -minor), (target, minor)]
    difference = minor - state.amount.minor
    return [(target, difference), (market_account(Account.Kind.CASH, target.currency), -difference)]


def _book(correction_preview: CorrectionPreview, reason: str, *, by: User, now: datetime) -> Correction:
    state = correction_preview.standing
    number = len(state.corrections) + 1
    booking = Transfer(
        reason=Transfer.Reason.CORRECTED,
        reference=f"{state.transfer.pk}-{number}",
        note=reason,
        actor=by.email,
        at=now,
    )
    booked_transfer = book(
        _changes(state, correction_preview.account, correction_preview.amount.minor), booking, may_owe=True
    )
    return Correction.objects.create(
        transfer=state.transfer, number=number, booked=booked_transfer, account_before=state.account, account=correction_preview.account,
        minor_before=state.amount.minor, minor=correction_preview.amount.minor, owed_minor=correction_preview.owed.minor, reason=reason,
        by_text=by.email, at=now,
    )  # fmt: skip


def _correct_receipt(fact: ProviderFact, correction: Correction, *, by: User, now: datetime) -> None:
    """Update the unmatched receipt with the corrected amount, or void it."""
    if correction.minor:
        fact.corrected_minor = correction.minor
        fact.save(update_fields=["corrected_minor"])
        return
    FACT.move_all(
        [fact], FactEvent.VOID, now=now, actor=by.email, note=correction.reason, corrected_minor=0, ended_at=now,
        ended_by=by.email,
    )  # fmt: skip


def _check_not_own(accounts: Sequence[Account], by: User) -> None:
    sellers = [account.seller_id for account in accounts if account.seller_id is not None]
    is_own = any(account.user_id == by.pk for account in accounts)
    if is_own or (sellers and Member.objects.filter(seller__in=sellers, user=by).exists()):
        raise Refused(
            "transfer.own", _("This is your own payment, so another operator must decide."), HTTPStatus.FORBIDDEN
        )


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > MAX_REASON:
        words = _("At most %(most)s characters.") % {"most": MAX_REASON} if reason else ""
        raise Refused(
            "correction.reason", words or _(
                "Enter the reason. The buyer or seller can see it."), HTTPStatus.BAD_REQUEST,
            field="reason",
        )  # fmt: skip
    return reason


def _changed_refusal() -> Refused:
    return Refused(
        "correction.repeated",
        _("This booking was corrected in the meantime. No second correction was booked. Check the current amount."),
    )
