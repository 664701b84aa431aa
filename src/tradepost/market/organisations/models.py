"""Enterprises, their departments, and who is in them; invitations, imports and what was done stand in files of their own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.ids import hex_id
from tradepost.market.identity.models import Seller, User

from .act_models import EnterpriseAct
from .address_models import OwnAddress
from .directory_models import DirectoryToken
from .group_models import Group, GroupMember
from .import_models import ImportRun
from .invitation_models import Invitation
from .password_models import PasswordFile, PasswordPart
from .visit_models import AdminVisit

__all__ = [
    "CODE_LENGTH",
    "AdminVisit",
    "Department",
    "DirectoryToken",
    "Enterprise",
    "EnterpriseAct",
    "Group",
    "GroupMember",
    "ImportRun",
    "Invitation",
    "Member",
    "OwnAddress",
    "PasswordFile",
    "PasswordPart",
]
CODE_LENGTH = 64
"""Of a tenant's and a department's code, and of a member's account name (openapi-jointkit §A.5, §A.7, §A.8)."""


class Enterprise(models.Model):
    """A company that uses joint software: the *tenant* of the joint-operation kit (openapi-jointkit §A.5)."""

    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("enterprise", "Active")
        DISSOLVED = "dissolved", _("Dissolved")

    public_id = models.CharField(max_length=32, unique=True, default=hex_id)
    """The ``tenantId`` that sellers know; no other enterprise ever has it."""
    code = models.CharField(max_length=CODE_LENGTH, unique=True)
    """The ``tenantCode``: ``user_name@code`` names one person of the whole market. Never changed, never given again."""
    name = models.CharField(_("Name"), max_length=255)
    buyer = models.ForeignKey(User, models.PROTECT, null=True, default=None, related_name="enterprises")
    """Whose services may be bound to it: who founded it. None for a seller's test enterprise."""
    test_seller = models.ForeignKey(
        Seller, models.PROTECT, null=True, default=None, related_name="test_enterprises", db_index=False
    )
    """The seller that tries its software with it (§B.1 'Test account')."""
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    people = models.PositiveIntegerField(default=0, db_default=0)
    """Living members: kept by the verbs, which hold this row, since there may be a hundred thousand (``locking.counted``)."""
    second_step_required = models.BooleanField(default=False, db_default=False)
    """Whether its auth centre lets nobody in by a password alone."""
    created_at = models.DateTimeField()
    dissolved_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["test_seller"], name="enterprise_of_tests_once"),
            models.CheckConstraint(
                condition=Q(buyer__isnull=True, test_seller__isnull=False)
                | Q(buyer__isnull=False, test_seller__isnull=True),
                name="enterprise_one_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    """A node of an enterprise's tree (§A.8). One that was removed keeps its row and its code: sellers are told by it."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="departments", db_index=False)
    code = models.CharField(max_length=CODE_LENGTH)
    """The ``orgCode``: never changed. A removed department comes back under its own code."""
    name = models.CharField(_("Name"), max_length=128)
    parent = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="children")
    """None at the top."""
    version = models.PositiveIntegerField(default=1)
    """Counts what became of it, so that who tells others knows whether they were told of this."""
    removed_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enterprise", "code"], name="department_code"),
            # NULL equals nothing, so the top needs a constraint of its own.
            models.UniqueConstraint(
                fields=["enterprise", "parent", "name"],
                condition=Q(removed_at__isnull=True, parent__isnull=False),
                name="department_name_among_siblings",
            ),
            models.UniqueConstraint(
                fields=["enterprise", "name"],
                condition=Q(removed_at__isnull=True, parent__isnull=True),
                name="department_name_at_the_top",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person in an enterprise (§A.7). One that was removed keeps the row, without personal data: an account name is never
    another person's, since sellers know people by nothing else."""

    class Role(models.TextChoices):
        USER = "user", pgettext_lazy("enterprise", "Member")
        ADMIN = "admin", pgettext_lazy("enterprise", "Administrator")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="members", db_index=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="enterprise_memberships")
    public_id = models.CharField(max_length=32, unique=True, default=hex_id)
    """What programs of sellers know the person by (``sub``)."""
    user_name = models.CharField(_("Account name"), max_length=CODE_LENGTH)
    """In lower case; never changed."""
    name = models.CharField(_("Name"), max_length=64)
    department = models.ForeignKey(Department, models.PROTECT, related_name="members", db_index=False)
    role = models.CharField(max_length=8, choices=Role, default=Role.USER)
    enabled = models.BooleanField(default=True)
    """Whether the person may sign in; one who is disabled stays a member."""
    managed = models.BooleanField(default=False)
    """Whether the enterprise made the account, and may give it a new password; others are the people's own."""
    profile = models.JSONField(default=dict)
    """``position employee_code employee_type mobile email work_place entry_date extension`` as far as known (``profile.py``)."""
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    """What the enterprise's own directory calls the person (``externalId`` of RFC 7643 §3.1)."""
    directory = models.JSONField(default=dict, db_default={})
    """What else the directory said and the market does not use: ``formatted familyName givenName`` of a name, and a ``department``
    that the market does not know, whose member therefore was not moved."""
    password_at = models.DateTimeField(null=True, default=None)
    """When an administrator made the password of a managed account last; null while it has none and nobody can sign in."""
    password_temporary = models.BooleanField(default=False, db_default=False)
    """Somebody else made the password: its owner replaces it at the next sign-in."""
    imported_by = models.BigIntegerField(null=True, default=None)
    """Key of the import that made the account."""
    version = models.PositiveIntegerField(default=1)
    """Counts what became of it, as a department's."""
    joined_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enterprise", "user_name"], name="enterprise_member_user_name"),
            models.UniqueConstraint(fields=["enterprise", "user"], name="enterprise_member_once"),
        ]
        # Of the many of an enterprise: all, those of a department, and those whose name begins so (``base.prefix``).
        indexes: ClassVar = [
            models.Index(
                fields=["enterprise", "-id"], name="enterprise_member_living", condition=Q(removed_at__isnull=True)
            ),
            models.Index(
                fields=["department", "-id"], name="enterprise_member_department", condition=Q(removed_at__isnull=True)
            ),
            models.Index(
                fields=["enterprise", "-id"], name="enterprise_member_removed", condition=Q(removed_at__isnull=False)
            ),
            models.Index(
                fields=["enterprise", "-id"],
                name="enterprise_member_admins",
                condition=Q(removed_at__isnull=True, role="admin"),
            ),
            models.Index(
                fields=["enterprise", "-id"],
                name="enterprise_member_no_password",
                condition=Q(managed=True, password_at__isnull=True, removed_at__isnull=True),
            ),
            models.Index(
                fields=["enterprise", "user_name"],
                name="enterprise_member_begins",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(
                fields=["enterprise", "name"],
                name="enterprise_member_name",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(fields=["enterprise", "external_id"], name="enterprise_member_external"),
            models.Index(
                fields=["imported_by", "id"], name="enterprise_member_imported", condition=Q(imported_by__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.user_name
