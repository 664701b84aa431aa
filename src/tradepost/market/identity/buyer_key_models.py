"""Access keys of buyers: a buyer's program calls the buyer APIs with one, with the rights that the buyer chose."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Right(models.TextChoices):
    """What a key may do. Ordering and paying are separate, so that a person can approve what a program orders."""

    READ = "read", _("View orders and services")
    ACCESS = "access", _("View sign-in data of services, including passwords")
    ORDER = "order", _("Place, renew, and cancel orders")
    PAY = "pay", _("Pay from the balance: orders, pay-per-use services, automatic renewals")
    UNSUBSCRIBE = "unsubscribe", _("Unsubscribe services")


class BuyerKey(models.Model):
    """AK/SK pair of a buyer. The secret is sealed, and shown only when the key is created."""

    user = models.ForeignKey("identity.User", models.CASCADE, related_name="buyer_keys")
    name = models.CharField(max_length=64)
    access_key = models.CharField(max_length=32, unique=True)
    sealed = models.TextField()
    rights = models.JSONField()
    """Values of ``Right``, in its order."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, default=None)
    last_used_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="buyer_key_name")]

    @property
    def right_labels(self) -> list[str]:
        return [str(Right(value).label) for value in self.rights]
