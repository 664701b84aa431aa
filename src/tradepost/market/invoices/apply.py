"""Apply for an invoice: a buyer's orders and months of usage of one seller, with type, title and receiver
(business-rules §6.2).

Locks services, then orders, like refunds: an order is either invoiced or refunded, and invoiced only once. A unique
source in the database enforces it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.quotas import wait_for_room
from tradepost.market.billing.models import UsageMonth
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.texts import has_markup, plain
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

from . import receiver as receivers
from . import usage_items
from .deadlines import IssueDeadline, start_deadline
from .events import InvoiceRequested, InvoiceWithdrawn
from .invoiceable import REASON_TEXTS, NotInvoiceable, line_amounts
from .lifecycle import INVOICE, InvoiceEvent
from .models import TITLE_FIELDS, Invoice, InvoiceItem, InvoiceTitle, InvoiceType
from .receiver import InvoiceReceiver
from .take_back import release_items
from .types import offered_by

MAX_ORDERS = 100
"""Orders per invoice."""
MAX_REMARK_LENGTH = 200


class Application(Struct, frozen=True, kw_only=True):
    """Application of a buyer. ``orders``: numbers. ``usage``: months such as ``12:202610``. ``amount_minor`` and
    ``title_digest`` (``TitleFields.digest``): as the page showed them; different values refuse the application."""

    orders: tuple[str, ...] = ()
    usage: tuple[str, ...] = ()
    invoice_type: str
    title: int
    receiver: InvoiceReceiver
    remark: str = ""
    amount_minor: int | None = None
    title_digest: str | None = None


def apply(buyer: User, application: Application, *, patience: IssueDeadline, a_day: int, now: datetime) -> Invoice:
    """Apply to the seller. Orders and title must belong to the buyer. Raises ``Refused`` and then changes nothing."""
    title = InvoiceTitle.objects.filter(buyer=buyer, pk=application.title).first()
    if title is None:
        raise _invalid("title", _("Choose an invoice title."))
    if application.title_digest not in {None, title.digest}:
        raise Refused("invoice.moved", _("The title was changed. Check it and apply again."))
    remark = checked_remark(application.remark)
    try:
        with transaction.atomic():
            chosen = _locked(buyer, application)
            kind = _type(chosen.seller, application.invoice_type, title)
            receiver = receivers.checked(application.receiver, kind)
            _check_rate(buyer, chosen.currency, a_day=a_day, now=now)
            amounts, usage_amounts = _amounts(chosen.lines), _amounts_of_usage(chosen.months, now)
            total = sum(amounts) + sum(usage_amounts)
            if application.amount_minor not in {None, total}:
                raise Refused(
                    "invoice.moved", _("The amount that can be invoiced has changed. Check it and apply again.")
                )
            invoice = Invoice.objects.create(
                number=application_number(now), buyer=buyer, seller=chosen.seller, invoice_type=kind.value,
                amount_minor=total, currency=chosen.currency, receiver_email=receiver.email,
                receiver_name=receiver.name, receiver_phone=receiver.phone, receiver_address=receiver.address,
                remark=remark, applied_at=now, **{name: getattr(title, name) for name in TITLE_FIELDS},
            )  # fmt: skip
            _store_items(invoice, chosen.lines, amounts)
            usage_items.add_items(invoice, chosen.months, usage_amounts)
            start_deadline(invoice, patience=patience, now=now)
            outbox.publish(InvoiceRequested(invoice=invoice.pk), now=now)
    except IntegrityError:  # a live invoice has the source, unknown to the line
        raise _not_invoiceable(NotInvoiceable.INVOICED) from None
    return invoice


def _check_rate(buyer: User, currency: str, *, a_day: int, now: datetime) -> None:
    """Limit applications per day. Locks the buyer's account, which serializes applications and blocks changes of usage
    until the end."""
    ledger.lock_buyer(buyer, currency)
    if seconds := wait_for_room(Invoice.objects.filter(buyer=buyer), "applied_at", a_day, now=now):
        raise Refused(
            "invoice.too_many", _("You have reached today's limit for invoice applications. Apply again tomorrow."),
            HTTPStatus.TOO_MANY_REQUESTS, wait=seconds,
        )  # fmt: skip


class _Chosen(Struct, frozen=True, kw_only=True):
    lines: list[OrderLine]
    months: list[UsageMonth]
    seller: Seller
    currency: str


def _locked(buyer: User, application: Application) -> _Chosen:
    """Lock and return the orders and months. Raises ``Refused`` for those of another buyer."""
    numbers, keys = list(dict.fromkeys(application.orders)), list(dict.fromkeys(application.usage))
    if not 0 < len(numbers) + len(keys) <= MAX_ORDERS:
        words = _("Choose at least one order or month of usage, and at most %(most)s.") % {"most": MAX_ORDERS}
        raise _invalid("orders", words)
    months = usage_items.months_of(buyer, keys)
    lines = _lines(buyer, numbers) if numbers else []
    if len(months) != len(keys):
        raise _invalid("orders", _("One of these months of usage is not yours. Choose again."))
    sellers = {line.seller_id: line.seller for line in lines} | {month.seller_id: month.seller for month in months}
    currencies = {line.order.currency for line in lines} | {month.currency for month in months}
    if len(sellers) != 1 or len(currencies) != 1:
        raise _invalid("orders", _("An invoice can cover only one seller and one currency. Choose again."))
    return _Chosen(lines=lines, months=months, seller=next(iter(sellers.values())), currency=currencies.pop())


def _lines(buyer: User, numbers: Sequence[str]) -> list[OrderLine]:
    lines = OrderLine.objects.filter(order__number__in=numbers, order__buyer=buyer)
    services = set(lines.exclude(subscription=None).values_list("subscription_id", flat=True))
    list(Subscription.objects.select_for_update(of=("self",)).filter(pk__in=services).order_by("pk"))
    orders = Order.objects.select_for_update(of=("self",)).filter(number__in=numbers, buyer=buyer)
    if len(list(orders.order_by("pk"))) != len(numbers):
        raise _invalid("orders", _("One of these orders is not yours. Choose again."))
    return list(lines.select_related("order", "seller").order_by("pk"))


def _type(seller: Seller, value: str, title: InvoiceTitle) -> InvoiceType:
    if value not in {offered.value for offered in offered_by(seller)}:
        raise _invalid("type", _("This seller does not issue such invoices. Choose another type, or ask the seller."))
    kind = InvoiceType(value)
    if kind.special and not title.complete:
        raise _invalid(
            "title",
            _("A special invoice must be issued to a company and include its address, telephone, bank and account."),
        )
    return kind


def _amounts(lines: Sequence[OrderLine]) -> list[int]:
    results = line_amounts(lines)
    for line in lines:
        if isinstance(result := results[line.pk], NotInvoiceable):
            raise _not_invoiceable(result, line.order.number)
    return [int(results[line.pk]) for line in lines]


def _amounts_of_usage(months: list[UsageMonth], now: datetime) -> list[int]:
    """Read the months again under the lock of the buyer's account."""
    for month in months:
        month.refresh_from_db(fields=["paid_minor", "invoiced_minor"])
    results = usage_items.month_amounts(months, now=now)
    for month in months:
        if isinstance(result := results[month.pk], NotInvoiceable):
            raise _not_invoiceable(result, f"{month.month:%Y-%m}")
    return [int(results[month.pk]) for month in months]


def _not_invoiceable(reason: NotInvoiceable, subject: str = "") -> Refused:
    words = str(REASON_TEXTS[reason])
    return Refused(f"invoice.{reason}", f"{subject}: {words}" if subject else words, field="orders")


def _store_items(invoice: Invoice, lines: Sequence[OrderLine], amounts: Sequence[int]) -> None:
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
    if len(text) > MAX_REMARK_LENGTH or has_markup(text):
        raise _invalid("remark", _("Plain text of at most %(most)s characters.") % {"most": MAX_REMARK_LENGTH})
    return text


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def cancel(invoice: Invoice, *, now: datetime) -> None:
    """Cancel the application. Raises ``IllegalTransition`` once the seller has reviewed it (§6.2)."""
    with transaction.atomic():
        current_invoice = release_items(invoice, now=now)
        INVOICE.move_all(
            [current_invoice],
            InvoiceEvent.CANCEL,
            now=now,
            actor=current_invoice.buyer.email,
            due_at=None,
            late=False,
            ended_at=now,
        )
        outbox.publish(InvoiceWithdrawn(invoice=current_invoice.pk), now=now)
