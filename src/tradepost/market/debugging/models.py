"""Test calls of sellers, and the cases saved from them (saas-v2 §5)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address, Call


class DebugCase(models.Model):
    """A successful test call that is replayed at submission, in reviews and by probes (saas-v2 §5.4).

    It is valid while the address and its key are those of its last success.
    """

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="debug_cases", db_index=False)
    address = models.ForeignKey(Address, models.CASCADE, related_name="debug_cases", db_index=False)
    activity = models.CharField(max_length=32)
    variant = models.CharField(max_length=32, blank=True, default="")
    kind = models.CharField(max_length=32)
    """Class name of the command."""
    command = models.JSONField()
    values = models.JSONField(default=dict)
    """The entered values by path, shown again in the form."""
    url = models.CharField(max_length=512)
    key_id = models.CharField(max_length=32)
    """Id of the signing key of the last success."""
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=128)
    call = models.ForeignKey(Call, models.SET_NULL, null=True, default=None, related_name="+")
    """Call of the last attempt, successful or not."""
    tried_at = models.DateTimeField()
    passed = models.BooleanField(default=True)
    """Whether the last attempt succeeded."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "activity", "variant"], name="debug_case_once")]
        indexes = [models.Index(fields=["seller", "address"], name="debug_case_seller")]


class DebugRun(models.Model):
    """A test call: the entered values, and the result."""

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
    """Whether all checks of the response passed; null while the call is in progress."""

    class Meta:
        indexes = [
            models.Index(fields=["seller"], name="debug_run_open", condition=Q(ended_at=None)),
            models.Index(fields=["seller", "address", "-id"], name="debug_run_newest"),
        ]


class ApiTrial(models.Model):
    """Evidence of a call that a seller's program made to the market's APIs during tests (saas-v1-license C1, C2).

    The event of a test call is also recorded. Uploads for it are tests, not licenses.
    """

    class What(models.TextChoices):
        EVENT = "event", ""
        """A test call of getLicenseAsync named the event. Uploads have the same ``about``."""
        ORDER_QUERY = "query", ""
        """A query; ``about``: the mock order."""
        TEXT = "text", ""
        FILE = "file", ""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    what = models.CharField(max_length=8, choices=What)
    about = models.CharField(max_length=64)
    at = models.DateTimeField()
    """Time of the last occurrence."""
    file_name = models.CharField(max_length=1024, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Hash of the last upload; the content is not stored."""
    size = models.PositiveBigIntegerField(default=0)
    """Size of the last upload in bytes."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "what", "about"], name="api_trial_once")]
