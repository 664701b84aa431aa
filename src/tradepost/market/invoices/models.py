"""Invoices of sellers, their items, and buyers' titles (business-rules §6.1, §6.2)."""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.content_hash import ContentHash
from tradepost.market.base.money import Money
from tradepost.market.billing.models import UsageMonth
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import OrderLine

FOLDER = "invoices"
"""Subfolder of invoice files."""


class InvoiceType(models.TextChoices):
    """Types that a seller can enable (§6.2, 2024-03-28): general and special VAT invoices, each in three forms."""

    GENERAL_DIGITAL = "general_digital", _("General VAT invoice, fully digital")
    GENERAL_ELECTRONIC = "general_electronic", _("General VAT invoice, electronic")
    GENERAL_PAPER = "general_paper", _("General VAT invoice, on paper")
    SPECIAL_DIGITAL = "special_digital", _("Special VAT invoice, fully digital")
    SPECIAL_ELECTRONIC = "special_electronic", _("Special VAT invoice, electronic")
    SPECIAL_PAPER = "special_paper", _("Special VAT invoice, on paper")

    @property
    def special(self) -> bool:
        return self.value.startswith("special_")

    @property
    def on_paper(self) -> bool:
        return self.value.endswith("_paper")

    @property
    def digital(self) -> bool:
        """Digital invoices are returned by a red letter that the tax bureau confirms."""
        return self.value.endswith("_digital")


class OfferedType(models.Model):
    """A type that a seller enabled. Without rows, defaults apply (``types.offered_by``)."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="invoice_types", db_index=False)
    invoice_type = models.CharField(max_length=24, choices=InvoiceType)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "invoice_type"], name="offered_type_once")]


class TitleFields(models.Model):
    """Title of an invoice: its recipient."""

    class Kind(models.TextChoices):
        COMPANY = "company", pgettext_lazy("invoice title", "Company")
        PERSON = "person", pgettext_lazy("invoice title", "Person")

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=100)
    tax_number = models.CharField(max_length=18, blank=True, default="")
    """Unified social credit code of a company in compact form; empty for a person."""
    company_address = models.CharField(max_length=200, blank=True, default="")
    company_phone = models.CharField(max_length=32, blank=True, default="")
    bank = models.CharField(max_length=100, blank=True, default="")
    bank_account = models.CharField(max_length=40, blank=True, default="")
    """The last four fields are only for special invoices."""

    class Meta:
        abstract = True

    @property
    def complete(self) -> bool:
        """Whether it has all fields for a special invoice."""
        return self.kind == self.Kind.COMPANY and all(
            (self.company_address, self.company_phone, self.bank, self.bank_account)
        )

    @property
    def digest(self) -> str:
        """Digest of all fields on an invoice."""
        return sha256("\n".join(getattr(self, name) for name in TITLE_FIELDS).encode()).hexdigest()


TITLE_FIELDS = ("kind", "name", "tax_number", "company_address", "company_phone", "bank", "bank_account")


class InvoiceTitle(TitleFields):
    """Saved title of a buyer. Invoices store copies, so it can be changed and deleted."""

    buyer = models.ForeignKey(User, models.CASCADE, related_name="invoice_titles", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["buyer", "kind", "name", "tax_number"], name="invoice_title_once")
        ]


class Invoice(TitleFields):
    """An application and its invoice."""

    class Status(models.TextChoices):
        REVIEW = "review", pgettext_lazy("invoice", "To be reviewed")
        TO_ISSUE = "to_issue", pgettext_lazy("invoice", "To be issued")
        DONE = "done", pgettext_lazy("invoice", "Issued")
        RETURNED = "returned", pgettext_lazy("invoice", "Taken back")
        REJECTED = "rejected", pgettext_lazy("invoice", "Refused")
        CANCELLED = "cancelled", pgettext_lazy("invoice", "Cancelled")

    class Wish(models.TextChoices):
        """Requests of the buyer after the issue."""

        CORRECT = "correct", pgettext_lazy("invoice wish", "Correct the invoice")
        RETURN = "return", pgettext_lazy("invoice wish", "Return the invoice")

    number = models.CharField(max_length=32, unique=True)
    """Number of the application."""
    status = models.CharField(max_length=16, choices=Status, default=Status.REVIEW)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="invoices", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="invoices", db_index=False)
    payer = models.ForeignKey(
        Seller, models.PROTECT, null=True, default=None, related_name="fee_invoices", db_index=False
    )
    """Seller that paid the fee, for an invoice over the market's fee; ``buyer`` is then the applicant. Null for other
    invoices."""
    invoice_type = models.CharField(max_length=24, choices=InvoiceType)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    receiver_email = models.EmailField(blank=True, default="")
    receiver_name = models.CharField(max_length=60, blank=True, default="")
    receiver_phone = models.CharField(max_length=32, blank=True, default="")
    """In E.164 format, such as +8613800000000."""
    receiver_address = models.CharField(max_length=200, blank=True, default="")
    remark = models.CharField(max_length=200, blank=True, default="")
    """Buyer's remark for the invoice."""
    applied_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, default=None)
    """Deadline of the seller; null if no action is pending."""
    late = models.BooleanField(default=False)
    """Whether the deadline passed and the parties were notified."""
    reason = models.CharField(max_length=500, blank=True, default="")
    """Seller's reason for a rejection, return or declined request, for the buyer."""
    wish = models.CharField(max_length=8, choices=Wish, blank=True, default="")
    wish_reason = models.CharField(max_length=500, blank=True, default="")
    wished_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)
    """Latest time of issue, return, rejection or cancellation."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["buyer", "-id"], name="invoice_buyer"),
            models.Index(fields=["buyer", "status", "-id"], name="invoice_buyer_status"),
            models.Index(fields=["seller", "-id"], name="invoice_seller"),
            models.Index(fields=["seller", "status", "-id"], name="invoice_seller_status"),
            models.Index(fields=["seller", "due_at"], condition=Q(due_at__isnull=False), name="invoice_seller_due"),
            models.Index(fields=["due_at", "id"], condition=Q(late=True), name="invoice_late"),
            models.Index(fields=["status", "-id"], name="invoice_status"),
            models.Index(fields=["payer", "-id"], condition=Q(payer__isnull=False), name="invoice_payer"),
        ]
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="invoice_not_of_nothing")]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def type(self) -> InvoiceType:
        return InvoiceType(self.invoice_type)

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def live(self) -> bool:
        return self.status in LIVE


OPEN = (Invoice.Status.REVIEW, Invoice.Status.TO_ISSUE)
"""Not issued yet."""
LIVE = (*OPEN, Invoice.Status.DONE)
"""Items of these invoices cannot be on another invoice."""


FEE = "fee:"
"""Prefix of the source of a fee."""
USAGE = "usage:"
"""Prefix of the source of a month of usage."""


class InvoiceItem(models.Model):
    """Amount of one source on an invoice. Each source has at most one live item, so nothing is invoiced twice."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="items")
    source = models.CharField(max_length=80)
    """``line:`` and an order line number; ``usage:<subscription>:<yyyymm>`` for usage, with ``:2`` and so on for later
    payments; ``fee:`` and a statement number for the market's fee."""
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, default=None, related_name="invoice_items")
    """Null for usage and fees."""
    usage = models.ForeignKey(UsageMonth, models.PROTECT, null=True, default=None, related_name="invoice_items")
    """Null for order lines and fees."""
    minor = models.BigIntegerField()
    """Negative only for the fee of a statement with more refunds than earnings (§6.5)."""
    live = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source"], condition=Q(live=True), name="invoice_source_once"),
            models.CheckConstraint(
                condition=Q(minor__gt=0) | Q(minor__lt=0, line=None, usage=None), name="invoice_item_not_of_nothing"
            ),
            models.CheckConstraint(condition=Q(line=None) | Q(usage=None), name="invoice_item_of_one_source"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.invoice.currency)

    @property
    def fee_of(self) -> str:
        """Number of the statement whose fee it is; empty for order lines and usage."""
        return self.source.removeprefix(FEE) if self.source.startswith(FEE) else ""

    @property
    def product(self) -> Product | None:
        """None for a fee."""
        if self.line is not None:
            return self.line.product
        return self.usage.subscription.product if self.usage is not None else None

    @property
    def order_number(self) -> str:
        """Number of the order, or of the order that opened the service; empty for a fee."""
        if self.line is not None:
            return self.line.order.number
        return self.usage.subscription.order_line_number.rpartition("-")[0] if self.usage is not None else ""


class IssuedInvoice(models.Model):
    """An invoice as issued: a file or a parcel. A correction adds another."""

    class Format(models.TextChoices):
        PDF = "pdf", "PDF"
        OFD = "ofd", "OFD"

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="issues")
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+", db_index=False)
    number = models.CharField(max_length=20)
    """The tax bureau's number of the invoice."""
    file_format = models.CharField(max_length=3, choices=Format, blank=True, default="")
    sha256 = ContentHash(folder=FOLDER, blank=True, default="")
    file_name = models.CharField(max_length=120, blank=True, default="")
    file_bytes = models.PositiveIntegerField(default=0)
    carrier = models.CharField(max_length=60, blank=True, default="")
    parcel = models.CharField(max_length=40, blank=True, default="")
    """Tracking number."""
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=254)
    red_letter = models.CharField(max_length=40, blank=True, default="")
    """Number of the confirmation of its return."""
    withdrawn_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(withdrawn_at__isnull=True), name="invoice_issued_once"
            ),
            models.UniqueConstraint(fields=["seller", "number"], name="invoice_number_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["sha256"], condition=~Q(sha256=""), name="issued_invoice_file")]


class ExplanationLetter(models.Model):
    """The market's sealed confirmation of a purchase and of the seller's invoice, for an accountant who does not know
    the seller (business-rules §6.2). Rendered from this row on each download."""

    issued = models.ForeignKey(IssuedInvoice, models.CASCADE, related_name="letters", db_index=False)
    number = models.CharField(max_length=32, unique=True)
    code = models.CharField(max_length=32, unique=True)
    """Part of the address by which holders of the letter verify it."""
    made_at = models.DateTimeField()
    until = models.DateTimeField()
    """End of retention; afterwards the buyer requests a new one."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["issued", "-until"], name="letter_of_invoice")]
