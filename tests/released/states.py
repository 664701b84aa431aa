"""The states that a dump must contain: it is not written while one of them is missing."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.market.base.models import Event, Job
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.models import AccessKey, Member, SigningKey
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production.models import Address, Call
from tradepost.market.subscriptions.models import Subscription

ENDED_CALLS = ("Create", "Query", "Refresh", "SetStatus FREEZE", "SetStatus UNFREEZE", "Release", "Expire")
OPEN_CALLS = tuple(kind for kind in ENDED_CALLS if kind != "Query")

EVERYWHERE = frozenset(
    {
        *(f"order {t} {s}" for t in ("NEW", "RENEW") for s in ("processing", "completed")),
        "order NEW unpaid",
        *(f"subscription {s}" for s in ("opening", "active", "frozen", "released")),
        *(f"event {name}" for name in ("call_ended", "order_paid", "order_completed")),
        *(f"operation open {s}" for s in ("running", "done", "stopped")),
        *(f"timer {k}" for k in ("orders.unpaid_timeout", "subscriptions.life", "notifications.deliver")),
        *(f"sold {p} PERIOD month" for p in ("saas_v2", "saas_v1", "license_v1", "license_online")),
        "mail waiting",
        "mail sent",
        *(f"product {s}" for s in ("draft", "on_sale", "stopped")),
        *(f"license request {s}" for s in ("asking", "promised", "refused", "delivered")),
        *(f"member {role}" for role in ("owner", "developer", "viewer")),
        *(f"{kind} key {s}" for kind in ("signing", "access") for s in ("current", "leaving")),
    }
)  # fmt: skip
REAL = frozenset(
    {
        *(f"order NEW {s}" for s in ("cancelled", "refunded")),
        *(f"order RENEW {s}" for s in ("unpaid", "cancelled", "refunded")),
        *(f"order {t} free {s}" for t in ("NEW", "RENEW") for s in ("processing", "completed")),
        "order NEW free refunded",
        "subscription failed",
        "operation open gave_up",
        *(f"operation renew {s}" for s in ("queued", "running", "stopped", "done", "gave_up")),
        *(f"operation {k} {s}" for k in ("freeze", "release", "unfreeze") for s in ("running", "stopped", "done")),
        *(f"event {name}" for name in ("order_refunded", "order_cancelled", "subscription_frozen", "subscription_unfrozen", "subscription_released")),
        *(f"call {k} {o}" for k in ENDED_CALLS for o in ("done", "gave_up") if (k, o) != ("Query", "gave_up")),
        *(f"call {k} {s}" for k in OPEN_CALLS for s in ("leased", "tried again", "not begun") if (k, s) not in {("SetStatus UNFREEZE", "leased"), ("Release", "not begun")}),
        "call Query tried again",
        *(f"call {k} held breaker" for k in ("Create", "Refresh", "SetStatus FREEZE")),
        "call SetStatus FREEZE cancelled",
        "breaker open",
        *(f"sold {p} {m}" for p in ("saas_v2", "saas_v1", "license_v1", "license_online") for m in ("PERIOD year", "ONE_TIME ")),
        "renewal paid and not asked",
        "timer notifications.quiet",
    }
)  # fmt: skip
SANDBOX = frozenset(
    {
        *(f"order {t} free {s}" for t in ("RENEW", "CHANGE", "UNSUBSCRIBE") for s in ("processing", "completed")),
        *(f"order {t} free refunded" for t in ("RENEW", "CHANGE")),
        *(f"sold {p} {m}" for p in ("saas_v2", "saas_v1") for m in ("ON_DEMAND ", "ON_DEMAND_PKG month")),
        *(f"call {k} {o}" for k in ("Upgrade", "CheckChange", "Refresh", "SetStatus UNFREEZE", "Release", "Query") for o in ("done", "gave_up", "leased", "not begun")),
        *(f"scene {s} {o}" for s in ("RENEWAL", "RENEWAL_CHANGE", "UNSUBSCRIBE_RENEWAL_PERIOD") for o in ("done", "gave_up", "tried again")),
    }
)  # fmt: skip


def missing(*, sandbox: bool) -> set[str]:
    return set(EVERYWHERE | (SANDBOX if sandbox else REAL)) - present()


def present() -> set[str]:
    """Return every state of which this market has an object."""
    return {*_orders(), *_calls(), *_waiting(), *_companies()}


def _orders() -> Iterator[str]:
    for order_type, status, total in Order.objects.values_list("order_type", "status", "total_minor"):
        yield f"order {order_type} {status}" if total else f"order {order_type} free {status}"
    for status in Subscription.objects.values_list("status", flat=True):
        yield f"subscription {status}"
    for kind, status in Operation.objects.values_list("kind", "status"):
        yield f"operation {kind} {status}"
    sold = OrderLine.objects.exclude(subscription=None)
    for parts in sold.values_list("product__binding__address__protocol", "charging_mode", "period_type"):
        yield f"sold {' '.join(parts)}"
    asked, told = Call.objects.values("order_number"), list(Event.objects.values_list("facts__order", flat=True))
    paid = Order.objects.filter(order_type="RENEW", status="processing").exclude(number__in=asked)
    if set(paid.values_list("number", flat=True)) - set(told):
        yield "renewal paid and not asked"


def _calls() -> Iterator[str]:
    for call in Call.objects.all():
        name = f"{call.kind} {call.command['status']}" if call.kind == "SetStatus" else call.kind
        state = _state(call)
        yield f"call {name} {state}"
        if call.kind == "Refresh":
            yield f"scene {call.command['scene']} {state}"


def _companies() -> Iterator[str]:
    for status in Product.objects.values_list("status", flat=True):
        yield f"product {status}"
    for status in LicenseRequest.objects.values_list("status", flat=True):
        yield f"license request {status}"
    for role in Member.objects.values_list("role", flat=True):
        yield f"member {role}"
    for kind, keys in (("signing", SigningKey.objects), ("access", AccessKey.objects)):
        for until in keys.values_list("valid_until", flat=True):
            yield f"{kind} key {'leaving' if until else 'current'}"


def _state(call: Call) -> str:
    match call.state:
        case State.ENDED:
            return call.outcome
        case State.LEASED:
            return "leased"
        case State.HELD:
            return f"held {call.hold}"
        case _:
            return "tried again" if call.attempts else "not begun"


def _waiting() -> Iterator[str]:
    for name in Event.objects.values_list("name", flat=True):
        yield f"event {name}"
    for kind in Job.objects.values_list("kind", flat=True):
        yield f"timer {kind}"
    for status in NoticeDelivery.objects.values_list("status", flat=True):
        yield f"mail {status}"
    for breaker in Address.objects.values_list("breaker", flat=True):
        yield f"breaker {breaker}"
