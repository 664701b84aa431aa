"""Applications of joint products: credentials, clients for enterprises, bindings and authorisations.

Only this context writes these tables.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.organisations.models import Department, Enterprise, Group, Member
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription

from .sign_in_models import SignInEntry
from .sync_models import Sync, SyncedDepartment

__all__ = [
    "ENDED",
    "Application",
    "Authorisation",
    "BoundDepartment",
    "BoundGroup",
    "Client",
    "SignInEntry",
    "Sync",
    "SyncedDepartment",
    "TenantBinding",
]


class Application(models.Model):
    """A credential (应用凭证): a seller's application to which members of buyers' enterprises sign in (openapi-jointkit
    §B.1)."""

    class Mode(models.TextChoices):
        OAUTH2 = "oauth2", "OAuth2.0"
        SDK = "sdk", _("SDK integration")

    class LoginKind(models.TextChoices):
        SHARED = "shared", _("Shared domain: every enterprise signs in there")
        INDEPENDENT = "independent", _("Separate domains: this address is for the seller's tests only")

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="applications", db_index=False)
    name = models.CharField(max_length=64)
    app_id = models.CharField(max_length=64, unique=True)
    secret_hash = models.CharField(max_length=64)
    """Keyed hash of the secret, which was shown once (``secrets.fingerprints``)."""
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.OAUTH2)
    address = models.ForeignKey(Address, models.PROTECT, related_name="applications")
    """The seller's address for sync calls, with a joint-operation protocol."""
    public_key = models.TextField()
    """RSA key in PEM that encrypts the secrets of the clients (§A.6)."""
    login_kind = models.CharField(max_length=16, choices=LoginKind)
    login_url = models.CharField(max_length=512, unique=True)
    callback = models.CharField(max_length=512, blank=True, default="")
    """Where people return after signing in; empty for an SDK integration."""
    asked_fields = models.JSONField(default=list)
    """Personal fields that it requests from enterprises (申请授权权限, §A.7), by their names on the wire."""
    multi_instance = models.BooleanField(default=False)
    """Whether several orders of its product may be bound to one enterprise. Never reset."""
    product = models.OneToOneField(Product, models.PROTECT, null=True, default=None, related_name="application")
    """The product that was published with it; permanent."""
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["seller", "-id"], name="application_seller")]

    def __str__(self) -> str:
        return self.name


class Client(models.Model):
    """The OAuth client of an application for an enterprise, sent to the seller by applicationSync (openapi-jointkit
    §A.6)."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="clients", db_index=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="clients")
    client_id = models.CharField(max_length=64, unique=True)
    callback = models.CharField(max_length=512, blank=True, default="")
    """Empty for an SDK integration. Each callback belongs to one application of an enterprise (§B.9)."""
    sealed_secret = models.TextField()
    previous_hash = models.CharField(max_length=64, blank=True, default="")
    """Keyed hash of the previous secret (``secrets.fingerprints("client secret", …)[0]``), valid until
    ``previous_until``."""
    previous_until = models.DateTimeField(null=True, default=None)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "application"], name="client_once"),
            models.UniqueConstraint(
                fields=["enterprise", "callback"], condition=~Q(callback=""), name="client_callback"
            ),
        ]

    def __str__(self) -> str:
        return self.client_id


ENDED = "unbound"


class TenantBinding(models.Model):
    """An enterprise uses an application through a bought service, or, for tests, without a service."""

    class Status(models.TextChoices):
        BINDING = "binding", _("Synchronising with the seller")
        STOPPED = "stopped", _("Synchronisation failed")
        BOUND = "bound", pgettext_lazy("application", "Bound")
        UNBINDING = "unbinding", _("Unbinding")
        UNBOUND = ENDED, pgettext_lazy("application", "Unbound")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="bindings", db_index=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="bindings", db_index=False)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="bindings", db_index=False
    )
    single = models.BooleanField()
    """True if the enterprise may bind only one service of the application (``Application.multi_instance``)."""
    released_fields = models.JSONField(default=list)
    """Personal fields that the enterprise releases to the seller (§A.7), by their names on the wire."""
    withdrawn_fields = models.JSONField(default=list, db_default=[])
    """Fields that were released before. The seller gets them empty, so that it deletes its copy."""
    status = models.CharField(max_length=16, choices=Status, default=Status.BINDING)
    address = models.ForeignKey(Address, models.PROTECT, related_name="tenant_bindings")
    public_key = models.TextField()
    """Address and key from the application at the time of binding, or of the last applied change."""
    tenant_acked = models.CharField(max_length=64, blank=True, default="")
    """Digest of the enterprise as the seller knows it (``desired.py``); empty if unknown to the seller, ``?`` if
    unclear."""
    client_acked = models.CharField(max_length=64, blank=True, default="")
    """The same digest for the client."""
    client_sent = models.CharField(max_length=64, blank=True, default="")
    """Digest of the client in the current or last call."""
    resend = models.BooleanField(default=False, db_default=False)
    """Whether everything is sent again after the current call (``resend.py``)."""
    departments_told = models.BooleanField(default=False)
    """Whether the seller got all departments once. Later changes are sent one by one."""
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254, blank=True, default="")
    bound_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=~Q(status=ENDED) & ~Q(subscription=None),
                name="tenant_binding_service",
            ),
            models.UniqueConstraint(
                fields=["enterprise", "application"],
                condition=~Q(status=ENDED) & Q(single=True),
                name="tenant_binding_single",
            ),
        ]
        indexes = [
            models.Index(fields=["enterprise", "-id"], name="tenant_binding_enterprise"),
            models.Index(fields=["application", "-id"], name="tenant_binding_application"),
            models.Index(fields=["subscription", "-id"], name="tenant_binding_subscription"),
            models.Index(fields=["status", "-id"], name="tenant_binding_status"),
        ]

    @property
    def gives(self) -> bool:
        """Whether its authorisations are effective: until the unbinding starts."""
        return self.status not in {self.Status.UNBINDING, self.Status.UNBOUND}


class BoundGroup(models.Model):
    """A rule: all members of a group may use the application."""

    binding = models.ForeignKey(TenantBinding, models.CASCADE, related_name="groups", db_index=False)
    group = models.ForeignKey(Group, models.CASCADE, related_name="bindings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["binding", "group"], name="bound_group_once")]


class BoundDepartment(models.Model):
    """A rule: all current and future members of a department may use the application (openapi-jointkit §A.7)."""

    binding = models.ForeignKey(TenantBinding, models.CASCADE, related_name="departments", db_index=False)
    department = models.ForeignKey(Department, models.CASCADE, related_name="bindings")
    below = models.BooleanField()
    """Whether the rule includes members of all lower departments."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["binding", "department"], name="bound_department_once")]


class Authorisation(models.Model):
    """A member's authorisation, and what the seller knows of it (openapi-jointkit §A.7).

    The row has no effect once the unbinding starts; it remains as a record.

    ``version`` counts changes. ``sent_version`` is the version in the current call and becomes ``acked_version`` when
    the call is acknowledged, so a later change is sent afterwards.
    """

    binding = models.ForeignKey(TenantBinding, models.CASCADE, related_name="authorisations", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="authorisations")
    by_hand = models.BooleanField(default=False)
    """Whether an administrator chose the member; otherwise a bound group or department grants the right."""
    wanted = models.BooleanField()
    admin = models.BooleanField(default=False)
    """Whether the member may administer the application: the role sent to the seller."""
    version = models.PositiveIntegerField(default=1)
    sent_version = models.PositiveIntegerField(default=0)
    sent_digest = models.CharField(max_length=64, blank=True, default="")
    acked_version = models.PositiveIntegerField(default=0)
    acked_digest = models.CharField(max_length=64, blank=True, default="")
    """Digest of what the seller has; empty if it has nothing about this member, ``?`` if unclear."""
    told = models.BooleanField(default=False)
    """Whether ``acked_digest`` is what the seller has."""
    batch = models.BigIntegerField(null=True, default=None)
    """Key of the call that carries the row now."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["binding", "member"], name="authorisation_once")]
        indexes = [
            models.Index(
                fields=["binding", "wanted", "told", "id"],
                name="authorisation_dirty",
                condition=~Q(version=F("acked_version")),
            ),
            models.Index(fields=["batch"], name="authorisation_batch", condition=~Q(batch=None)),
            models.Index(fields=["binding", "-id"], name="authorisation_wanted", condition=Q(wanted=True)),
        ]
