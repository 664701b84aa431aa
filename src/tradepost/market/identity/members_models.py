"""Groups with menus, their members, and invitations (business-rules §1.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from .menus import BUILT_IN, BUILT_IN_NAMES


class Group(models.Model):
    """Menus that its members may read or write. A group with a ``code`` is built in: every seller has it, and it
    cannot be changed."""

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="groups")
    code = models.CharField(max_length=16, blank=True, default="")
    name = models.CharField(_("Name"), max_length=64, blank=True, default="")
    """Empty for a built-in group, whose name is in the reader's language."""
    menus = models.JSONField(default=dict)
    """``{menu: "read" or "write"}`` of a seller's own group; this release defines those of built-in groups
    (``given``)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "code"], condition=~Q(code=""), name="group_built_in_once"),
            models.UniqueConstraint("seller", Lower("name"), condition=Q(code=""), name="group_name_once"),
        ]

    def __str__(self) -> str:
        return str(BUILT_IN_NAMES.get(self.code) or self.name)

    @property
    def given(self) -> Mapping[str, str]:
        """The menus and levels that the group grants."""
        return BUILT_IN.get(self.code, {}) if self.code else self.menus


class Invitation(models.Model):
    """An invitation by email to act for a seller. Only the mail contains the token; the row has its hash."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Invited")
        ACCEPTED = "accepted", _("Accepted")
        REVOKED = "revoked", _("Withdrawn")

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="invitations")
    email = models.EmailField(_("E-mail"))
    token_hash = models.CharField(max_length=64, unique=True)
    groups = models.ManyToManyField(Group, related_name="+")
    """Groups that the member will join, if they still exist at acceptance."""
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    invited_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="invited")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "seller", Lower("email"), condition=Q(status="pending"), name="invitation_pending_once"
            )
        ]


class FormerMember(models.Model):
    """A person who acted for a seller, and when it ended: operators must not decide about a company that they
    recently left."""

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("identity.User", models.CASCADE, related_name="+", db_index=False)
    left_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "seller"], name="former_member_once")]

    @staticmethod
    def note(seller: int, users: Iterable[int], *, now: datetime) -> None:
        """Record that these people no longer act for the seller; keeps the latest time."""
        FormerMember.objects.bulk_create(
            [FormerMember(seller_id=seller, user_id=user, left_at=now) for user in users],
            update_conflicts=True, unique_fields=["user", "seller"], update_fields=["left_at"],
        )  # fmt: skip
