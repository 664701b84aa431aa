"""Assignments of products to members of their seller."""

from __future__ import annotations

from django.db import models


class ProductGrant(models.Model):
    """One product, one member (business-rules §1.7)."""

    product = models.OneToOneField("catalog.Product", models.CASCADE, related_name="granted")
    member = models.ForeignKey("identity.Member", models.CASCADE, related_name="grants")
    granted_by = models.CharField(max_length=254)
    granted_at = models.DateTimeField()
