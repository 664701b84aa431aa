"""Test calls that a seller made, and the cases that were saved of them (saas-v2 §5)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address, Call


class DebugCase(models.Model):
    """A test call that succeeded, to be made again: at submission, by review, by probes (saas-v2 §5.4).

    It counts while the address and its key are those with which it succeeded last.
    """

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="debug_cases", db_index=False)
    address = models.ForeignKey(Address, models.CASCADE, related_name="debug_cases", db_index=False)
    activity = models.CharField(max_length=32)
    variant = models.CharField(max_length=32, blank=True, default="")
    kind = models.CharField(max_length=32)
    """Class name of the command."""
    command = models.JSONField()
    values = models.JSONField(default=dict)
    """What was typed, by path: the form shows it again."""
    url = models.CharField(max_length=512)
    key_id = models.CharField(max_length=32)
    """Of the signing key with which it succeeded last."""
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=128)
    call = models.ForeignKey(Call, models.SET_NULL, null=True, default=None, related_name="+")
    """Of its last try, good or bad."""
    tried_at = models.DateTimeField()
    passed = models.BooleanField(default=True)
    """Whether its last try succeeded."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "activity", "variant"], name="debug_case_once")]
        indexes = [models.Index(fields=["seller", "address"], name="debug_case_seller")]


class DebugRun(models.Model):
    """One test call: what was typed, and what is to become of its answer."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    address = models.ForeignKey(Address, models.CASCADE, related_name="+")
    activity = models.CharField(max_length=32)
    variant = models.CharField(max_length=32, blank=True, default="")
    values = models.JSONField(default=dict)
    url = models.CharField(max_length=512)
    key_id = models.CharField(max_length=32)
    actor = models.CharField(max_length=128)
    call = models.OneToOneField(Call, models.CASCADE, null=True, related_name="debug_run")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
    passed = models.BooleanField(null=True, default=None)
    """Whether every judgement of the answer holds; unknown while it is under way."""

    class Meta:
        indexes = [
            models.Index(fields=["seller"], name="debug_run_open", condition=Q(ended_at=None)),
            models.Index(fields=["seller", "address", "-id"], name="debug_run_newest"),
        ]


class ApiTrial(models.Model):
    """Something that a seller's program did at the market's own APIs while it was tried out, as evidence (saas-v1-license C1, C2).

    An event that a test call named is there as well: what is uploaded for it is a try, and nobody's license.
    """

    class What(models.TextChoices):
        EVENT = "event", ""
        """A test call of getLicenseAsync named it; ``about`` of both uploads."""
        ORDER_QUERY = "query", ""
        """``about``: the mock order."""
        TEXT = "text", ""
        FILE = "file", ""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    what = models.CharField(max_length=8, choices=What)
    about = models.CharField(max_length=64)
    at = models.DateTimeField()
    """When it was done last."""
    file_name = models.CharField(max_length=1024, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Of what was uploaded last; the content itself is not kept."""
    size = models.PositiveBigIntegerField(default=0)
    """Bytes of it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "what", "about"], name="api_trial_once")]
