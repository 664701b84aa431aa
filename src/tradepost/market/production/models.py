"""Production addresses with their circuit breakers, calls to sellers, and attempts of calls."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.work import DueWork, State, due_index
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Domain, Seller
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Encryption
from tradepost.protocols.registry import protocols


class Address(models.Model):
    """Production server of a seller (生产地址), which receives all activities of its products."""

    class Breaker(models.TextChoices):
        CLOSED = "closed", pgettext_lazy("circuit breaker", "Closed")
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
    """Encryption of private fields in requests, chosen by the seller (saas-v1-license A1.4)."""
    created_at = models.DateTimeField()
    breaker = models.CharField(max_length=8, choices=Breaker, default=Breaker.CLOSED)
    failures = models.PositiveIntegerField(default=0)
    """Consecutive failures of the exchange; a well-formed refusal does not count."""
    opened_at = models.DateTimeField(null=True, default=None)
    trial_at = models.DateTimeField(null=True, default=None)
    """When an open breaker sends one trial call."""
    last_fault = models.CharField(max_length=32, blank=True, default="")
    last_success_at = models.DateTimeField(null=True, default=None)
    """Latest good answer: within the protocol, without a refused signature or internal error."""
    trouble = models.CharField(max_length=32, blank=True, default="", db_default="")
    """Latest problem: name of a ``Fault``, or result code of such an answer. Failed probes count too."""
    trouble_at = models.DateTimeField(null=True, default=None)
    trouble_since = models.DateTimeField(null=True, default=None)
    """Start of uninterrupted trouble; null after a good answer, or if none ever came."""
    proven = models.JSONField(default=list, db_default=models.Value([], models.JSONField()), blank=True)
    """Activities, by name on the wire, for which the seller saved a debug case at this URL (saas-v2 §5)."""
    domain = models.ForeignKey(Domain, models.PROTECT, null=True, default=None, related_name="addresses")
    """The seller's domain of the host (saas-v2 §1.2). Null for a deleted address."""
    removed_at = models.DateTimeField(null=True, default=None)
    """When the seller deleted it. A deleted address is not used or shown, but its calls refer to it."""

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
        """Whether its protocol signs answers (saas-v1-license §0)."""
        protocol = protocols().get(self.protocol)
        return protocol is None or protocol.asks_body_sign


class Binding(models.Model):
    """The production address of a product (saas-v2 §1.2)."""

    product = models.OneToOneField(Product, models.CASCADE, related_name="binding")
    address = models.ForeignKey(Address, models.PROTECT, related_name="bindings")


class NoticeBinding(models.Model):
    """Address for order notifications, of one product or of all products of a type without their own binding
    (saas-v1-license D1: "by access type or by product"; each is "associated with only one address")."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="notice_bindings")
    address = models.ForeignKey(Address, models.PROTECT, related_name="notice_bindings")
    product = models.OneToOneField(Product, models.CASCADE, null=True, default=None, related_name="notice_binding")
    product_type = models.CharField(max_length=32, blank=True, default="")
    """Code of the product type; empty in a binding of one product."""

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


GOOD_VERDICTS = ("", "done", "pending")
"""Verdicts without trouble."""
IS_FAILING = ~Q(state=State.ENDED) & ~Q(last_verdict__in=GOOD_VERDICTS)
"""Open calls whose last attempt failed."""
GAVE_UP_OR_CANCELLED = Q(outcome__in=["gave_up", "cancelled"])


class Call(DueWork):
    """One call to a seller. ``DueWork`` has its state and due time; it ends with an outcome."""

    class Outcome(models.TextChoices):
        NONE = "", _("under way")
        DONE = "done", _("Done")
        GAVE_UP = "gave_up", _("Gave up")
        CANCELLED = "cancelled", _("Cancelled")

    class Purpose(models.TextChoices):
        """Purpose of the call, which decides the type of ``owner``."""

        ORDER = "order", _("An operation of a service")
        DEBUG = "debug", _("A seller debugs an interface")
        PROBE = "probe", _("The market probes a saved case")
        COMPARE = "compare", _("The market compares its data with the seller's")
        SYNC = "sync", _("Synchronise an enterprise, its departments and members")
        NOTICE = "notice", _("Notification of an order")
        ACCESS = "access", _("A buyer opens a service")

    class Hold(models.TextChoices):
        NONE = "", ""
        BUSY = "busy", _("waiting for earlier calls to this seller")
        BREAKER = "breaker", _("the address does not answer")
        PROBES = "probes", _("waiting for a slot that orders do not need")

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="calls", db_index=False)
    address = models.ForeignKey(Address, models.PROTECT, related_name="calls", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, db_index=False)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="calls", db_index=False
    )
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.ORDER, db_default=Purpose.ORDER)
    owner = models.BigIntegerField(null=True, default=None)
    """Key of the requesting object by ``purpose``, such as an operation."""
    protocol = models.CharField(max_length=32)
    kind = models.CharField(max_length=32)
    """Class name of the command, for example ``Create``."""
    activity = models.CharField(max_length=32)
    """Name on the wire, for example ``newInstance``."""
    command = models.JSONField()
    order_number = models.CharField(max_length=64, blank=True, default="")
    order_line_number = models.CharField(max_length=64, blank=True, default="")
    instance_id = models.CharField(max_length=64, blank=True, default="")
    until_access = models.BooleanField(default=False)
    hold = models.CharField(max_length=8, choices=Hold, default=Hold.NONE, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.NONE, blank=True)
    created_at = models.DateTimeField()
    first_at = models.DateTimeField(null=True, default=None)
    """First attempt in market time, from which the retry plan counts."""
    give_up_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)
    restart = models.BooleanField(default=False)
    """A person requested the next attempt."""
    trigger = models.CharField(max_length=8, blank=True, default="")
    """Reason of the attempt in flight (``Attempt.Trigger``); with the next two fields, all that is stored of it."""
    business_id = models.CharField(max_length=64, blank=True, default="")
    """businessId of the attempt in flight."""
    attempt_at = models.DateTimeField(null=True, default=None)
    """Start of the attempt in flight, in market time."""
    maybe_acted = models.BooleanField(default=False)
    """Whether the seller may have acted on an attempt without an answer."""
    sealed_answer = models.TextField(blank=True, default="")
    """Sealed JSON of the final ``Done`` with data (access data is secret)."""
    claimed_instance_id = models.CharField(max_length=100, blank=True, default="")
    last_verdict = models.CharField(max_length=32, blank=True, default="")
    """Result of the last attempt: ``done``, ``pending``, a result code, or the name of a fault."""
    last_detail = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        # Each index costs every update of a call, so foreign keys have no indexes of their own where these suffice.
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
            models.Index(fields=["seller", "address", "-id"], name="call_seller_address"),
            models.Index(fields=["order_number"], name="call_order"),
            models.Index(fields=["subscription", "-id"], name="call_subscription"),
            models.Index(fields=["outcome", "-id"], name="call_not_done", condition=GAVE_UP_OR_CANCELLED),
            models.Index(
                fields=["seller", "outcome", "-id"], name="call_seller_not_done", condition=GAVE_UP_OR_CANCELLED
            ),
            models.Index(fields=["seller", "give_up_at", "id"], name="call_failing", condition=IS_FAILING),
            # Most calls are the two that open a service; they are found without this index.
            models.Index(
                fields=["seller", "activity", "-id"],
                name="call_seller_activity",
                condition=~Q(activity__in=("newInstance", "queryInstance")),
            ),
            models.Index(fields=["purpose", "id"], name="call_of_no_order", condition=~Q(purpose="order")),
            models.Index(
                fields=["last_verdict", "-id"], name="call_verdict", condition=~Q(last_verdict__in=GOOD_VERDICTS)
            ),
            models.Index(
                fields=["seller", "last_verdict", "-id"],
                name="call_seller_verdict",
                condition=~Q(last_verdict__in=GOOD_VERDICTS),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(Q(state=State.ENDED) & ~Q(outcome="")) | Q(~Q(state=State.ENDED) & Q(outcome="")),
                name="call_ended_has_outcome",
            ),
            # An event may be delivered twice, but its order line is notified once.
            models.UniqueConstraint(fields=["owner"], condition=Q(purpose="notice"), name="call_notice_once"),
        ]


PURPOSES_FOR_BUYERS = (Call.Purpose.ORDER, Call.Purpose.SYNC, Call.Purpose.NOTICE)
"""Purposes that concern buyers: listed first and able to open a breaker."""
LISTED_PURPOSES = (*PURPOSES_FOR_BUYERS, Call.Purpose.ACCESS)
"""Purposes on the list of interface messages. A failed access call affects no order and never opens a breaker."""
JUDGED_PURPOSES = (Call.Purpose.DEBUG, Call.Purpose.PROBE)
"""Purposes whose answers are judged before masking."""


class Attempt(models.Model):
    """One attempt of a call: request, response and result. Stored once when it ends and never changed; until then the
    call's row, leased before sending, describes it (``queries.open_attempt``)."""

    class Trigger(models.TextChoices):
        PLAN = "plan", _("scheduled")
        RESTART = "restart", _("restarted manually")
        TRIAL = "trial", _("circuit breaker trial")

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
    r"""As text, cut at 64 KiB, with masked passwords; invalid UTF-8 as ``\\xNN``."""
    verdict = models.CharField(max_length=32, blank=True, default="")
    """``done``, ``pending``, a result code, or the name of a fault."""
    detail = models.CharField(max_length=1000, blank=True, default="")
    findings = models.JSONField(null=True, default=None)
    """Findings about the unmasked answer; only for judged calls. No secrets."""
    certificate_ends = models.DateTimeField(null=True, default=None)
    """Expiry of the server's certificate, for judged calls over TLS."""
    worker = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "number"], name="attempt_number")]

    @property
    def ended(self) -> bool:
        return self.pk is not None


class Tally(models.Model):
    """Attempts by hour for charts and metrics: one row per hour, worker, activity and verdict."""

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
