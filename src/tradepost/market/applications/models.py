"""Applications of joint products: credentials, their clients for enterprises, bindings, who may use them, and what is told sellers.

Only this context writes them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.organisations.models import Enterprise, Group, Member
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription

from .sync_models import Sync, SyncedDepartment

__all__ = [
    "ENDED",
    "Application",
    "Authorisation",
    "BoundGroup",
    "Client",
    "Sync",
    "SyncedDepartment",
    "TenantBinding",
]


class Application(models.Model):
    """A credential (应用凭证): a seller's application that people of buyers' enterprises sign in to (openapi-jointkit §B.1)."""

    class Mode(models.TextChoices):
        OAUTH2 = "oauth2", "OAuth2.0"
        SDK = "sdk", _("SDK integration")

    class LoginKind(models.TextChoices):
        SHARED = "shared", _("Shared domain: every enterprise signs in there")
        INDEPENDENT = "independent", _("Domains of their own: this one is for the seller's test alone")

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="applications", db_index=False)
    name = models.CharField(max_length=64)
    app_id = models.CharField(max_length=64, unique=True)
    secret_hash = models.CharField(max_length=64)
    """Keyed hash of the secret that was shown once (``secrets.fingerprints``)."""
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.OAUTH2)
    address = models.ForeignKey(Address, models.PROTECT, related_name="applications")
    """Where its sync calls go: an address of the seller that speaks a joint-operation kit."""
    public_key = models.TextField()
    """RSA, PEM: what the secrets of its clients are encrypted with (§A.6)."""
    login_kind = models.CharField(max_length=16, choices=LoginKind)
    login_url = models.CharField(max_length=512, unique=True)
    callback = models.CharField(max_length=512, blank=True, default="")
    """Where people come back to after they signed in; empty for an SDK integration."""
    asked_fields = models.JSONField(default=list)
    """Personal fields that it asks enterprises for (申请授权权限, §A.7), by their names on the wire."""
    multi_instance = models.BooleanField(default=False)
    """Several orders of its product may be bound to one enterprise; never switched back."""
    product = models.OneToOneField(Product, models.PROTECT, null=True, default=None, related_name="application")
    """The product that was published with it; never another one."""
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["seller", "-id"], name="application_seller")]

    def __str__(self) -> str:
        return self.name


class Client(models.Model):
    """The OAuth client of one application for one enterprise, told its seller by applicationSync (openapi-jointkit §A.6)."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="clients", db_index=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="clients")
    client_id = models.CharField(max_length=64, unique=True)
    callback = models.CharField(max_length=512, blank=True, default="")
    """Empty for an SDK integration. An enterprise has one application for each (§B.9)."""
    sealed_secret = models.TextField()
    previous_hash = models.CharField(max_length=64, blank=True, default="")
    """Keyed hash of the secret before (``secrets.fingerprints("client secret", …)[0]``), valid until ``previous_until``."""
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
    """An enterprise uses an application: by a service that was bought, or to try a credential out (then without a service)."""

    class Status(models.TextChoices):
        BINDING = "binding", _("Being told the seller")
        STOPPED = "stopped", _("The seller could not be told")
        BOUND = "bound", pgettext_lazy("application", "Bound")
        UNBINDING = "unbinding", _("Being unbound")
        UNBOUND = ENDED, pgettext_lazy("application", "Unbound")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="bindings", db_index=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="bindings", db_index=False)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="bindings", db_index=False
    )
    single = models.BooleanField()
    """Its enterprise has no other service of the application; False where that may be (``Application.multi_instance``)."""
    released_fields = models.JSONField(default=list)
    """Personal fields that the enterprise releases to the seller (§A.7), by their names on the wire."""
    status = models.CharField(max_length=16, choices=Status, default=Status.BINDING)
    address = models.ForeignKey(Address, models.PROTECT, related_name="tenant_bindings")
    public_key = models.TextField()
    """Address and key as the application had them when this was bound, or since a change was applied to it."""
    tenant_acked = models.CharField(max_length=64, blank=True, default="")
    """Digest of the enterprise as the seller knows it (``desired.py``); empty when it does not, ``?`` when that is unknown."""
    client_acked = models.CharField(max_length=64, blank=True, default="")
    """The same of the client."""
    client_sent = models.CharField(max_length=64, blank=True, default="")
    """Of the client as the call under way, or the last one, told it."""
    resend = models.BooleanField(default=False, db_default=False)
    """Everything is sent again once the call under way has ended (``resend.py``)."""
    departments_told = models.BooleanField(default=False)
    """The seller got all departments once; what changes since is told one by one."""
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
        """Whether its authorisations count: until it is being unbound, and never after."""
        return self.status not in {self.Status.UNBINDING, self.Status.UNBOUND}


class BoundGroup(models.Model):
    """All members of a group may use what a binding gives."""

    binding = models.ForeignKey(TenantBinding, models.CASCADE, related_name="groups", db_index=False)
    group = models.ForeignKey(Group, models.CASCADE, related_name="bindings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["binding", "group"], name="bound_group_once")]


class Authorisation(models.Model):
    """Whether a member may use what a binding gives, and what its seller knows of that (openapi-jointkit §A.7).

    Once the binding is being unbound the row says nothing any more: nobody may, and at the end the seller has forgotten all.
    It stays as it was then, who could use what until when.

    ``version`` counts what changed about it. What was sent in the call under way is ``sent_version``; only that becomes
    ``acked_version`` when the call is acknowledged, so that a change meanwhile is told after it.
    """

    binding = models.ForeignKey(TenantBinding, models.CASCADE, related_name="authorisations", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="authorisations")
    by_hand = models.BooleanField(default=False)
    """An administrator chose the member; otherwise a bound group may have it."""
    wanted = models.BooleanField()
    admin = models.BooleanField(default=False)
    """May administer the application: the role that its seller is told."""
    version = models.PositiveIntegerField(default=1)
    sent_version = models.PositiveIntegerField(default=0)
    sent_digest = models.CharField(max_length=64, blank=True, default="")
    acked_version = models.PositiveIntegerField(default=0)
    acked_digest = models.CharField(max_length=64, blank=True, default="")
    """Of what the seller has; empty when it has nothing of this member, ``?`` when that is unknown."""
    told = models.BooleanField(default=False)
    """Whether ``acked_digest`` says what the seller has."""
    batch = models.BigIntegerField(null=True, default=None)
    """Key of the call that carries it now."""
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
