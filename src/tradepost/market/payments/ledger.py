"""Move money between accounts: the one door to the ledger. What must always hold is looked at in ``ledger_check``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.db.models import CharField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
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

REPEATED = "top_up.repeated"
Balance = ledger_check.Balance
verify = ledger_check.verify


def buyer_account(user: User, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.BUYER, user=user, currency=currency)[0]


def seller_account(seller: Seller, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.SELLER, seller=seller, currency=currency)[0]


def market_account(kind: Account.Kind, currency: str) -> Account:
    for found in _OF_MARKET(kind, currency):
        return found
    return Account.objects.get_or_create(kind=kind, user=None, seller=None, currency=currency)[0]


_OF_MARKET = PreparedObjects(
    (CharField(), CharField()),
    lambda kind, currency: Account.objects.filter(kind=kind, user=None, seller=None, currency=currency),
)


def top_up(user: User, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Money of a buyer that arrived outside, entered by an operator. ``reference`` is the bank's."""
    booking = Transfer(reason=Transfer.Reason.TOP_UP, reference=reference, note=note, actor=actor, at=now)
    return _arrived(lambda: buyer_account(user, amount.currency), amount, booking)


def suspend(amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Money that arrived outside, and whose it is is not known. A reference that a top-up had is refused, and the other way
    round."""
    booking = Transfer(reason=Transfer.Reason.TOP_UP, reference=reference, note=note, actor=actor, at=now)
    return _arrived(lambda: market_account(Account.Kind.SUSPENSE, amount.currency), amount, booking)


def _arrived(target: Callable[[], Account], amount: Money, booking: Transfer) -> Transfer:
    if amount.minor <= 0:
        raise Refused("top_up.amount", _("A top-up must be more than zero."), HTTPStatus.BAD_REQUEST, field="amount")
    repeated = Refused(REPEATED, _("A top-up with this reference was booked already."), field="reference")
    if Transfer.objects.filter(reason=booking.reason, reference=booking.reference).exists():
        raise repeated
    try:
        with transaction.atomic():
            account = target()
            booked = _transfer(market_account(Account.Kind.CASH, amount.currency), account, amount, booking)
            if account.kind == Account.Kind.BUYER:
                outbox.publish(ToppedUp(transfer=booked.pk), now=booking.at)
    except IntegrityError:  # two operators at the same moment
        raise repeated from None
    return booked


def assign(user: User, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Suspended money turns out to be a buyer's. ``reference`` is that under which it came; ask under the lock of what says
    that it is still there."""
    booking = Transfer(reason=Transfer.Reason.ASSIGNED, reference=reference, note=note, actor=actor, at=now)
    suspense, account = market_account(Account.Kind.SUSPENSE, amount.currency), buyer_account(user, amount.currency)
    with transaction.atomic():
        booked = _transfer(suspense, account, amount, booking)
        outbox.publish(ToppedUp(transfer=booked.pk), now=now)
    return booked


def send_back(amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Suspended money went back to who had paid it. As ``assign`` otherwise."""
    booking = Transfer(reason=Transfer.Reason.SENT_BACK, reference=reference, note=note, actor=actor, at=now)
    suspense, cash = (market_account(kind, amount.currency) for kind in (Account.Kind.SUSPENSE, Account.Kind.CASH))
    return _transfer(suspense, cash, amount, booking)


def pay(user: User, amount: Money, *, reference: str, now: datetime) -> Transfer | None:
    """Take an order's price from the buyer's balance and hold it. Nothing moves for an order that costs nothing.

    Raises ``Refused`` (402) when the balance does not reach.
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
        raise too_low() from None


def too_low() -> Refused:
    return Refused(
        "balance.too_low",
        _("Your balance does not reach. Top up, then pay again."),
        HTTPStatus.PAYMENT_REQUIRED,
    )


def refund(
    user: User, amount: Money, *, reference: str, now: datetime, actor: str = "market", order_number: str = ""
) -> Transfer | None:
    """Give held money back to the buyer. Booking the same reference again is an error of ours. ``order_number``: what it was
    paid for, where ``reference`` is that of a part of it."""
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


def take_back(
    seller: Seller, amount: Money, *, reference: str, order_number: str, now: datetime, actor: str = "market"
) -> Transfer | None:
    """What a seller earned with an order is held again, so that it can be refunded. What the seller is owed may be less
    than nothing then, when it was paid out meanwhile (business-rules §8.2: the next settlement, then the deposit).

    Raises ``Overdrawn`` for more than it earned with this order. Ask under the order's lock.
    """
    if amount.minor == 0:
        return None
    account = seller_account(seller, amount.currency)
    earned = Entry.objects.filter(transfer__order_number=order_number, account=account)
    if (earned.aggregate(total=Sum("amount_minor"))["total"] or 0) < amount.minor:
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
    """The buyer's account, locked until the transaction ends: what is counted by buyer is counted under it, last of all."""
    account = buyer_account(user, currency)
    return Account.objects.select_for_update(of=("self",)).get(pk=account.pk)


class Earning(Struct, frozen=True, kw_only=True):
    """What a seller earned with one order line; ``reference`` is the line's number. ``at``: when, where that was before now."""

    seller: Seller
    amount: Money
    reference: str
    order_number: str
    at: datetime | None = None


def earn(seller: Seller, amount: Money, *, reference: str, order_number: str, now: datetime) -> Transfer | None:
    """Held money becomes the seller's: the order line was delivered."""
    earning = Earning(seller=seller, amount=amount, reference=reference, order_number=order_number)
    return next(iter(earn_all([earning], now=now)), None)


def earn_all(earnings: Sequence[Earning], *, now: datetime) -> list[Transfer]:
    """The same for many lines in few statements: no account that the money moves between keeps a balance or is locked.

    Lines that cost nothing move nothing. Raises ``Overdrawn`` when less is held for an order than its lines earn.
    """
    by_currency: defaultdict[str, list[Earning]] = defaultdict(list)
    for earning in earnings:
        if earning.amount.minor:
            by_currency[earning.amount.currency].append(earning)
    booked = []
    for currency, alike in by_currency.items():
        with transaction.atomic():
            booked += _earn(currency, alike, now)
    return booked


def _earn(currency: str, earnings: Sequence[Earning], now: datetime) -> list[Transfer]:
    held = _held_for({e.order_number for e in earnings})
    for earning in earnings:
        held[earning.order_number] -= earning.amount.minor
        if held[earning.order_number] < 0:
            raise Overdrawn
    clearing = market_account(Account.Kind.CLEARING, currency)
    accounts = _seller_accounts([e.seller for e in earnings], currency)
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
    kept_sums.after(transfers)
    return transfers


def _seller_accounts(sellers: Sequence[Seller], currency: str) -> dict[int, Account]:
    by_seller = {seller.pk: seller for seller in sellers}
    found = _OF_SELLERS(by_seller, currency)
    accounts = {account.seller_id: account for account in found if account.seller_id is not None}
    new = {pk: seller_account(seller, currency) for pk, seller in by_seller.items() if pk not in accounts}
    return accounts | new


_OF_SELLERS = PreparedObjects(
    (Keys(), CharField()),
    lambda sellers, currency: Account.objects.filter(Among("seller", sellers), kind="seller", currency=currency),
)


class Overdrawn(Exception):
    """The account does not hold that much."""


def _transfer(source: Account, target: Account, amount: Money, transfer: Transfer) -> Transfer:
    """Write both entries; a buyer's account among the two is locked first, checked, and its balance moved."""
    if source.currency != amount.currency or target.currency != amount.currency:
        raise ValueError("a transfer stays in one currency")
    with transaction.atomic():
        if source.kind == Account.Kind.CLEARING and held_for(transfer.order_number) < amount.minor:
            raise Overdrawn
        return book([(source, -amount.minor), (target, amount.minor)], transfer)


def book(changes: Sequence[tuple[Account, int]], transfer: Transfer) -> Transfer:
    """Write a transfer with its entries, which sum to zero; a buyer's account among them is locked, checked, and moved.

    Raises ``Overdrawn``.
    """
    currencies = {account.currency for account, _change in changes}
    if len(currencies) != 1 or sum(change for _account, change in changes) != 0:
        raise ValueError("a transfer stays in one currency and sums to zero")
    with transaction.atomic():
        after = {account.pk: _move_balance(account, change) for account, change in changes}
        transfer.save(force_insert=True)
        rows.create(entry(transfer, account, change, after=after[account.pk]) for account, change in changes)
        kept_sums.after([transfer])
    return transfer


def entry(transfer: Transfer, account: Account, change: int, *, after: int | None = None) -> Entry:
    """One side. ``after``: the balance that a buyer's account has then; what its statement is read by stands beside it."""
    if after is None:
        return Entry(transfer=transfer, account=account, amount_minor=change)
    # Money that was assigned later is a top-up to its buyer.
    assigned = transfer.reason == Transfer.Reason.ASSIGNED
    return Entry(
        transfer=transfer, account=account, amount_minor=change, balance_after_minor=after, at=transfer.at,
        statement_kind=Transfer.Reason.TOP_UP if assigned else transfer.reason,
    )  # fmt: skip


def held_for(order_number: str) -> int:
    """Minor units that were paid for an order and are neither earned nor refunded. Ask under the order's lock."""
    return _held_for([order_number])[order_number]


def _held_for(order_numbers: Collection[str]) -> Counter[str]:
    return Counter(dict(_HELD_FOR(order_numbers))) if order_numbers else Counter()


def _held(order_numbers: Slot) -> QuerySet[Entry, tuple[str, int]]:
    # Not narrowed to clearing's entries: the planner would begin with all that ever passed through it.
    entries = Entry.objects.filter(Among("transfer__order_number", order_numbers)).values_list("transfer__order_number")
    return entries.annotate(total=Coalesce(Sum("amount_minor", filter=Q(account__kind="clearing")), 0))


_HELD_FOR = Prepared((Keys("text"),), _held)


def _move_balance(account: Account, change: int) -> int | None:
    """The balance after the change, of a buyer's account; the others keep none. Raises ``Overdrawn``."""
    if account.kind != Account.Kind.BUYER:
        return None
    before = Account.objects.select_for_update().values_list("balance_minor", flat=True).get(pk=account.pk)
    if before + change < 0:
        raise Overdrawn
    Account.objects.filter(pk=account.pk).update(balance_minor=before + change)
    return before + change
