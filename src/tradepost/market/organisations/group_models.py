"""Groups, to whose members applications can be assigned (business-rules §9 'Joint SaaS')."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import pgettext_lazy


class Group(models.Model):
    enterprise = models.ForeignKey("organisations.Enterprise", models.PROTECT, related_name="groups", db_index=False)
    name = models.CharField(pgettext_lazy("of a thing", "Name"), max_length=64)
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    """Identifier in the enterprise's own directory (``externalId`` of RFC 7643 §3.1)."""
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, default=None)
    """When it was removed and lost its effect; the row is deleted after the last member has left
    (``groups.empty``)."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "enterprise", Lower("name"), condition=Q(removed_at__isnull=True), name="enterprise_group_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    group = models.ForeignKey(Group, models.CASCADE, related_name="memberships", db_index=False)
    member = models.ForeignKey("organisations.Member", models.CASCADE, related_name="groups")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "member"], name="enterprise_group_member_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["group", "-id"], name="enterprise_group_member_list")]
