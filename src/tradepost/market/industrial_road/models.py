"""A seller's answers to the checklist of the access standard, the only input of the onboarding that is not derived
from facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Seller

MAX_NOTE_LENGTH = 300


class RetrofitAnswer(models.Model):
    """The answer to one item of the checklist. An item without a row is not answered."""

    class Says(models.TextChoices):
        MET = "met", pgettext_lazy("retrofit", "Done")
        NOT_YET = "not_yet", pgettext_lazy("retrofit", "Not yet")
        NOT_NEEDED = "not_needed", pgettext_lazy("retrofit", "Does not apply")

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    item = models.CharField(max_length=32)
    says = models.CharField(max_length=16, choices=Says)
    note = models.CharField(max_length=MAX_NOTE_LENGTH, blank=True, default="")
    by = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "item"], name="retrofit_answer_once")]
