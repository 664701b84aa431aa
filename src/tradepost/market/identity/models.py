"""Accounts, sellers, members and keys."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.ids import hex_id

from .buyer_key_models import BuyerKey
from .domain_models import Domain
from .email_field import OptionalEmail
from .key_models import StagedKey
from .members_models import Group, Invitation
from .second_factor_models import LogIn, RecoveryCode, SecondFactor

__all__ = [
    "AccessKey",
    "BuyerKey",
    "CustomerType",
    "Domain",
    "Group",
    "Invitation",
    "Level",
    "LogIn",
    "Member",
    "RecoveryCode",
    "SecondFactor",
    "Seller",
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
        """Who has this address, however it is spelt: by the index of ``user_email``, which ``iexact`` does not use."""
        return self.alias(spelt=Lower("email")).filter(spelt=Lower(models.Value(email)))


class Level(models.TextChoices):
    """Of a customer, given by operators (business-rules §4.4)."""

    V0 = "V0", "V0"
    V1 = "V1", "V1"
    V2 = "V2", "V2"
    V3 = "V3", "V3"
    V4 = "V4", "V4"
    V5 = "V5", "V5"


class CustomerType(models.TextChoices):
    """As an operator certified it; an account without one is not certified."""

    COMPANY = "company", _("Enterprise")
    PERSON = "person", _("Individual")


class User(AbstractBaseUser):
    """A person. Everybody may buy; members of a seller may enter the seller center, operators the console."""

    email = OptionalEmail(_("E-mail"), unique=True)
    """Empty for an account that an enterprise made (``organisations``): its person signs in at the enterprise's auth centre."""
    name = models.CharField(_("Name"), max_length=64, blank=True)
    company = models.CharField(_("Company"), max_length=128, blank=True)
    phone = models.CharField(_("Phone"), max_length=32, blank=True)
    language = models.CharField(_("Language"), max_length=10, default="zh-hans")
    customer_id = models.CharField(max_length=32, unique=True, default=hex_id)
    """What sellers know the buyer by."""
    level = models.CharField(_("Customer level"), max_length=2, choices=Level, blank=True, default="", db_default="")
    """How long what is not renewed is kept goes by it (business-rules §4.4); empty: the market's default level."""
    customer_type = models.CharField(
        _("Customer type"), max_length=8, choices=CustomerType, blank=True, default="", db_default=""
    )
    """Decides which sales targets include the buyer (business-rules §3.7); empty: not certified."""
    certified_name = models.CharField(max_length=128, blank=True, default="", db_default="")
    """Of the licence or identity document that the operator checked."""
    expiry_day = models.PositiveSmallIntegerField(_("Unified expiry date"), default=0, db_default=0)
    """Day of the month on which the services are to end, 1 to 28, or 31: the last one (business-rules §4.5); 0: none."""
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    sessions_ended = models.PositiveIntegerField(default=0, db_default=0)
    """How often all sessions of the account were ended at once: each holds a hash of the number at its time."""

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[Users] = Users()

    class Meta:
        # The few among the many.
        indexes = [models.Index(fields=["-id"], name="user_operator", condition=models.Q(is_operator=True))]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email")]

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must hold to be good: Django's own until sessions were ended once, so that an update logs nobody out."""
        told: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # Django's own hook, of which no stub knows
        if not self.sessions_ended:
            return told
        return salted_hmac(
            "tradepost.sessions", f"{told}{self.sessions_ended}", secret=secret, algorithm="sha256"
        ).hexdigest()


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
    """Moves through ``lifecycle.SELLER`` alone."""
    status_reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    """Why an operator suspended it, in the operator's words; the seller reads it."""
    self_operated = models.BooleanField(default=False, db_default=False)
    """The market itself sells under it, and issues its invoices: those of its products and of its fee (business-rules §6.1). One
    at most; see ``self_operated``."""
    created_at = models.DateTimeField()

    class Meta:
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
        """May what the groups give."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.OWNER)
    groups = models.ManyToManyField(Group, related_name="members")
    joined_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "user"], name="member_once")]


class SigningKey(models.Model):
    """The key that signs calls of one interface class (saas-v2 §1.3, §2.1). Sealed; shown once.

    After a rotation the earlier key stays valid for answers until ``valid_until``, so that a seller can change over.
    """

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
    """Null for the current key; set when it was rotated out."""
    fingerprint = models.CharField(max_length=64, blank=True, default="", db_default="")
    """Keyed hash of the secret (``keys.fingerprint``): a key is used once, and for one class. Empty for an older key that
    was used twice."""

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
    """How often something was tried, counted for all web processes; see ``throttling``. Times are real, not market time."""

    key = models.CharField(max_length=64, unique=True)
    """A keyed hash of what is counted: it tells nobody whose addresses were tried."""
    number = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()
    """When the next try may be, or when the count begins anew."""


# The models of a company stand in a file of their own; Django finds them here.
from . import company_models  # noqa: E402, F401
