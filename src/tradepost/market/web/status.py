"""The vocabulary of states for all pages: a label, a tone and an icon, based on the choices of the contexts' models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product, Version
from tradepost.market.debugging.standing import CaseState
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.models import Domain, Seller
from tradepost.market.invoices.models import Invoice
from tradepost.market.licenses.models import LicenseCode, LicenseRequest
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.production.address_health import AddressState
from tradepost.market.production.models import Attempt, Call
from tradepost.market.review.models import Submission
from tradepost.market.service_desk.models import Complaint, CustomerDemand, Demand
from tradepost.market.settlement.models import Statement
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web_scan.contract import Severity
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.standing import State as WebStanding

from .more_status import MORE_LIFECYCLES


class Look(Struct, frozen=True):
    label: str | Promise
    tone: str
    """ok, info, wait, warn, bad or calm: a class of theme.css."""
    icon: str


type Choices = Iterable[tuple[str, str | Promise]]


def _looks(choices: Choices, marks: Mapping[str, tuple[str, str]]) -> dict[str, Look]:
    """Combine choices with their tones and icons. A choice without one fails at import."""
    return {value: Look(label, *marks[value]) for value, label in choices if value}


CALL_OUTCOMES = _looks(
    Call.Outcome.choices, {"done": ("ok", "check"), "gave_up": ("bad", "x"), "cancelled": ("calm", "ban")}
)
CALL_STATES = {
    State.WAITING: Look(pgettext_lazy("call", "Waiting"), "wait", "clock"),
    State.LEASED: Look(pgettext_lazy("call", "Calling"), "info", "plug"),
    State.HELD: Look(pgettext_lazy("call", "On hold"), "warn", "player-pause"),
    State.ENDED: Look(pgettext_lazy("call", "Ended"), "calm", "point"),
}
UNCHARGED = Look(pgettext_lazy("order", "Closed, not charged"), "warn", "circle-x")
"""For an order that was given up and had cost nothing, so that nothing was refunded."""
UNSUBSCRIBING = Look(pgettext_lazy("order", "Refunding"), "info", "arrow-back-up")
"""For an unsubscription that the seller has not completed (business-rules §4.1)."""
RETRYING = Look(pgettext_lazy("call", "Trying again"), "wait", "refresh")

ATTEMPT_RUNNING = Look(pgettext_lazy("attempt", "Under way"), "info", "plug")
ATTEMPT_DONE = Look(pgettext_lazy("attempt", "Succeeded"), "ok", "check")
ATTEMPT_PENDING = Look(pgettext_lazy("attempt", "Seller is working"), "info", "clock")
ATTEMPT_REFUSED = Look(pgettext_lazy("attempt", "Refused"), "warn", "ban")
ATTEMPT_FAULT = Look(pgettext_lazy("attempt", "No valid response"), "bad", "alert-triangle")

LIFECYCLES: Mapping[str, Mapping[str, Look]] = {
    "asset version": _looks(
        AssetVersion.Status.choices,
        {
            "checking": ("info", "refresh"),
            "review": ("wait", "clock"),
            "approved": ("ok", "check"),
            "replaced": ("calm", "history"),
            "failed": ("bad", "x"),
            "appealed": ("wait", "edit"),
            "rejected": ("warn", "ban"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "asset verdict": _looks(
        AssetVersion.Verdict.choices,
        {
            "clean": ("ok", "shield-check"),
            "infected": ("bad", "alert-triangle"),
            "not_scanned": ("warn", "alert-circle"),
        },
    ),
    **{name: _looks(*one) for name, one in MORE_LIFECYCLES.items()},
    "domain": _looks(
        Domain.Status.choices,
        {"pending": ("wait", "clock"), "verified": ("ok", "shield-check"), "lapsed": ("warn", "alert-triangle")},
    ),
    "order": _looks(
        Order.Status.choices,
        {
            "unpaid": ("wait", "clock"),
            "processing": ("info", "refresh"),
            "completed": ("ok", "check"),
            "cancelled": ("calm", "ban"),
            "refunded": ("warn", "arrows-exchange"),
        },
    ),
    "refund": _looks(
        Refund.Status.choices,
        {
            "seller_review": ("wait", "clock"),
            "appealed": ("warn", "alert-circle"),
            "approved": ("info", "refresh"),
            "refunded": ("ok", "arrows-exchange"),
            "rejected": ("warn", "ban"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "intent": _looks(
        Intent.Status.choices,
        {
            "created": ("calm", "point"),
            "pending": ("wait", "clock"),
            "in_review": ("info", "eye"),
            "succeeded": ("ok", "check"),
            "failed": ("warn", "ban"),
            "expired": ("calm", "clock"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "statement": _looks(
        Statement.Status.choices,
        {
            "countersign": ("wait", "clock"),
            "rejected": ("warn", "ban"),
            "to_apply": ("info", "check"),
            "apply_failed": ("bad", "alert-triangle"),
            "paying": ("info", "refresh"),
            "payment_wrong": ("bad", "alert-triangle"),
            "refused": ("warn", "ban"),
            "paid": ("ok", "check"),
        },
    ),
    "invoice": _looks(
        Invoice.Status.choices,
        {
            "review": ("wait", "clock"),
            "to_issue": ("info", "edit"),
            "done": ("ok", "check"),
            "returned": ("warn", "arrow-back-up"),
            "rejected": ("warn", "ban"),
            "cancelled": ("calm", "x"),
        },
    ),
    "money": {
        ProviderFact.Status.UNMATCHED: Look(pgettext_lazy("money", "Not matched yet"), "wait", "help"),
        ProviderFact.Status.MATCHED: Look(pgettext_lazy("money", "Assigned"), "ok", "check"),
        ProviderFact.Status.RETURNED: Look(pgettext_lazy("money", "Sent back"), "calm", "arrow-back-up"),
        ProviderFact.Status.VOID: Look(pgettext_lazy("money", "Entered by mistake"), "calm", "ban"),
    },
    "subscription": _looks(
        Subscription.Status.choices,
        {
            "opening": ("info", "refresh"),
            "active": ("ok", "check"),
            "frozen": ("warn", "snowflake"),
            "releasing": ("calm", "refresh"),
            "released": ("calm", "trash"),
            "failed": ("bad", "x"),
        },
    ),
    "operation": _looks(
        Operation.Status.choices,
        {
            "queued": ("wait", "clock"),
            "running": ("info", "refresh"),
            "stopped": ("bad", "player-pause"),
            "done": ("ok", "check"),
            "gave_up": ("warn", "arrow-back-up"),
            "dropped": ("calm", "ban"),
        },
    ),
    "license request": _looks(
        LicenseRequest.Status.choices,
        {
            "asking": ("info", "refresh"),
            "promised": ("wait", "clock"),
            "refused": ("warn", "ban"),
            "delivered": ("ok", "check"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "license code": _looks(
        LicenseCode.Status.choices,
        {
            "issued": ("wait", "clock"),
            "taken": ("info", "key"),
            "active": ("ok", "check"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "address": {
        AddressState.UNTESTED: Look(pgettext_lazy("address", "Untested"), "calm", "point"),
        AddressState.HEALTHY: Look(pgettext_lazy("address", "Healthy"), "ok", "plug-connected"),
        AddressState.DEGRADED: Look(pgettext_lazy("address", "Degraded"), "warn", "alert-triangle"),
        AddressState.PAUSED: Look(pgettext_lazy("address", "Paused"), "bad", "player-pause"),
    },
    "delivery": _looks(
        NoticeDelivery.Status.choices,
        {
            "waiting": ("wait", "clock"),
            "sent": ("ok", "check"),
            "failed": ("bad", "x"),
            "deferred": ("info", "clock"),
            "summed_up": ("ok", "list-details"),
            "withheld": ("calm", "ban"),
        },
    ),
    "product": _looks(
        Product.Status.choices,
        {
            "draft": ("calm", "edit"),
            "on_sale": ("ok", "check"),
            "frozen": ("warn", "snowflake"),
            "stopped": ("warn", "ban"),
        },
    ),
    "version": _looks(
        Version.Status.choices,
        {
            "draft": ("calm", "edit"),
            "sealed": ("info", "clock"),
            "listed": ("ok", "check"),
            "retired": ("calm", "history"),
            "dropped": ("warn", "x"),
        },
    ),
    "debug case": {
        CaseState.MISSING: Look(pgettext_lazy("debug case", "Missing"), "calm", "point"),
        CaseState.SAVED: Look(pgettext_lazy("debug case", "Saved"), "ok", "check"),
        CaseState.OTHER_KEY: Look(pgettext_lazy("debug case", "Stale: another key"), "warn", "key"),
        CaseState.OTHER_URL: Look(pgettext_lazy("debug case", "Stale: another address"), "warn", "server"),
        CaseState.FAILED: Look(pgettext_lazy("debug case", "Failed"), "bad", "x"),
    },
    "judgement": {
        "passed": Look(pgettext_lazy("judgement", "Holds"), "ok", "check"),
        "failed": Look(pgettext_lazy("judgement", "Fails"), "bad", "x"),
        "warned": Look(pgettext_lazy("judgement", "Warning"), "warn", "alert-triangle"),
        "skipped": Look(pgettext_lazy("judgement", "Not judged"), "calm", "point"),
        "broken": Look(pgettext_lazy("judgement", "Could not be judged"), "wait", "alert-circle"),
    },
    "job": {
        "": Look(pgettext_lazy("job", "Under way"), "info", "refresh"),
        "done": Look(pgettext_lazy("job", "Done"), "ok", "check"),
        "failed": Look(pgettext_lazy("job", "Failed"), "bad", "x"),
        "cancelled": Look(pgettext_lazy("job", "Stopped"), "calm", "ban"),
    },
    "probe": {
        "open": Look(pgettext_lazy("probe", "Under way"), "info", "refresh"),
        "unfinished": Look(pgettext_lazy("probe", "Not finished"), "warn", "alert-triangle"),
        "passed": Look(pgettext_lazy("probe", "Passed"), "ok", "check"),
        "failed": Look(pgettext_lazy("probe", "Failed"), "bad", "x"),
        "unknown": Look(pgettext_lazy("probe", "Unknown"), "calm", "point"),
    },
    "health": {
        "untested": Look(pgettext_lazy("health", "Untested"), "calm", "point"),
        "tested": Look(pgettext_lazy("health", "Cases passed"), "info", "check"),
        "unknown": Look(pgettext_lazy("health", "Unknown"), "calm", "point"),
        "passing": Look(pgettext_lazy("health", "Passing"), "ok", "check"),
        "recovering": Look(pgettext_lazy("health", "Passing again"), "wait", "refresh"),
        "failing": Look(pgettext_lazy("health", "Failing"), "bad", "x"),
        "frozen": Look(pgettext_lazy("health", "Sales suspended"), "bad", "snowflake"),
    },
    "seller": _looks(
        Seller.Status.choices,
        {
            "applicant": ("wait", "clock"),
            "active": ("ok", "check"),
            "suspended": ("bad", "player-pause"),
            "exited": ("calm", "logout"),
        },
    ),
    "submission": _looks(
        Submission.Status.choices,
        {
            "draft": ("calm", "edit"),
            "checking": ("info", "refresh"),
            "pending": ("wait", "clock"),
            "approved": ("ok", "check"),
            "rejected": ("warn", "x"),
            "failed": ("warn", "alert-triangle"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "web check": _looks(
        WebScan.Status.choices,
        {
            "running": ("info", "refresh"),
            "done": ("calm", "check"),
            "unreached": ("warn", "plug"),
            "broken": ("wait", "alert-circle"),
            "cancelled": ("calm", "ban"),
        },
    ),
    "web site": {
        WebStanding.UNPROVEN: Look(pgettext_lazy("web check", "Domain not proven"), "wait", "clock"),
        WebStanding.NEVER: Look(pgettext_lazy("web check", "Never checked"), "calm", "point"),
        WebStanding.RUNNING: Look(pgettext_lazy("web check", "Being checked"), "info", "refresh"),
        WebStanding.UNREACHED: Look(pgettext_lazy("web check", "Site not reached"), "warn", "plug"),
        WebStanding.BROKEN: Look(pgettext_lazy("web check", "Interrupted"), "wait", "alert-circle"),
        WebStanding.EXPIRED: Look(pgettext_lazy("web check", "Report too old"), "warn", "clock"),
        WebStanding.BLOCKED: Look(pgettext_lazy("web check", "High finding"), "bad", "alert-triangle"),
        WebStanding.PASSED: Look(pgettext_lazy("web check", "No high finding"), "ok", "shield-check"),
    },
    "severity": {
        Severity.HIGH: Look(pgettext_lazy("severity", "High"), "bad", "alert-triangle"),
        Severity.MEDIUM: Look(pgettext_lazy("severity", "Medium"), "warn", "alert-circle"),
        Severity.LOW: Look(pgettext_lazy("severity", "Low"), "wait", "point"),
        Severity.INFO: Look(pgettext_lazy("severity", "Note"), "calm", "point"),
    },
    "demand": _looks(
        Demand.Status.choices,
        {
            "open": ("wait", "clock"),
            "with_seller": ("info", "building-store"),
            "answered": ("ok", "check"),
            "closed": ("calm", "ban"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "customer demand": _looks(
        CustomerDemand.Status.choices,
        {
            "waiting": ("wait", "clock"),
            "accepted": ("ok", "check"),
            "declined": ("calm", "ban"),
            "expired": ("warn", "clock"),
            "recalled": ("calm", "arrow-back-up"),
        },
    ),
    "complaint": _looks(
        Complaint.Status.choices,
        {
            "asked": ("wait", "clock"),
            "unanswered": ("warn", "clock"),
            "replied": ("info", "message"),
            "upheld": ("bad", "alert-circle"),
            "not_upheld": ("calm", "ban"),
            "withdrawn": ("calm", "arrow-back-up"),
        },
    ),
    "call": CALL_OUTCOMES,
}

FILTER_LABELS = {("order", "refunded"): pgettext_lazy("order", "Refunded or closed")}
"""Labels of states for filters, where pages show several labels for one state."""


def look(lifecycle: str, value: object) -> Look:
    """Return how to show a state. An order, call or attempt may be passed as an object, since its state has more than
    one column."""
    if isinstance(value, Order):
        return order_look(value, value.status)
    if isinstance(value, Call):
        return call_look(value)
    if isinstance(value, Attempt):
        return attempt_look(value.verdict) if value.ended else ATTEMPT_RUNNING
    if lifecycle == "call" and isinstance(value, int):
        return CALL_STATES[State(value)]
    if lifecycle == "attempt":
        return attempt_look(str(value))
    return LIFECYCLES[lifecycle].get(str(value)) or Look(str(value), "calm", "point")


def order_look(order: Order, status: str) -> Look:
    """Return how to show a present or past state of this order."""
    refunded = status == Order.Status.REFUNDED
    if order.order_type == Order.Type.UNSUBSCRIBE and status == Order.Status.PROCESSING:
        return UNSUBSCRIBING
    return UNCHARGED if refunded and not order.total_minor else LIFECYCLES["order"][status]


def call_look(call: Call) -> Look:
    if call.outcome:
        return CALL_OUTCOMES[call.outcome]
    if call.state == State.WAITING and call.last_verdict:
        return RETRYING
    return CALL_STATES[State(call.state)]


def attempt_look(verdict: str) -> Look:
    """Return how to show a verdict: ``done``, ``pending``, a result code (digits) or the name of a fault."""
    fault = ATTEMPT_REFUSED if verdict.isdecimal() else ATTEMPT_FAULT
    return {"": ATTEMPT_RUNNING, "done": ATTEMPT_DONE, "pending": ATTEMPT_PENDING}.get(verdict, fault)


def state_choices(lifecycle: str) -> list[tuple[str, str | Promise]]:
    """Return values and labels for a filter."""
    return [(value, FILTER_LABELS.get((lifecycle, value), look.label)) for value, look in LIFECYCLES[lifecycle].items()]
