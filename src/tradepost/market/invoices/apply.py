"""Apply for an invoice: a buyer's orders and months of usage of one seller, a type, a title, a receiver (business-rules §6.2).

Whoever applies locks the services, then the orders, as refunds do: an order is invoiced or paid back, and invoiced once however
many ask at the same moment. The unique source in the database says the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.billing.models import UsageMonth
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.texts import holds_markup, plain
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

from . import receiver as receivers
from . import usage_items
from .events import InvoiceRequested, InvoiceWithdrawn
from .invoiceable import WORDS, Why, judge_lines
from .lifecycle import INVOICE, InvoiceEvent
from .models import TITLE_FIELDS, Invoice, InvoiceItem, InvoiceTitle, InvoiceType
from .patience import Patience, wait
from .receiver import InvoiceReceiver
from .take_back import set_free
from .types import offered_by

MOST_ORDERS = 100
"""That stand on one invoice."""
LONGEST_REMARK = 200


class Application(Struct, frozen=True, kw_only=True):
    """What a buyer wants. ``orders``: their numbers. ``usage``: months such as ``12:202610``. ``amount_minor``: what was shown; another amount is not applied for without
    asking again. ``title_digest``: the same of the title's fields (``TitleFields.digest``)."""

    orders: tuple[str, ...] = ()
    usage: tuple[str, ...] = ()
    invoice_type: str
    title: int
    receiver: InvoiceReceiver
    remark: str = ""
    amount_minor: int | None = None
    title_digest: str | None = None


def apply(buyer: User, wanted: Application, *, patience: Patience, a_day: int, now: datetime) -> Invoice:
    """Ask the seller. Raises ``Refused``, and nothing was changed then; orders and title must be the buyer's own."""
    title = InvoiceTitle.objects.filter(buyer=buyer, pk=wanted.title).first()
    if title is None:
        raise _wrong("title", _("Choose to whom the invoice is made out."))
    if wanted.title_digest not in {None, title.digest}:
        raise Refused("invoice.moved", _("The title was changed. Check it and apply again."))
    remark = checked_remark(wanted.remark)
    try:
        with transaction.atomic():
            chosen = _locked(buyer, wanted)
            kind = _type(chosen.seller, wanted.invoice_type, title)
            receiver = receivers.checked(wanted.receiver, kind)
            _not_too_many(buyer, chosen.currency, a_day=a_day, now=now)
            amounts, of_usage = _amounts(chosen.lines), _amounts_of_usage(chosen.months, now)
            total = sum(amounts) + sum(of_usage)
            if wanted.amount_minor not in {None, total}:
                raise Refused("invoice.moved", _("What can be invoiced has changed: look at it and apply again."))
            invoice = Invoice.objects.create(
                number=application_number(now), buyer=buyer, seller=chosen.seller, invoice_type=kind.value,
                amount_minor=total, currency=chosen.currency, receiver_email=receiver.email,
                receiver_name=receiver.name, receiver_phone=receiver.phone, receiver_address=receiver.address,
                remark=remark, applied_at=now, **{name: getattr(title, name) for name in TITLE_FIELDS},
            )  # fmt: skip
            _keep_items(invoice, chosen.lines, amounts)
            usage_items.keep(invoice, chosen.months, of_usage)
            wait(invoice, patience=patience, now=now)
            outbox.publish(InvoiceRequested(invoice=invoice.pk), now=now)
    except IntegrityError:  # the source stands on a live invoice that the line does not know of
        raise _not_possible(Why.INVOICED) from None
    return invoice


def _not_too_many(buyer: User, currency: str, *, a_day: int, now: datetime) -> None:
    """Two that come at the same moment are about different orders: what holds them apart is their buyer's account. It is locked
    from here on, so that usage is neither charged nor credited meanwhile."""
    ledger.lock_buyer(buyer, currency)
    if Invoice.objects.filter(buyer=buyer, applied_at__gt=now - timedelta(days=1)).count() >= a_day:
        raise Refused(
            "invoice.too_many", _("You have applied for many invoices today: go on tomorrow."),
            HTTPStatus.TOO_MANY_REQUESTS,
        )  # fmt: skip


class _Chosen(Struct, frozen=True, kw_only=True):
    lines: list[OrderLine]
    months: list[UsageMonth]
    seller: Seller
    currency: str


def _locked(buyer: User, wanted: Application) -> _Chosen:
    """What the application is about, with services and orders locked. Raises ``Refused`` for what is not the buyer's."""
    numbers, keys = list(dict.fromkeys(wanted.orders)), list(dict.fromkeys(wanted.usage))
    if not 0 < len(numbers) + len(keys) <= MOST_ORDERS:
        words = _("Choose at least one order or month of usage, and at most %(most)s.") % {"most": MOST_ORDERS}
        raise _wrong("orders", words)
    months = usage_items.months_of(buyer, keys)
    lines = _lines(buyer, numbers) if numbers else []
    if len(months) != len(keys):
        raise _wrong("orders", _("One of these months of usage is not yours. Choose again."))
    sellers = {line.seller_id: line.seller for line in lines} | {month.seller_id: month.seller for month in months}
    currencies = {line.order.currency for line in lines} | {month.currency for month in months}
    if len(sellers) != 1 or len(currencies) != 1:
        raise _wrong("orders", _("An invoice is of one seller and in one currency. Choose again."))
    return _Chosen(lines=lines, months=months, seller=next(iter(sellers.values())), currency=currencies.pop())


def _lines(buyer: User, numbers: Sequence[str]) -> list[OrderLine]:
    own = OrderLine.objects.filter(order__number__in=numbers, order__buyer=buyer)
    services = set(own.exclude(subscription=None).values_list("subscription_id", flat=True))
    list(Subscription.objects.select_for_update(of=("self",)).filter(pk__in=services).order_by("pk"))
    orders = Order.objects.select_for_update(of=("self",)).filter(number__in=numbers, buyer=buyer)
    if len(list(orders.order_by("pk"))) != len(numbers):
        raise _wrong("orders", _("One of these orders is not yours. Choose again."))
    return list(own.select_related("order", "seller").order_by("pk"))


def _type(seller: Seller, said: str, title: InvoiceTitle) -> InvoiceType:
    if said not in {one.value for one in offered_by(seller)}:
        raise _wrong("type", _("This seller does not issue such invoices. Choose another type, or ask the seller."))
    kind = InvoiceType(said)
    if kind.special and not title.complete:
        raise _wrong(
            "title", _("A special invoice is made out to a company, with its address, telephone, bank and account.")
        )
    return kind


def _amounts(lines: Sequence[OrderLine]) -> list[int]:
    found = judge_lines(lines)
    for line in lines:
        if isinstance(why := found[line.pk], Why):
            raise _not_possible(why, line.order.number)
    return [int(found[line.pk]) for line in lines]


def _amounts_of_usage(months: list[UsageMonth], now: datetime) -> list[int]:
    """The buyer's account is locked: read again what may have moved before that."""
    for month in months:
        month.refresh_from_db(fields=["paid_minor", "invoiced_minor"])
    found = usage_items.judge_months(months, now=now)
    for month in months:
        if isinstance(why := found[month.pk], Why):
            raise _not_possible(why, f"{month.month:%Y-%m}")
    return [int(found[month.pk]) for month in months]


def _not_possible(why: Why, of: str = "") -> Refused:
    words = str(WORDS[why])
    return Refused(f"invoice.{why}", f"{of}: {words}" if of else words, field="orders")


def _keep_items(invoice: Invoice, lines: Sequence[OrderLine], amounts: Sequence[int]) -> None:
    InvoiceItem.objects.bulk_create(
        InvoiceItem(invoice=invoice, source=f"line:{line.number}", line=line, minor=minor)
        for line, minor in zip(lines, amounts, strict=True)
    )
    for line, minor in zip(lines, amounts, strict=True):
        line.invoiced_minor = minor
    OrderLine.objects.bulk_update(lines, ["invoiced_minor"])


def application_number(now: datetime) -> str:
    return ids.dated_number("FP", now)


def checked_remark(text: str) -> str:
    text = " ".join(plain(text[:1000]).split())
    if len(text) > LONGEST_REMARK or holds_markup(text):
        raise _wrong("remark", _("Plain text of at most %(most)s characters.") % {"most": LONGEST_REMARK})
    return text


def _wrong(field: str, words: str) -> Refused:
    return Refused(f"invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def cancel(invoice: Invoice, *, now: datetime) -> None:
    """Its buyer does not want it any more. Raises ``IllegalTransition`` once its seller reviewed it (§6.2)."""
    with transaction.atomic():
        standing = set_free(invoice, now=now)
        INVOICE.move_all(
            [standing], InvoiceEvent.CANCEL, now=now, actor=standing.buyer.email, due_at=None, late=False, ended_at=now
        )
        outbox.publish(InvoiceWithdrawn(invoice=standing.pk), now=now)
