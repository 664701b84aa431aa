"""A staged signing key: created, shown once, tested with a call, then activated or discarded."""

from __future__ import annotations

from django.db import models


class StagedKey(models.Model):
    """The next key of an interface class. Calls are signed with the current one until the switch."""

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="staged_keys")
    interface_class = models.CharField(max_length=16)
    key_id = models.CharField(max_length=32, unique=True)
    sealed = models.TextField()
    hint = models.CharField(max_length=16)
    fingerprint = models.CharField(max_length=64)
    created_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="staged_keys")
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, default=None)
    """When a test call last showed that the seller's server knows the key; null before, and after a failed test."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "interface_class"], name="staged_key_once")]
