"""Data of a company besides its name: registration, contacts, signed agreements, certification."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _


class Company(models.Model):
    """The legal entity behind a seller (business-rules §1.4). ``Seller`` has its names, profile and public data."""

    seller = models.OneToOneField("identity.Seller", models.PROTECT, related_name="company")
    registration_number = models.CharField(max_length=18, unique=True)
    """Unified social credit code. It can never be registered again, even after its seller has left."""
    founded_on = models.DateField()
    capital = models.PositiveBigIntegerField()
    """Registered capital in whole main units of the market's currency."""
    staff = models.PositiveIntegerField()
    """Technical and support staff."""
    logo = models.CharField(max_length=64, blank=True)
    """SHA-256 of the picture (``assets``)."""
    licence = models.CharField(max_length=64, blank=True, default="", db_default="")
    """SHA-256 of the business licence (``assets.Proof``); empty for companies that entered before it was required."""
    province = models.CharField(max_length=64)
    city = models.CharField(max_length=64)
    district = models.CharField(max_length=64, blank=True)
    street = models.CharField(max_length=200)
    contact_name = models.CharField(max_length=64)
    contact_phone = models.CharField(max_length=32)
    contact_email = models.EmailField()
    market_contact = models.JSONField(default=dict)
    """Contact person at the market: ``name``, ``phone`` and ``email``; may be empty."""
    service_days = models.PositiveSmallIntegerField()
    """Days a week, starting on Monday, on which its service desk answers."""
    service_from = models.CharField(max_length=5)
    service_until = models.CharField(max_length=5)
    """Local times, ``HH:MM``; equal times mean around the clock."""
    updated_at = models.DateTimeField()


class Certification(models.Model):
    """Bank account and tax data of a seller (business-rules §1.4 step 7). Required before publishing."""

    class Taxpayer(models.TextChoices):
        GENERAL = "general", _("General taxpayer")
        SMALL = "small", _("Small-scale taxpayer")

    seller = models.OneToOneField("identity.Seller", models.PROTECT, related_name="certification")
    account_holder = models.CharField(max_length=128, blank=True)
    bank = models.CharField(max_length=128, blank=True)
    branch = models.CharField(max_length=128, blank=True)
    sealed_account = models.TextField(blank=True)
    account_hint = models.CharField(max_length=16, blank=True)
    """The last four digits of the account number."""
    taxpayer = models.CharField(max_length=16, choices=Taxpayer, blank=True)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0))
    """Per cent of the seller's invoices."""
    finance_name = models.CharField(max_length=64, blank=True)
    finance_phone = models.CharField(max_length=32, blank=True)
    finance_email = models.EmailField(blank=True)
    certified_at = models.DateTimeField(null=True, default=None)
    failures = models.PositiveSmallIntegerField(default=0)
    """Applications rejected in a row."""
    locked_at = models.DateTimeField(null=True, default=None)
    """Since when further applications are refused; null unless locked. An operator can unlock it."""


class Agreement(models.Model):
    """A version of an agreement (business-rules §1.5). Never changed: a new text is a new version."""

    class Kind(models.TextChoices):
        SELLER = "seller", _("Seller cooperation agreement")
        PUBLISH = "publish", _("Product service agreement")
        BUYER = "buyer", _("Buyer agreement")
        PRIVACY = "privacy", _("Privacy policy")

    kind = models.CharField(max_length=16, choices=Kind)
    number = models.PositiveIntegerField()
    text = models.TextField()
    """Chinese; plain text in paragraphs. A heading begins with ``## ``."""
    text_en = models.TextField()
    change = models.CharField(max_length=500, blank=True)
    """A summary of the changes, in Chinese and English as the operator wrote it."""
    published_at = models.DateTimeField()
    published_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="agreement_version")]


class AgreementDraft(models.Model):
    """The next version of an agreement, before an operator publishes it. At most one for each kind."""

    kind = models.CharField(max_length=16, unique=True, choices=Agreement.Kind)
    text = models.TextField()
    text_en = models.TextField()
    change = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=1)
    """Incremented with each change, so that an operator publishes exactly the text that the preview showed."""
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    """None for a text shipped with the software."""


class Acceptance(models.Model):
    """A seller's acceptance of a version: the person who accepted, and the time."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="acceptances")
    seller = models.ForeignKey("identity.Seller", models.PROTECT, related_name="acceptances")
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    by_email = models.EmailField()
    """The address at that time: accounts can change their address or be deleted."""
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "agreement"], name="acceptance_once")]


class PolicyConsent(models.Model):
    """A person's acceptance of a version of the privacy policy."""

    user = models.ForeignKey("identity.User", models.CASCADE, related_name="consents", db_index=False)
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="consents")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "agreement"], name="policy_consent_once")]
