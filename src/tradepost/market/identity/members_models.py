"""Groups with menus, who is in them, and invitations (business-rules §1.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from .menus import BUILT_IN, BUILT_IN_NAMES


class Group(models.Model):
    """Menus that its members may read or write. One with a ``code`` is built in: every seller has it, nobody changes it."""

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="groups")
    code = models.CharField(max_length=16, blank=True, default="")
    name = models.CharField(_("Name"), max_length=64, blank=True, default="")
    """Empty for a built-in one, whose name is in the reader's language."""
    menus = models.JSONField(default=dict)
    """``{menu: "read" or "write"}`` of an own one; those of a built-in one are this release's (``given``)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "code"], condition=~Q(code=""), name="group_built_in_once"),
            models.UniqueConstraint("seller", Lower("name"), condition=Q(code=""), name="group_name_once"),
        ]

    def __str__(self) -> str:
        return str(BUILT_IN_NAMES.get(self.code) or self.name)

    @property
    def given(self) -> Mapping[str, str]:
        """What its members may do."""
        return BUILT_IN.get(self.code, {}) if self.code else self.menus


class Invitation(models.Model):
    """Somebody is asked by e-mail to act for a seller. The token is in the mail alone; here is its hash."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Invited")
        ACCEPTED = "accepted", _("Accepted")
        REVOKED = "revoked", _("Withdrawn")

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="invitations")
    email = models.EmailField(_("E-mail"))
    token_hash = models.CharField(max_length=64, unique=True)
    groups = models.ManyToManyField(Group, related_name="+")
    """Those that still exist when it is accepted are given."""
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
    """Somebody who acted for a seller until a moment: an operator does not decide about a company that they just left."""

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("identity.User", models.CASCADE, related_name="+", db_index=False)
    left_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "seller"], name="former_member_once")]

    @staticmethod
    def note(seller: int, users: Iterable[int], *, now: datetime) -> None:
        """They act for the seller no more; the latest time counts."""
        FormerMember.objects.bulk_create(
            [FormerMember(seller_id=seller, user_id=user, left_at=now) for user in users],
            update_conflicts=True, unique_fields=["user", "seller"], update_fields=["left_at"],
        )  # fmt: skip
