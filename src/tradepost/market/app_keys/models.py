"""App keys of services. A row holds the hash of its secret, never the secret."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tradepost.market.subscriptions.models import Subscription

NAME_LENGTH = 50


class AppKey(models.Model):
    """A key pair that a buyer created for a service.

    Whether it is accepted follows from ``revoked_at`` and from the state of the service (``verify``): no row changes when the
    service is frozen, renewed or released.
    """

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="app_keys", db_index=False)
    name = models.CharField(max_length=NAME_LENGTH)
    """What the buyer uses it for."""
    app_key = models.CharField(max_length=32, unique=True)
    secret_hash = models.CharField(max_length=64)
    """SHA-256 of the secret in hex. The secret has 40 random characters, so a plain hash cannot be guessed."""
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, default=None)
    """When a gateway checked it successfully for the last time, exact to a minute."""
    revoked_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subscription", "-id"], name="app_key_service"),
            models.Index(fields=["subscription"], name="app_key_valid", condition=Q(revoked_at=None)),
        ]
