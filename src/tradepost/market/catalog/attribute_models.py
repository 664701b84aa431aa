"""Attributes that a seller defines once to use in its products (business-rules §3.4)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy


class AttributeTemplate(models.Model):
    """A choice or a number that a seller defines once. Products contain copies, so changes do not affect them."""

    class Kind(models.TextChoices):
        ENUM = "enum", pgettext_lazy("attribute", "Choice")
        NUMBER = "number", pgettext_lazy("attribute", "Number")

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="attributes", db_index=False)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=Kind)
    values = models.JSONField(default=list)
    """Values of a choice: ``[{"zh": …, "en": …}, …]``."""
    least = models.PositiveIntegerField(null=True, default=None)
    """With ``most`` and ``step``, the numbers that can be bought."""
    most = models.PositiveIntegerField(null=True, default=None)
    step = models.PositiveIntegerField(null=True, default=None)
    """Never changes (§3.4)."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "code"], name="attribute_code"),
            # In SQL, a comparison with NULL is not false, so NOT NULL is checked separately.
            models.CheckConstraint(
                condition=Q(kind="enum", least=None, most=None, step=None)
                | Q(
                    kind="number", least__isnull=False, most__isnull=False, step__isnull=False, least__gte=1,
                    most__gte=F("least"), step__gte=1,
                ),
                name="attribute_numbers",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
