"""Accounts, sellers, members and keys."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.django_internals.session_hash import EndableSessions
from tradepost.market.base.ids import hex_id

from .buyer_key_models import BuyerKey
from .domain_models import Domain
from .email_field import OptionalEmail
from .key_models import StagedKey
from .members_models import Group, Invitation
from .operator_models import AccountLock, OperatorInvitation
from .operator_roles import IS_OPERATOR, Role
from .provider_models import OperatorSignIn, ProviderSignIn, SignInProvider
from .second_factor_models import LogIn, RecoveryCode, SecondFactor

__all__ = [
    "AccessKey",
    "AccountLock",
    "BuyerKey",
    "CustomerType",
    "Domain",
    "Group",
    "Invitation",
    "Level",
    "LogIn",
    "Member",
    "OperatorInvitation",
    "OperatorSignIn",
    "ProviderSignIn",
    "RecoveryCode",
    "SecondFactor",
    "Seller",
    "SignInProvider",
    "SigningKey",
    "StagedKey",
    "Throttle",
    "User",
    "Users",
]


class Users(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.by_email(username or "").get()

    def by_email(self, email: str) -> models.QuerySet[User]:
        """Return the account with this address, ignoring case. Uses the index ``user_email``, which ``iexact`` does
        not."""
        return self.alias(spelt=Lower("email")).filter(spelt=Lower(models.Value(email)))


class Level(models.TextChoices):
    """A customer's level, set by operators (business-rules §4.4)."""

    V0 = "V0", "V0"
    V1 = "V1", "V1"
    V2 = "V2", "V2"
    V3 = "V3", "V3"
    V4 = "V4", "V4"
    V5 = "V5", "V5"


class CustomerType(models.TextChoices):
    """A customer type that an operator certified; accounts without one are not certified."""

    COMPANY = "company", _("Enterprise")
    PERSON = "person", _("Individual")


class User(EndableSessions, AbstractBaseUser):
    """A person. Everybody may buy; members of a seller may enter the seller center, operators the console."""

    email = OptionalEmail(_("E-mail"), unique=True)
    """Empty for an account that an enterprise created (``organisations``), whose owner signs in at the enterprise's
    auth centre."""
    name = models.CharField(_("Name"), max_length=64, blank=True)
    company = models.CharField(_("Company"), max_length=128, blank=True)
    phone = models.CharField(_("Phone"), max_length=32, blank=True)
    language = models.CharField(_("Language"), max_length=10, default="zh-hans")
    customer_id = models.CharField(max_length=32, unique=True, default=hex_id)
    """The ID by which sellers know the buyer."""
    level = models.CharField(_("Customer level"), max_length=2, choices=Level, blank=True, default="", db_default="")
    """Determines how long unrenewed services are kept (business-rules §4.4); empty: the market's default level."""
    customer_type = models.CharField(
        _("Customer type"), max_length=8, choices=CustomerType, blank=True, default="", db_default=""
    )
    """Determines which sales targets include the buyer (business-rules §3.7); empty: not certified."""
    certified_name = models.CharField(max_length=128, blank=True, default="", db_default="")
    """From the licence or identity document that the operator checked."""
    expiry_day = models.PositiveSmallIntegerField(_("Unified expiry date"), default=0, db_default=0)
    """Day of the month on which services end: 1 to 28, or 31 for the last day (business-rules §4.5); 0: none."""
    is_active = models.BooleanField(default=True)
    operator_role = models.CharField(_("Role"), max_length=8, choices=Role, blank=True, default="", db_default="")
    """Role in the console; empty for accounts that are not operators."""
    joined_at = models.DateTimeField(default=timezone.now)
    sessions_ended = models.PositiveIntegerField(default=0, db_default=0)
    """How often all sessions were ended at once. Each session has a hash of the number at its time."""

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[Users] = Users()

    class Meta:
        # Partial index: operators are few among all users.
        indexes = [
            models.Index(fields=["-id"], name="user_operator", condition=IS_OPERATOR),
            models.Index(fields=["joined_at", "id"], name="user_joined"),
            # For prefix searches. The unique constraints provide those for email address and customer ID.
            *(
                models.Index(fields=[column], name=f"user_{column}_begins", opclasses=["varchar_pattern_ops"])
                for column in ("name", "company", "phone")
            ),
        ]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email")]

    def __str__(self) -> str:
        return self.name or self.email

    def times_sessions_ended(self) -> int:
        return self.sessions_ended

    @property
    def is_operator(self) -> bool:
        return bool(self.operator_role)


class Seller(models.Model):
    """A company that lists products."""

    class Status(models.TextChoices):
        APPLICANT = "applicant", _("Applying")
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        EXITED = "exited", _("Left the market")

    name = models.CharField(_("Chinese name"), max_length=128)
    name_en = models.CharField(_("English name"), max_length=128, blank=True)
    slug = models.SlugField(unique=True)
    contact_email = models.EmailField(_("Contact e-mail"))
    contact_phone = models.CharField(_("Contact phone"), max_length=32, blank=True)
    website = models.URLField(_("Website"), blank=True)
    about = models.TextField(blank=True)
    about_en = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE, db_default=Status.ACTIVE)
    """Changed only through ``lifecycle.SELLER``."""
    status_reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    """The operator's reason for a suspension, which the seller reads."""
    self_operated = models.BooleanField(default=False, db_default=False)
    """The market itself sells as this seller, which issues invoices for its products and the market's fee
    (business-rules §6.1).
    At most one; see ``self_operated``."""
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at", "id"], name="seller_created")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["self_operated"], condition=models.Q(self_operated=True), name="seller_self_operated"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_selling(self) -> bool:
        """Whether its products may be shown and bought."""
        return self.status == self.Status.ACTIVE


class Member(models.Model):
    """A user who acts for a seller."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MEMBER = "member", _("Member")
        """May do what their groups allow."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.OWNER)
    groups = models.ManyToManyField(Group, related_name="members")
    joined_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "user"], name="member_once")]


class SigningKey(models.Model):
    """The key that signs calls of one interface class (saas-v2 §1.3, §2.1). Sealed; shown once.

    After a rotation, the former key stays valid for responses until ``valid_until``, so that a seller can update its
    servers."""

    class InterfaceClass(models.TextChoices):
        BASE = "base", _("Base interfaces")
        KIT = "kit", _("Joint-operation sync interfaces")
        LICENSE = "license", _("License code delivery")
        NOTICE = "notice", _("Order notification")

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="signing_keys")
    interface_class = models.CharField(max_length=16, choices=InterfaceClass)
    key_id = models.CharField(max_length=32, unique=True)
    sealed = models.TextField()
    hint = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, default=None)
    """Null for the current key; set when it is replaced."""
    fingerprint = models.CharField(max_length=64, blank=True, default="", db_default="")
    """Keyed hash of the secret (``keys.fingerprint``), because a key is used once, for one class. Empty for an older
    key that was used twice."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "interface_class"], condition=models.Q(valid_until=None), name="signing_key_current"
            ),
            models.UniqueConstraint(
                fields=["seller", "fingerprint"], condition=~models.Q(fingerprint=""), name="signing_key_used_once"
            ),
        ]


class AccessKey(models.Model):
    """AK/SK pair with which a seller's server calls the open APIs (openapi-jointkit C.1). Sealed; shown once."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="access_keys")
    access_key = models.CharField(max_length=32, unique=True)
    sealed = models.TextField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True)
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, default=None)
    last_used_at = models.DateTimeField(null=True, default=None)


class Throttle(models.Model):
    """Count of tries for all web processes; see ``throttling``. Times are real, not market time."""

    key = models.CharField(max_length=64, unique=True)
    """A keyed hash of what is counted, which does not reveal the addresses that were tried."""
    number = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()
    """When the next try is allowed, or when the count restarts."""


# The models of companies and other groups have their own files; Django finds them here.
from . import company_models, opening_models  # noqa: E402, F401
