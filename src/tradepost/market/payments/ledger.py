"""Move money between accounts: the one door to the ledger, and the invariants that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User

from .models import Account, Entry, Transfer

MARKET_FIRST = (F("user").asc(nulls_first=True), F("seller").asc(nulls_first=True), "pk")


def buyer_account(user: User, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.BUYER, user=user, currency=currency)[0]


def seller_account(seller: Seller, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.SELLER, seller=seller, currency=currency)[0]


def market_account(kind: Account.Kind, currency: str) -> Account:
    return Account.objects.get_or_create(kind=kind, user=None, seller=None, currency=currency)[0]


def top_up(user: User, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Money of a buyer that arrived outside, entered by an operator. ``reference`` is the bank's."""
    if amount.minor <= 0:
        raise Refused("top_up.amount", _("A top-up must be more than zero."), HTTPStatus.BAD_REQUEST, field="amount")
    repeated = Refused("top_up.repeated", _("A top-up with this reference was booked already."), field="reference")
    if Transfer.objects.filter(reason=Transfer.Reason.TOP_UP, reference=reference).exists():
        raise repeated
    try:
        with transaction.atomic():
            booked = _transfer(
                market_account(Account.Kind.CASH, amount.currency),
                buyer_account(user, amount.currency),
                amount,
                Transfer(reason=Transfer.Reason.TOP_UP, reference=reference, note=note, actor=actor, at=now),
            )
            outbox.publish("ToppedUp", now=now, transfer=booked.pk)
    except IntegrityError:  # two operators at the same moment
        raise repeated from None
    return booked


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
            Transfer(reason=Transfer.Reason.PAYMENT, reference=reference, actor=user.email, at=now),
        )
    except Overdrawn:
        raise Refused(
            "balance.too_low",
            _("Your balance does not reach. Ask the operator for a top-up, then pay again."),
            HTTPStatus.PAYMENT_REQUIRED,
        ) from None


def refund(user: User, amount: Money, *, reference: str, now: datetime) -> Transfer | None:
    """Give held money back to the buyer in full. Booking the same reference again is an error of ours."""
    if amount.minor == 0:
        return None
    return _transfer(
        market_account(Account.Kind.CLEARING, amount.currency),
        buyer_account(user, amount.currency),
        amount,
        Transfer(reason=Transfer.Reason.REFUND, reference=reference, actor="market", at=now),
    )


def earn(seller: Seller, amount: Money, *, reference: str, now: datetime) -> Transfer | None:
    """Held money becomes the seller's: the order line was delivered."""
    if amount.minor == 0:
        return None
    return _transfer(
        market_account(Account.Kind.CLEARING, amount.currency),
        seller_account(seller, amount.currency),
        amount,
        Transfer(reason=Transfer.Reason.EARNED, reference=reference, actor="market", at=now),
    )


class Overdrawn(Exception):
    """The account does not hold that much."""


def _transfer(source: Account, target: Account, amount: Money, transfer: Transfer) -> Transfer:
    """Lock both accounts, check, write both entries.

    The market's account is locked first, then the person's: a worker books many transfers in one transaction, and by any
    other order it could hold the one and wait for the other while a payment does the opposite.
    """
    if source.currency != amount.currency or target.currency != amount.currency:
        raise ValueError("a transfer stays in one currency")
    with transaction.atomic():
        both = Account.objects.filter(pk__in=[source.pk, target.pk]).order_by(*MARKET_FIRST)
        locked = {account.pk: account for account in both.select_for_update()}
        if source.kind != Account.Kind.CASH and locked[source.pk].balance_minor < amount.minor:
            raise Overdrawn
        transfer.save(force_insert=True)
        for account, change in ((locked[source.pk], -amount.minor), (locked[target.pk], amount.minor)):
            account.balance_minor += change
            Account.objects.filter(pk=account.pk).update(balance_minor=F("balance_minor") + change)
            Entry.objects.create(
                transfer=transfer, account=account, amount_minor=change, balance_after_minor=account.balance_minor
            )
    return transfer


@dataclass(frozen=True, slots=True)
class Balance:
    """Result of checking the whole ledger. ``problems`` is empty when every invariant holds."""

    accounts: int
    transfers: int
    problems: tuple[str, ...]


def verify() -> Balance:
    """Check the invariants: each transfer and the whole ledger sum to zero, and each balance is the sum of entries."""
    problems = [
        f"transfer {row['transfer']} sums to {row['total']}"
        for row in Entry.objects.values("transfer").annotate(total=Sum("amount_minor")).exclude(total=0)
    ]
    sums = dict(Entry.objects.values_list("account").annotate(total=Sum("amount_minor")))
    problems += [
        f"account {account.pk} ({account.kind}) says {account.balance_minor}, its entries {sums.get(account.pk, 0)}"
        for account in Account.objects.all()
        if account.balance_minor != sums.get(account.pk, 0)
    ]
    for row in Account.objects.values("currency").annotate(total=Sum("balance_minor")).exclude(total=0):
        problems.append(f"all {row['currency']} accounts sum to {row['total']}")
    return Balance(Account.objects.count(), Transfer.objects.count(), tuple(problems))
