"""What a seller says of its software against the access standard: the one thing of the road that is not derived from facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Seller

LONGEST_NOTE = 300


class RetrofitAnswer(models.Model):
    """One item of the checklist. An item without a row is not answered."""

    class Says(models.TextChoices):
        MET = "met", pgettext_lazy("retrofit", "Done")
        NOT_YET = "not_yet", pgettext_lazy("retrofit", "Not yet")
        NOT_NEEDED = "not_needed", pgettext_lazy("retrofit", "Does not apply")

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    item = models.CharField(max_length=32)
    says = models.CharField(max_length=16, choices=Says)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    by = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "item"], name="retrofit_answer_once")]
