"""The history of an enterprise: acts of administrators, members and the market. Entries never change."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class EnterpriseAct(models.Model):
    enterprise = models.ForeignKey("organisations.Enterprise", models.PROTECT, related_name="acts", db_index=False)
    act = models.CharField(max_length=32)
    """The value of an ``act_log.EnterpriseAction``."""
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    by_text = models.CharField(max_length=255)
    """The actor's name at the time, because names change and accounts are deleted."""
    about = models.CharField(max_length=32, blank=True, default="")
    """The object of the act: ``member:7``; empty for the enterprise itself."""
    about_text = models.CharField(max_length=255, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["enterprise", "-id"], name="enterprise_act_list"),
            models.Index(fields=["enterprise", "about", "-id"], name="enterprise_act_about"),
        ]
