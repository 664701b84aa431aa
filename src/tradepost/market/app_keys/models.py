"""App keys of services. Only the hash of a secret is stored."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tradepost.market.subscriptions.models import Subscription

NAME_LENGTH = 50


class AppKey(models.Model):
    """A key pair that a buyer created for a service.

    ``revoked_at`` and the state of the service decide whether the key is valid (``verify``). No row changes when the
    service is frozen, renewed or released.
    """

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="app_keys", db_index=False)
    name = models.CharField(max_length=NAME_LENGTH)
    """The buyer's name for the key."""
    app_key = models.CharField(max_length=32, unique=True)
    secret_hash = models.CharField(max_length=64)
    """SHA-256 of the secret, in hex. The secret has 40 random characters, so it needs no salt."""
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, default=None)
    """Time of the last successful verification, to the minute."""
    revoked_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subscription", "-id"], name="app_key_service"),
            models.Index(fields=["subscription"], name="app_key_valid", condition=Q(revoked_at=None)),
        ]
