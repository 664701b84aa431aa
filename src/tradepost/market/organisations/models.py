"""Enterprises, departments and members. Invitations, imports, history and others have their own files."""

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
"""Length of a tenant's and a department's code, and of a member's account name (openapi-jointkit §A.5, §A.7,
§A.8)."""


class Enterprise(models.Model):
    """A company that uses joint software: the *tenant* of the joint-operation kit (openapi-jointkit §A.5)."""

    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("enterprise", "Active")
        DISSOLVED = "dissolved", _("Dissolved")

    public_id = models.CharField(max_length=32, unique=True, default=hex_id)
    """The ``tenantId`` that sellers know; never reused."""
    code = models.CharField(max_length=CODE_LENGTH, unique=True)
    """The ``tenantCode``: ``user_name@code`` identifies a person in the whole market. Never changed and never
    reused."""
    name = models.CharField(pgettext_lazy("of a thing", "Name"), max_length=255)
    buyer = models.ForeignKey(User, models.PROTECT, null=True, default=None, related_name="enterprises")
    """The founder, whose services may be bound to it. None for a seller's test enterprise."""
    test_seller = models.ForeignKey(
        Seller, models.PROTECT, null=True, default=None, related_name="test_enterprises", db_index=False
    )
    """The seller that tests its software with it (§B.1 'Test account')."""
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    people = models.PositiveIntegerField(default=0, db_default=0)
    """Number of members. Functions that hold this row update it (``locking.counted``), because counting up to a
    hundred thousand is slow."""
    second_step_required = models.BooleanField(default=False, db_default=False)
    """Whether its auth centre requires two-step sign-in."""
    created_at = models.DateTimeField()
    dissolve_asked_at = models.DateTimeField(null=True, default=None)
    """When an administrator requested to dissolve it; null without a request."""
    dissolve_asked_by = models.BigIntegerField(null=True, default=None)
    """Key of that member."""
    dissolve_at = models.DateTimeField(null=True, default=None)
    """When it will be dissolved unless an administrator keeps it; null while a second administrator must agree."""
    dissolved_at = models.DateTimeField(null=True, default=None)
    erased_at = models.DateTimeField(null=True, default=None)
    """When its data was erased, some time after it was dissolved."""

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["dissolved_at"],
                name="enterprise_to_erase",
                condition=Q(dissolved_at__isnull=False, erased_at__isnull=True),
            ),
        ]
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
    """A node of an enterprise's tree (§A.8). A removed department keeps its row and code, which identify it to
    sellers."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="departments", db_index=False)
    code = models.CharField(max_length=CODE_LENGTH)
    """The ``orgCode``: never changed. A removed department is restored under its own code."""
    name = models.CharField(pgettext_lazy("of a thing", "Name"), max_length=128)
    parent = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="children")
    """None at the top."""
    version = models.PositiveIntegerField(default=1)
    """Incremented with each change, so that notifications can be compared with the current state."""
    removed_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enterprise", "code"], name="department_code"),
            # A unique constraint ignores NULL, so the top level needs its own.
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
    """A person in an enterprise (§A.7). A removed member keeps the row without personal data: an account name is
    never reused, because it identifies a person to sellers."""

    class Role(models.TextChoices):
        USER = "user", pgettext_lazy("enterprise", "Member")
        ADMIN = "admin", pgettext_lazy("enterprise", "Administrator")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="members", db_index=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="enterprise_memberships")
    public_id = models.CharField(max_length=32, unique=True, default=hex_id)
    """The identifier that sellers' programs know (``sub``)."""
    user_name = models.CharField(_("Account name"), max_length=CODE_LENGTH)
    """In lower case; rarely changed (``members.rename_account``)."""
    name = models.CharField(_("Name"), max_length=64)
    department = models.ForeignKey(Department, models.PROTECT, related_name="members", db_index=False)
    role = models.CharField(max_length=8, choices=Role, default=Role.USER)
    enabled = models.BooleanField(default=True)
    """Whether the person may sign in; a disabled person stays a member."""
    managed = models.BooleanField(default=False)
    """Whether the enterprise created the account, and may reset its password; others are people's own accounts."""
    profile = models.JSONField(default=dict)
    """``position employee_code employee_type mobile email work_place entry_date extension``, as far as known
    (``profile.py``)."""
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    """Identifier of the person in the enterprise's own directory (``externalId`` of RFC 7643 §3.1)."""
    directory = models.JSONField(default=dict, db_default={})
    """Other data from the directory: ``formatted familyName givenName`` of a name, and a ``department`` that the
    market does not know, so that the member was not moved."""
    password_at = models.DateTimeField(null=True, default=None)
    """When the password of a managed account was last generated; null without a password, so that sign-in is
    impossible."""
    password_temporary = models.BooleanField(default=False, db_default=False)
    """Another person generated the password: its owner must replace it at the next sign-in."""
    imported_by = models.BigIntegerField(null=True, default=None)
    """Key of the import that created the account."""
    version = models.PositiveIntegerField(default=1)
    """Incremented with each change, like a department's."""
    joined_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enterprise", "user_name"], name="enterprise_member_user_name"),
            models.UniqueConstraint(fields=["enterprise", "user"], name="enterprise_member_once"),
        ]
        # For the lists of a large enterprise: all members, those of a department, and prefix searches by name
        # (``base.prefix``).
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
