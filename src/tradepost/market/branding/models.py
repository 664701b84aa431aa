"""The branding that operators enter: one row, which pages read through ``face``."""

from __future__ import annotations

from django.db import models

from tradepost.market.assets.models import Picture
from tradepost.market.identity.models import User

MAX_NAME_LENGTH = 32
MAX_TEXT_LENGTH = 300
MAX_LINE_LENGTH = 120
MAX_ADDRESS_LENGTH = 200


class Branding(models.Model):
    """The market's branding. If one text of a language pair is empty, pages show the other language."""

    ONLY = 1
    """The primary key of the only row."""

    version = models.PositiveIntegerField(default=0)
    """Number of changes. A form opened before the last change is refused."""
    name = models.CharField(max_length=MAX_NAME_LENGTH, blank=True, default="")
    name_en = models.CharField(max_length=MAX_NAME_LENGTH, blank=True, default="")
    colour = models.CharField(max_length=7, blank=True, default="")
    """Such as ``#0d5c8f``; empty means the default blue."""
    footer = models.CharField(max_length=MAX_TEXT_LENGTH, blank=True, default="")
    footer_en = models.CharField(max_length=MAX_TEXT_LENGTH, blank=True, default="")
    company = models.CharField(max_length=MAX_LINE_LENGTH, blank=True, default="")
    company_en = models.CharField(max_length=MAX_LINE_LENGTH, blank=True, default="")
    address = models.CharField(max_length=MAX_ADDRESS_LENGTH, blank=True, default="")
    address_en = models.CharField(max_length=MAX_ADDRESS_LENGTH, blank=True, default="")
    icp = models.CharField(max_length=40, blank=True, default="")
    """The registration number of a website in mainland China."""
    hours = models.CharField(max_length=MAX_LINE_LENGTH, blank=True, default="")
    hours_en = models.CharField(max_length=MAX_LINE_LENGTH, blank=True, default="")
    support_email = models.CharField(max_length=254, blank=True, default="")
    support_phone = models.CharField(max_length=40, blank=True, default="")
    powered_by = models.BooleanField(default=True)
    """Whether the footer names the software."""
    logo = models.ForeignKey(Picture, models.PROTECT, null=True, related_name="+")
    icon = models.ForeignKey(Picture, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
