"""Move money between accounts: the only interface for bookings. ``ledger_check`` checks the invariants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.db.models import CharField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox, rows
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects, Slot
from tradepost.market.identity.models import Seller, User

from . import kept_sums, ledger_check
from .events import ToppedUp
from .models import Account, Entry, Transfer

REPEATED_CODE = "top_up.repeated"
Balance = ledger_check.Balance
verify = ledger_check.verify


def buyer_account(user: User, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.BUYER, user=user, currency=currency)[0]


def seller_account(seller: Seller, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.SELLER, seller=seller, currency=currency)[0]


def market_account(kind: Account.Kind, currency: str) -> Account:
    for account in _MARKET_ACCOUNTS(kind, currency):
        return account
    return Account.objects.get_or_create(kind=kind, user=None, seller=None, currency=currency)[0]


_MARKET_ACCOUNTS = PreparedObjects(
    (CharField(), CharField()),
    lambda kind, currency: Account.objects.filter(kind=kind, user=None, seller=None, currency=currency),
)


def top_up(user: User, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Book a buyer's money from outside, entered by an operator. ``reference``: the bank's number."""
    booking = Transfer(reason=Transfer.Reason.TOP_UP, reference=reference, note=note, actor=actor, at=now)
    return _book_arrival(lambda: buyer_account(user, amount.currency), amount, booking)


def repay(seller: Seller, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Book a seller's payment of its debt (business-rules §8.2). ``reference``: the bank's number, as for a top-up."""
    booking = Transfer(reason=Transfer.Reason.TOP_UP, reference=reference, note=note, actor=actor, at=now)
    return _book_arrival(lambda: seller_account(seller, amount.currency), amount, booking)


def book_unmatched(amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Book money from outside without a known owner. References are unique among top-ups and suspended money."""
    booking = Transfer(reason=Transfer.Reason.TOP_UP, reference=reference, note=note, actor=actor, at=now)
    return _book_arrival(lambda: market_account(Account.Kind.SUSPENSE, amount.currency), amount, booking)


def _book_arrival(target: Callable[[], Account], amount: Money, booking: Transfer) -> Transfer:
    if amount.minor <= 0:
        raise Refused("top_up.amount", _("A top-up must be more than zero."), HTTPStatus.BAD_REQUEST, field="amount")
    repeated_refusal = Refused(REPEATED_CODE, _("A top-up with this reference was booked already."), field="reference")
    if Transfer.objects.filter(reason=booking.reason, reference=booking.reference).exists():
        raise repeated_refusal
    try:
        with transaction.atomic():
            account = target()
            booked_transfer = _transfer(market_account(Account.Kind.CASH, amount.currency), account, amount, booking)
            if account.kind == Account.Kind.BUYER:
                outbox.publish(ToppedUp(transfer=booked_transfer.pk), now=booking.at)
    except IntegrityError:  # two operators at once
        raise repeated_refusal from None
    return booked_transfer


def assign(user: User, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Assign suspended money to a buyer. ``reference``: its reference on arrival. Call it under the lock of the row
    that shows it is still in suspense."""
    booking = Transfer(reason=Transfer.Reason.ASSIGNED, reference=reference, note=note, actor=actor, at=now)
    suspense, account = market_account(Account.Kind.SUSPENSE, amount.currency), buyer_account(user, amount.currency)
    with transaction.atomic():
        booked_transfer = _transfer(suspense, account, amount, booking)
        outbox.publish(ToppedUp(transfer=booked_transfer.pk), now=now)
    return booked_transfer


def assign_to_seller(
    seller: Seller, amount: Money, *, reference: str, actor: str, now: datetime, note: str = ""
) -> Transfer:
    """Assign suspended money to a seller's debt; otherwise like ``assign``."""
    booking = Transfer(reason=Transfer.Reason.ASSIGNED, reference=reference, note=note, actor=actor, at=now)
    suspense = market_account(Account.Kind.SUSPENSE, amount.currency)
    return _transfer(suspense, seller_account(seller, amount.currency), amount, booking)


def return_to_sender(amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Return suspended money to its sender; otherwise like ``assign``."""
    booking = Transfer(reason=Transfer.Reason.SENT_BACK, reference=reference, note=note, actor=actor, at=now)
    suspense, cash = (market_account(kind, amount.currency) for kind in (Account.Kind.SUSPENSE, Account.Kind.CASH))
    return _transfer(suspense, cash, amount, booking)


def book_bounce(amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Book returned money that the bank could not deliver; otherwise like ``assign``."""
    booking = Transfer(reason=Transfer.Reason.BOUNCED, reference=reference, note=note, actor=actor, at=now)
    cash, suspense = (market_account(kind, amount.currency) for kind in (Account.Kind.CASH, Account.Kind.SUSPENSE))
    return _transfer(cash, suspense, amount, booking)


def pay(user: User, amount: Money, *, reference: str, now: datetime) -> Transfer | None:
    """Take the price of an order from the buyer's balance into clearing. A zero amount books nothing.

    Raises ``Refused`` (402) if the balance is too low.
    """
    if amount.minor == 0:
        return None
    account = buyer_account(user, amount.currency)
    try:
        return _transfer(
            account,
            market_account(Account.Kind.CLEARING, amount.currency),
            amount,
            Transfer(
                reason=Transfer.Reason.PAYMENT, reference=reference, order_number=reference, actor=user.email, at=now
            ),
        )
    except Overdrawn:
        raise balance_too_low() from None


def balance_too_low() -> Refused:
    return Refused(
        "balance.too_low",
        _("Your balance is too low. Top up, then pay again."),
        HTTPStatus.PAYMENT_REQUIRED,
    )


def refund(
    user: User, amount: Money, *, reference: str, now: datetime, actor: str = "market", order_number: str = ""
) -> Transfer | None:
    """Return held money to the buyer. A repeated reference is a program error. ``order_number``: the order, if
    ``reference`` is that of a part."""
    if amount.minor == 0:
        return None
    return _transfer(
        market_account(Account.Kind.CLEARING, amount.currency),
        buyer_account(user, amount.currency),
        amount,
        Transfer(
            reason=Transfer.Reason.REFUND,
            reference=reference,
            order_number=order_number or reference,
            actor=actor,
            at=now,
        ),
    )


def reverse_earning(
    seller: Seller, amount: Money, *, reference: str, order_number: str, now: datetime, actor: str = "market"
) -> Transfer | None:
    """Take earnings of an order from the seller into clearing for a refund. The seller's balance may become negative
    after a payout (business-rules §8.2: next settlement, then the deposit).

    Raises ``Overdrawn`` for more than the order earned. Call it under the order's lock.
    """
    if amount.minor == 0:
        return None
    account = seller_account(seller, amount.currency)
    earned_entries = Entry.objects.filter(transfer__order_number=order_number, account=account)
    if (earned_entries.aggregate(total=Sum("amount_minor"))["total"] or 0) < amount.minor:
        raise Overdrawn
    return _transfer(
        account,
        market_account(Account.Kind.CLEARING, amount.currency),
        amount,
        Transfer(
            reason=Transfer.Reason.TAKEN_BACK, reference=reference, order_number=order_number, actor=actor, at=now
        ),
    )


def lock_buyer(user: User, currency: str) -> Account:
    """Lock the buyer's account until the end of the transaction. It protects counts per buyer and is the last lock."""
    account = buyer_account(user, currency)
    return Account.objects.select_for_update(of=("self",)).get(pk=account.pk)


class Earning(Struct, frozen=True, kw_only=True):
    """Earnings of an order line; ``reference``: its number. ``at``: earlier booking time, if any."""

    seller: Seller
    amount: Money
    reference: str
    order_number: str
    at: datetime | None = None


def earn(seller: Seller, amount: Money, *, reference: str, order_number: str, now: datetime) -> Transfer | None:
    """Move held money to the seller after delivery of the order line."""
    earning = Earning(seller=seller, amount=amount, reference=reference, order_number=order_number)
    return next(iter(earn_all([earning], now=now)), None)


def earn_all(earnings: Sequence[Earning], *, now: datetime) -> list[Transfer]:
    """Book the earnings of many lines in few statements, without locks or stored balances. Zero amounts are skipped.

    Raises ``Overdrawn`` if the money held for an order is less than the earnings.
    """
    by_currency: defaultdict[str, list[Earning]] = defaultdict(list)
    for earning in earnings:
        if earning.amount.minor:
            by_currency[earning.amount.currency].append(earning)
    booked_transfers = []
    for currency, same_currency in by_currency.items():
        with transaction.atomic():
            booked_transfers += _earn(currency, same_currency, now)
    return booked_transfers


def _earn(currency: str, earnings: Sequence[Earning], now: datetime) -> list[Transfer]:
    held_minor = _money_in_clearing({one_earning.order_number for one_earning in earnings})
    for earning in earnings:
        held_minor[earning.order_number] -= earning.amount.minor
        if held_minor[earning.order_number] < 0:
            raise Overdrawn
    clearing = market_account(Account.Kind.CLEARING, currency)
    accounts = _seller_accounts([one_earning.seller for one_earning in earnings], currency)
    transfers = rows.create(
        Transfer(
            reason=Transfer.Reason.EARNED,
            reference=earning.reference,
            order_number=earning.order_number,
            actor="market",
            at=earning.at or now,
        )
        for earning in earnings
    )
    rows.create(
        Entry(transfer=transfer, account=account, amount_minor=change)
        for transfer, earning in zip(transfers, earnings, strict=True)
        for account, change in (
            (clearing, -earning.amount.minor),
            (accounts[earning.seller.pk], earning.amount.minor),
        )
    )
    kept_sums.after_booking(transfers)
    return transfers


def _seller_accounts(sellers: Sequence[Seller], currency: str) -> dict[int, Account]:
    by_seller = {seller.pk: seller for seller in sellers}
    existing = _SELLER_ACCOUNTS(by_seller, currency)
    accounts = {account.seller_id: account for account in existing if account.seller_id is not None}
    new_accounts = {pk: seller_account(seller, currency) for pk, seller in by_seller.items() if pk not in accounts}
    return accounts | new_accounts


_SELLER_ACCOUNTS = PreparedObjects(
    (Keys(), CharField()),
    lambda sellers, currency: Account.objects.filter(Among("seller", sellers), kind="seller", currency=currency),
)


class Overdrawn(Exception):
    """The account balance is too low."""


def _transfer(source: Account, target: Account, amount: Money, transfer: Transfer) -> Transfer:
    """Book a transfer between two accounts. A buyer's account is locked, checked and updated first."""
    if source.currency != amount.currency or target.currency != amount.currency:
        raise ValueError("a transfer stays in one currency")
    with transaction.atomic():
        if source.kind == Account.Kind.CLEARING and money_in_clearing(transfer.order_number) < amount.minor:
            raise Overdrawn
        return book([(source, -amount.minor), (target, amount.minor)], transfer)


def book(changes: Sequence[tuple[Account, int]], transfer: Transfer, *, may_owe: bool = False) -> Transfer:
    """Write a transfer with its entries, which sum to zero. A buyer's account is locked, checked and updated.

    ``may_owe``: a correction may make a balance negative. Raises ``Overdrawn``.
    """
    currencies = {account.currency for account, _change in changes}
    if len(currencies) != 1 or sum(change for _account, change in changes) != 0:
        raise ValueError("a transfer stays in one currency and sums to zero")
    with transaction.atomic():
        after = {account.pk: _move_balance(account, change, may_owe=may_owe) for account, change in changes}
        transfer.save(force_insert=True)
        rows.create(entry(transfer, account, change, after=after[account.pk]) for account, change in changes)
        kept_sums.after_booking([transfer])
    return transfer


def entry(transfer: Transfer, account: Account, change: int, *, after: int | None = None) -> Entry:
    """Return an entry. ``after``: new balance of a buyer's account, which is stored with the columns that statements
    read."""
    if after is None:
        return Entry(transfer=transfer, account=account, amount_minor=change)
    # For its buyer, money assigned later is a top-up.
    is_assigned = transfer.reason == Transfer.Reason.ASSIGNED
    return Entry(
        transfer=transfer, account=account, amount_minor=change, balance_after_minor=after, at=transfer.at,
        statement_kind=Transfer.Reason.TOP_UP if is_assigned else transfer.reason,
    )  # fmt: skip


def money_in_clearing(order_number: str) -> int:
    """Return the minor units paid for an order and neither earned nor refunded. Call it under the order's lock."""
    return _money_in_clearing([order_number])[order_number]


def _money_in_clearing(order_numbers: Collection[str]) -> Counter[str]:
    return Counter(dict(_MONEY_IN_CLEARING(order_numbers))) if order_numbers else Counter()


def _select_money_in_clearing(order_numbers: Slot) -> QuerySet[Entry, tuple[str, int]]:
    # Not filtered by the clearing account, because the planner would start with all its entries.
    entries = Entry.objects.filter(Among("transfer__order_number", order_numbers)).values_list("transfer__order_number")
    return entries.annotate(total=Coalesce(Sum("amount_minor", filter=Q(account__kind="clearing")), 0))


_MONEY_IN_CLEARING = Prepared((Keys("text"),), _select_money_in_clearing)


def _move_balance(account: Account, change: int, *, may_owe: bool) -> int | None:
    """Update a buyer's balance and return it; None for other accounts. Raises ``Overdrawn``."""
    if account.kind != Account.Kind.BUYER:
        return None
    before = Account.objects.select_for_update().values_list("balance_minor", flat=True).get(pk=account.pk)
    after = before + change
    row = Account.objects.filter(pk=account.pk)
    if is_overdrawn(after, change):
        if not may_owe:
            raise Overdrawn
        row.update(balance_minor=after, may_owe_minor=Greatest("may_owe_minor", -after))
    else:
        row.update(balance_minor=after)
    return after


def is_overdrawn(after: int, change: int) -> bool:
    """Return whether a change withdraws more than the balance. Incoming money is accepted on a negative balance."""
    return after < 0 and change < 0
