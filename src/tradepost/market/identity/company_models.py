"""What is known of a company beside its name: its registration, how it is reached, what it signed, where it is paid."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _


class Company(models.Model):
    """The legal entity behind a seller (business-rules §1.4). Names, profile and what buyers see stand in ``Seller``."""

    seller = models.OneToOneField("identity.Seller", models.PROTECT, related_name="company")
    registration_number = models.CharField(max_length=18, unique=True)
    """Unified social credit code. Once here it never comes again, also after its seller left."""
    founded_on = models.DateField()
    capital = models.PositiveBigIntegerField()
    """Registered capital in whole main units of the market's currency."""
    staff = models.PositiveIntegerField()
    """People in technics and support."""
    logo = models.CharField(max_length=64, blank=True)
    """SHA-256 of the picture (``assets``)."""
    licence = models.CharField(max_length=64, blank=True, default="", db_default="")
    """SHA-256 of the business licence (``assets.Proof``); empty for companies that entered before it was asked."""
    province = models.CharField(max_length=64)
    city = models.CharField(max_length=64)
    district = models.CharField(max_length=64, blank=True)
    street = models.CharField(max_length=200)
    contact_name = models.CharField(max_length=64)
    contact_phone = models.CharField(max_length=32)
    contact_email = models.EmailField()
    market_contact = models.JSONField(default=dict)
    """Whom it knows at the market: ``name``, ``phone`` and ``email``; empty for nobody."""
    service_days = models.PositiveSmallIntegerField()
    """Days a week, from Monday on, on which its service desk answers."""
    service_from = models.CharField(max_length=5)
    service_until = models.CharField(max_length=5)
    """Local times, ``HH:MM``; the same twice means around the clock."""
    updated_at = models.DateTimeField()


class Certification(models.Model):
    """Where a seller is paid and how it is taxed (business-rules §1.4 step 7). Mandatory before anything is published."""

    class Taxpayer(models.TextChoices):
        GENERAL = "general", _("General taxpayer")
        SMALL = "small", _("Small-scale taxpayer")

    seller = models.OneToOneField("identity.Seller", models.PROTECT, related_name="certification")
    account_holder = models.CharField(max_length=128, blank=True)
    bank = models.CharField(max_length=128, blank=True)
    branch = models.CharField(max_length=128, blank=True)
    sealed_account = models.TextField(blank=True)
    account_hint = models.CharField(max_length=16, blank=True)
    """Its last four digits."""
    taxpayer = models.CharField(max_length=16, choices=Taxpayer, blank=True)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0))
    """Per cent, of what the seller invoices."""
    finance_name = models.CharField(max_length=64, blank=True)
    finance_phone = models.CharField(max_length=32, blank=True)
    finance_email = models.EmailField(blank=True)
    certified_at = models.DateTimeField(null=True, default=None)
    failures = models.PositiveSmallIntegerField(default=0)
    """Applications refused in a row."""
    locked_at = models.DateTimeField(null=True, default=None)
    """Since when no further application is taken, until an operator unlocks it."""


class Agreement(models.Model):
    """One version of a text that somebody agrees to (business-rules §1.5). Never changed: a new text is a new version."""

    class Kind(models.TextChoices):
        SELLER = "seller", _("Seller cooperation agreement")
        PUBLISH = "publish", _("Product service agreement")
        BUYER = "buyer", _("Buyer agreement")

    kind = models.CharField(max_length=16, choices=Kind)
    number = models.PositiveIntegerField()
    text = models.TextField()
    """Chinese; plain text in paragraphs, a heading begins with ``## ``."""
    text_en = models.TextField()
    change = models.CharField(max_length=500, blank=True)
    """What is new in it, in Chinese and English as the operator wrote it."""
    published_at = models.DateTimeField()
    published_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="agreement_version")]


class Acceptance(models.Model):
    """A seller agreed to a version: who did it for the seller, and when."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="acceptances")
    seller = models.ForeignKey("identity.Seller", models.PROTECT, related_name="acceptances")
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    by_email = models.EmailField()
    """As it was then: an account may change its address, or go."""
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "agreement"], name="acceptance_once")]
