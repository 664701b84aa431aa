"""First answers to purchases by buyers' programs, stored so that a repeated call buys nothing twice."""

from __future__ import annotations

from django.db import models

from tradepost.market.identity.models import User


class KeptAnswer(models.Model):
    """The answer to a call with an idempotency key. Deleted after ``keep_api_answers_days``; then the key is free
    again."""

    buyer = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64)
    """SHA-256 of the path and the members of the body."""
    body = models.TextField(blank=True, default="")
    """Body of the answer, with status 200. Refusals change nothing and are not stored."""
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["buyer", "key"], name="kept_answer_key")]
