"""Invoices that sellers issue to buyers, what stands on them, and what a buyer keeps to apply with (business-rules §6.1, §6.2)."""

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
"""Of the files of invoices, in the files folder."""


class InvoiceType(models.TextChoices):
    """What a seller may enable (§6.2, 2024-03-28): VAT general and VAT special, each in three forms."""

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
        """Taken back by a red letter that the tax bureau confirms."""
        return self.value.endswith("_digital")


class OfferedType(models.Model):
    """A type that a seller enabled; a seller without any row has chosen nothing yet (``types.offered_by``)."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="invoice_types", db_index=False)
    invoice_type = models.CharField(max_length=24, choices=InvoiceType)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "invoice_type"], name="offered_type_once")]


class TitleFields(models.Model):
    """To whom an invoice is made out."""

    class Kind(models.TextChoices):
        COMPANY = "company", pgettext_lazy("invoice title", "Company")
        PERSON = "person", pgettext_lazy("invoice title", "Person")

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=100)
    tax_number = models.CharField(max_length=18, blank=True, default="")
    """Unified social credit code of a company, in its compact form; empty for a person."""
    company_address = models.CharField(max_length=200, blank=True, default="")
    company_phone = models.CharField(max_length=32, blank=True, default="")
    bank = models.CharField(max_length=100, blank=True, default="")
    bank_account = models.CharField(max_length=40, blank=True, default="")
    """The last four are for special invoices alone."""

    class Meta:
        abstract = True

    @property
    def complete(self) -> bool:
        """Whether it has what a special invoice needs."""
        return self.kind == self.Kind.COMPANY and all(
            (self.company_address, self.company_phone, self.bank, self.bank_account)
        )

    @property
    def digest(self) -> str:
        """Changes with every field that stands on an invoice."""
        return sha256("\n".join(getattr(self, name) for name in TITLE_FIELDS).encode()).hexdigest()


TITLE_FIELDS = ("kind", "name", "tax_number", "company_address", "company_phone", "bank", "bank_account")


class InvoiceTitle(TitleFields):
    """Kept by a buyer for the next time. Invoices have copies, so that it may be changed and deleted."""

    buyer = models.ForeignKey(User, models.CASCADE, related_name="invoice_titles", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["buyer", "kind", "name", "tax_number"], name="invoice_title_once")
        ]


class Invoice(TitleFields):
    """An application and what became of it."""

    class Status(models.TextChoices):
        REVIEW = "review", pgettext_lazy("invoice", "To be reviewed")
        TO_ISSUE = "to_issue", pgettext_lazy("invoice", "To be issued")
        DONE = "done", pgettext_lazy("invoice", "Issued")
        RETURNED = "returned", pgettext_lazy("invoice", "Taken back")
        REJECTED = "rejected", pgettext_lazy("invoice", "Refused")
        CANCELLED = "cancelled", pgettext_lazy("invoice", "Cancelled")

    class Wish(models.TextChoices):
        """What its buyer asks for once it is issued."""

        CORRECT = "correct", pgettext_lazy("invoice wish", "Correct it")
        RETURN = "return", pgettext_lazy("invoice wish", "Take it back")

    number = models.CharField(max_length=32, unique=True)
    """Of the application, for people."""
    status = models.CharField(max_length=16, choices=Status, default=Status.REVIEW)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="invoices", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="invoices", db_index=False)
    payer = models.ForeignKey(
        Seller, models.PROTECT, null=True, default=None, related_name="fee_invoices", db_index=False
    )
    """Of an invoice over the market's fee, the seller that paid it; ``buyer`` is then who applied for it. Null for all others."""
    invoice_type = models.CharField(max_length=24, choices=InvoiceType)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    receiver_email = models.EmailField(blank=True, default="")
    receiver_name = models.CharField(max_length=60, blank=True, default="")
    receiver_phone = models.CharField(max_length=32, blank=True, default="")
    """In the standard form, +8613800000000."""
    receiver_address = models.CharField(max_length=200, blank=True, default="")
    remark = models.CharField(max_length=200, blank=True, default="")
    """Of the buyer, for the invoice."""
    applied_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, default=None)
    """Until when its seller should act; null while nobody waits for it."""
    late = models.BooleanField(default=False)
    """Its seller let that time pass, and everybody was told."""
    reason = models.CharField(max_length=500, blank=True, default="")
    """Why it was refused, taken back, or a wish not fulfilled: of the seller, for the buyer."""
    wish = models.CharField(max_length=8, choices=Wish, blank=True, default="")
    wish_reason = models.CharField(max_length=500, blank=True, default="")
    wished_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)
    """When it was issued last, taken back, refused or cancelled."""

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
"""Its seller has not issued it yet."""
LIVE = (*OPEN, Invoice.Status.DONE)
"""What stands on it cannot stand on another."""


FEE = "fee:"
"""What the source of a fee begins with."""
USAGE = "usage:"
"""What the source of a month of usage begins with."""


class InvoiceItem(models.Model):
    """What of one source stands on an invoice. Of each source one item is live at most: nothing is invoiced twice."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="items")
    source = models.CharField(max_length=80)
    """``line:`` and the number of an order line; ``usage:<subscription>:<yyyymm>`` for usage, with ``:2`` and so on for what was paid
    later; ``fee:`` and the number of a statement, for the market's fee."""
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, default=None, related_name="invoice_items")
    """Null for usage and for a fee."""
    usage = models.ForeignKey(UsageMonth, models.PROTECT, null=True, default=None, related_name="invoice_items")
    """Null for an order line and for a fee."""
    minor = models.BigIntegerField()
    """Below nothing only for the fee of a statement in which more was taken back than earned (§6.5)."""
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
        """The number of the statement whose fee it is; empty for an order line and for usage."""
        return self.source.removeprefix(FEE) if self.source.startswith(FEE) else ""

    @property
    def product(self) -> Product | None:
        """None for a fee."""
        if self.line is not None:
            return self.line.product
        return self.usage.subscription.product if self.usage is not None else None

    @property
    def order_number(self) -> str:
        """Of the order, or of the one that opened the service; empty for a fee."""
        if self.line is not None:
            return self.line.order.number
        return self.usage.subscription.order_line_number.rpartition("-")[0] if self.usage is not None else ""


class IssuedInvoice(models.Model):
    """An invoice as its seller issued it: a file, or a parcel. One that is corrected is followed by another."""

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
    """The carrier's number."""
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=254)
    red_letter = models.CharField(max_length=40, blank=True, default="")
    """Number of the confirmation by which it was taken back."""
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
    """That something was bought on this market and that its seller issued the invoice over it, said by the market under its seal,
    for an accountant to whom the seller is a stranger (business-rules §6.2). Made anew from this row whenever it is read."""

    issued = models.ForeignKey(IssuedInvoice, models.CASCADE, related_name="letters", db_index=False)
    number = models.CharField(max_length=32, unique=True)
    code = models.CharField(max_length=32, unique=True)
    """Stands in the address by which whoever has the letter finds out whether it is genuine, and whether it still counts."""
    made_at = models.DateTimeField()
    until = models.DateTimeField()
    """Kept so long; then its buyer asks anew."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["issued", "-until"], name="letter_of_invoice")]
