"""Production addresses with their breaker, calls (one thing asked of a seller) and attempts (each try of it)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.work import DueWork, State, due_index
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Domain, Seller
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Encryption
from tradepost.protocols.registry import protocols


class Address(models.Model):
    """A seller's production server (生产地址): all activities of its products go there."""

    class Breaker(models.TextChoices):
        CLOSED = "closed", _("Closed")
        OPEN = "open", _("Open")
        TRIAL = "trial", _("Half-open")

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="addresses")
    url = models.CharField(_("Address"), max_length=512)
    protocol = models.CharField(_("Protocol"), max_length=32)
    require_body_sign = models.BooleanField(default=True)
    encryption = models.CharField(
        max_length=1,
        choices=[(Encryption.AES256.value, "AES-256"), (Encryption.AES128.value, "AES-128")],
        default=Encryption.AES256.value,
        db_default=Encryption.AES256.value,
    )
    """How the private fields of requests are encrypted, by the seller's choice (saas-v1-license A1.4)."""
    created_at = models.DateTimeField()
    breaker = models.CharField(max_length=8, choices=Breaker, default=Breaker.CLOSED)
    failures = models.PositiveIntegerField(default=0)
    """Failures in a row, by faults of the exchange; a well-formed refusal is not one."""
    opened_at = models.DateTimeField(null=True, default=None)
    trial_at = models.DateTimeField(null=True, default=None)
    """When an open breaker lets one call through to see."""
    last_fault = models.CharField(max_length=32, blank=True, default="")
    last_success_at = models.DateTimeField(null=True, default=None)
    """When it last answered well: within the protocol, and neither a refused signature nor an error of its own."""
    trouble = models.CharField(max_length=32, blank=True, default="", db_default="")
    """What went wrong last: the name of a ``Fault``, or the result code of such an answer. A failed probe counts as well."""
    trouble_at = models.DateTimeField(null=True, default=None)
    trouble_since = models.DateTimeField(null=True, default=None)
    """Since when nothing but trouble came; null while the last answer was good, or none ever came."""
    proven = models.JSONField(default=list, db_default=models.Value([], models.JSONField()), blank=True)
    """Activities, by their words on the wire, of which its seller saved a debug case at this URL (saas-v2 §5)."""
    domain = models.ForeignKey(Domain, models.PROTECT, null=True, default=None, related_name="addresses")
    """The seller's domain that its host is (saas-v2 §1.2). Null for what was removed."""
    removed_at = models.DateTimeField(null=True, default=None)
    """When its seller deleted it: it serves nothing and is shown nowhere; the calls that went there still name it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "url", "protocol"], condition=Q(removed_at=None), name="address_once"
            )
        ]
        indexes = [models.Index(fields=["trial_at"], name="address_trial", condition=Q(breaker="open"))]

    def __str__(self) -> str:
        return self.url

    @property
    def asks_body_sign(self) -> bool:
        """Whether its protocol asks for signed answers at all (saas-v1-license §0)."""
        spoken = protocols().get(self.protocol)
        return spoken is None or spoken.asks_body_sign


class Binding(models.Model):
    """Exactly one production address per product (saas-v2 §1.2)."""

    product = models.OneToOneField(Product, models.CASCADE, related_name="binding")
    address = models.ForeignKey(Address, models.PROTECT, related_name="bindings")


class NoticeBinding(models.Model):
    """Which address is notified of orders: of one product, or of all products of a type that have no binding of their own
    (saas-v1-license D1: "by access type or by product"; each is "associated with only one address")."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="notice_bindings")
    address = models.ForeignKey(Address, models.PROTECT, related_name="notice_bindings")
    product = models.OneToOneField(Product, models.CASCADE, null=True, default=None, related_name="notice_binding")
    product_type = models.CharField(max_length=32, blank=True, default="")
    """Code of the type; empty in a binding of one product."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "product_type"], condition=Q(product=None), name="notice_binding_type_once"
            ),
            models.CheckConstraint(
                condition=Q(Q(product=None) & ~Q(product_type="")) | Q(Q(product__isnull=False) & Q(product_type="")),
                name="notice_binding_type_or_product",
            ),
        ]


WELL = ("", "done", "pending")
"""Verdicts that are no trouble."""
FAILING = ~Q(state=State.ENDED) & ~Q(last_verdict__in=WELL)
"""Calls under way whose last attempt went wrong."""
NOT_DONE = Q(outcome__in=["gave_up", "cancelled"])


class Call(DueWork):
    """One thing asked of a seller. Its state and due time are those of ``DueWork``; the end is an outcome."""

    class Outcome(models.TextChoices):
        NONE = "", _("under way")
        DONE = "done", _("Done")
        GAVE_UP = "gave_up", _("Gave up")
        CANCELLED = "cancelled", _("Cancelled")

    class Purpose(models.TextChoices):
        """What it is for, and so whose ``owner`` is the key of."""

        ORDER = "order", _("An operation of a service")
        DEBUG = "debug", _("A seller tries an interface out")
        PROBE = "probe", _("The market probes a saved case")
        COMPARE = "compare", _("The market compares itself with the seller")
        SYNC = "sync", _("An enterprise, its departments and people are told")
        NOTICE = "notice", _("Notification of an order")
        ACCESS = "access", _("A buyer opens a service")

    class Hold(models.TextChoices):
        NONE = "", ""
        BUSY = "busy", _("waiting for earlier calls to this seller")
        BREAKER = "breaker", _("the address does not answer")
        PROBES = "probes", _("waiting for a place that orders leave")

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="calls", db_index=False)
    address = models.ForeignKey(Address, models.PROTECT, related_name="calls", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, db_index=False)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="calls", db_index=False
    )
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.ORDER, db_default=Purpose.ORDER)
    owner = models.BigIntegerField(null=True, default=None)
    """Key of what asked for it, by ``purpose``: an operation. Production knows no more of it."""
    protocol = models.CharField(max_length=32)
    kind = models.CharField(max_length=32)
    """Class name of the command, for example ``Create``."""
    activity = models.CharField(max_length=32)
    """The word on the wire, for example ``newInstance``."""
    command = models.JSONField()
    order_number = models.CharField(max_length=64, blank=True, default="")
    order_line_number = models.CharField(max_length=64, blank=True, default="")
    instance_id = models.CharField(max_length=64, blank=True, default="")
    until_access = models.BooleanField(default=False)
    hold = models.CharField(max_length=8, choices=Hold, default=Hold.NONE, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.NONE, blank=True)
    created_at = models.DateTimeField()
    first_at = models.DateTimeField(null=True, default=None)
    """First attempt, in market time: the plan counts from here."""
    give_up_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)
    restart = models.BooleanField(default=False)
    """The next attempt was asked for by a person."""
    trigger = models.CharField(max_length=8, blank=True, default="")
    """Why the attempt that is open now was made (``Attempt.Trigger``); this and the next two say all that is known of it."""
    business_id = models.CharField(max_length=64, blank=True, default="")
    """The businessId that the open attempt sends."""
    attempt_at = models.DateTimeField(null=True, default=None)
    """When the open attempt began, in market time."""
    maybe_acted = models.BooleanField(default=False)
    """Some attempt ended so that the seller may have acted without our knowing."""
    sealed_answer = models.TextField(blank=True, default="")
    """Sealed JSON of the ``Done`` that ended the call, when it carried data (access data is secret)."""
    claimed_instance_id = models.CharField(max_length=100, blank=True, default="")
    last_verdict = models.CharField(max_length=32, blank=True, default="")
    """Reason of the last attempt: ``done``, ``pending``, a result code, or the name of a fault."""
    last_detail = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        # Every index costs each of a call's updates: foreign keys have none of their own where these serve.
        indexes = [
            due_index("call"),
            models.Index(fields=["seller", "hold", "due_at"], name="call_held", condition=Q(state=State.HELD)),
            models.Index(fields=["address", "due_at"], name="call_address_waiting", condition=Q(state__in=[0, 2])),
            models.Index(fields=["seller"], name="call_seller_busy", condition=Q(state=State.LEASED)),
            models.Index(fields=["seller"], name="call_probe_busy", condition=Q(state=State.LEASED, purpose="probe")),
            models.Index(fields=["seller"], name="call_access_busy", condition=Q(state=State.LEASED, purpose="access")),
            models.Index(fields=["subscription", "-id"], name="call_access", condition=Q(purpose="access")),
            models.Index(fields=["give_up_at"], name="call_held_deadline", condition=Q(state=State.HELD)),
            models.Index(fields=["seller", "-id"], name="call_seller"),
            models.Index(fields=["order_number"], name="call_order"),
            models.Index(fields=["subscription", "-id"], name="call_subscription"),
            models.Index(fields=["outcome", "-id"], name="call_not_done", condition=NOT_DONE),
            models.Index(fields=["seller", "outcome", "-id"], name="call_seller_not_done", condition=NOT_DONE),
            models.Index(fields=["seller", "give_up_at", "id"], name="call_failing", condition=FAILING),
            # The two that open a service are most of all calls, and found among them without an index of their own.
            models.Index(
                fields=["seller", "activity", "-id"],
                name="call_seller_activity",
                condition=~Q(activity__in=("newInstance", "queryInstance")),
            ),
            models.Index(fields=["purpose", "id"], name="call_of_no_order", condition=~Q(purpose="order")),
            models.Index(fields=["last_verdict", "-id"], name="call_verdict", condition=~Q(last_verdict__in=WELL)),
            models.Index(
                fields=["seller", "last_verdict", "-id"],
                name="call_seller_verdict",
                condition=~Q(last_verdict__in=WELL),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(Q(state=State.ENDED) & ~Q(outcome="")) | Q(~Q(state=State.ENDED) & Q(outcome="")),
                name="call_ended_has_outcome",
            ),
            # An event may be delivered twice; its order line is notified once.
            models.UniqueConstraint(fields=["owner"], condition=Q(purpose="notice"), name="call_notice_once"),
        ]


FOR_BUYERS = (Call.Purpose.ORDER, Call.Purpose.SYNC, Call.Purpose.NOTICE)
"""Purposes that matter to somebody who bought: the interface messages, which come first and can open a breaker."""
LISTED = (*FOR_BUYERS, Call.Purpose.ACCESS)
"""Purposes whose calls the interface messages list. A failed access call affects no order and never opens a breaker."""
JUDGED = (Call.Purpose.DEBUG, Call.Purpose.PROBE)
"""Purposes of which each answer is judged, before anything of it is masked."""


class Attempt(models.Model):
    """One try of a call: what was sent, what came back, what it meant. Stored once, when it has ended, and never changed;
    until then its call's row, leased before anything is sent, is what is known of it (``queries.open_attempt``)."""

    class Trigger(models.TextChoices):
        PLAN = "plan", _("by plan")
        RESTART = "restart", _("restarted by hand")
        TRIAL = "trial", _("trial of the breaker")

    call = models.ForeignKey(Call, models.CASCADE, related_name="tries", db_index=False)
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=8, choices=Trigger, default=Trigger.PLAN)
    business_id = models.CharField(max_length=64, blank=True, default="")
    started_at = models.DateTimeField()
    """Market time."""
    milliseconds = models.FloatField(null=True, default=None)
    method = models.CharField(max_length=8, blank=True, default="")
    url = models.TextField(blank=True, default="")
    request_headers = models.JSONField(default=list)
    """``[[name, value], …]`` in the order and case sent."""
    request_body = models.TextField(blank=True, default="")
    status = models.PositiveIntegerField(null=True, default=None)
    response_headers = models.JSONField(default=list)
    response_body = models.TextField(blank=True, default="")
    """As text, cut at 64 KiB, passwords masked; bytes that are not UTF-8 as ``\\xNN``."""
    verdict = models.CharField(max_length=32, blank=True, default="")
    """``done``, ``pending``, a result code, or the name of a fault."""
    detail = models.CharField(max_length=1000, blank=True, default="")
    findings = models.JSONField(null=True, default=None)
    """What was judged of the answer before anything was masked; only of calls that somebody wants judged. No secrets."""
    certificate_ends = models.DateTimeField(null=True, default=None)
    """When the certificate of the server ends that answered; of judged calls over TLS."""
    worker = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "number"], name="attempt_number")]

    @property
    def ended(self) -> bool:
        return self.pk is not None


class Tally(models.Model):
    """Counts of ended attempts by hour, for charts and metrics: one row per hour, protocol, activity and verdict."""

    hour = models.DateTimeField()
    worker = models.CharField(max_length=64)
    activity = models.CharField(max_length=32)
    verdict = models.CharField(max_length=32)
    attempts = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    under_100ms = models.PositiveBigIntegerField(default=0)
    under_1s = models.PositiveBigIntegerField(default=0)
    under_5s = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hour", "worker", "activity", "verdict"], name="tally_once")]
