"""Notices about orders, and about sellers' interfaces that fail. ``wiring/`` connects each function to its event.

Events arrive at least once. Each notice names its occasion, so that a repeated event stores no second notice.

**Failures** (saas-v2 §3.10, §7). Each change of state is one notice: an address begins to fail, its calls are paused, a call
is given up. Further failures of the same address send no notice; the pages of a call list every attempt. Mails about one
address go out at most once an hour. Operators get at most one mail an hour about the failed orders of a seller; the console
lists all of them.

**Mails to a seller** (business-rules §7.1): notices of a failing interface go to the members and the contact address,
notices of a new order or a changed key to the members only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_noop

from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, PreparedObjects, Slot
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.cases import DEFERRED_FIELDS
from tradepost.market.identity.events import SigningKeyRotated
from tradepost.market.identity.models import SigningKey
from tradepost.market.orders.events import OrderCancelled, OrderCompleted, OrderPaid, OrderRefunded, OrderReturned
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production.events import BreakerOpened, CallFailed
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.protocols.commands import CheckChange

from . import facts as f
from . import license_reactions
from .auto_renewal_reactions import last_purchase_prices, renewal_notice
from .order_words import ended_kind, failure_suffix, is_by_code, kinds_of, sold_kind
from .people import members_of, operators, people_of
from .tell import AddressedNotice, send_notices

QUIET_JOB = "notifications.quiet"
"""Kind of the job that stands while a subject was mailed about recently; it ends by itself."""
QUIET_PERIOD = timedelta(hours=1)


def end_quiet_period(_payload: Mapping[str, Any], _now: datetime) -> datetime | None:
    """Job: from now on the subject may be mailed about again."""
    return None


@batched
def on_order_paid(events: Sequence[OrderPaid], now: datetime) -> None:
    """Notify the sellers of new orders."""
    rows = _PAID_LINES({event.order for event in events})
    code_lines = [line for line in rows if is_by_code(line, line.product.product_type)]
    lines = [line for line in rows if line not in code_lines]
    members = members_of({line.seller_id for line in rows})
    tellings = [
        AddressedNotice(
            user=user,
            kind=sold_kind(line, line.product.product_type),
            once=line.number,
            link=reverse("seller_center:order", args=[line.number]),
            facts={"product": _product(line), "line": line.number, "amount": f.money(line.amount)},
            seller=line.seller_id,
        )
        for line in lines
        for user in members[line.seller_id]
    ]
    send_notices([*tellings, *license_reactions.purchase_notices(code_lines, members)], now=now)


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """What was unsubscribed is told when it is paid back (``subjects/refunds.py``)."""
    lines = reversed(_COMPLETED_LINES({event.order for event in events}))
    first_lines = {line.order_id: line for line in lines if line.order.order_type != Order.Type.UNSUBSCRIBE}
    previous_prices = last_purchase_prices(
        [line for line in first_lines.values() if line.order.origin == Order.Origin.TIMER]
    )
    send_notices([_completion_notice(line, previous_prices.get(line.pk)) for line in first_lines.values()], now=now)


def _completion_notice(line: OrderLine, previous_price: Money | None) -> AddressedNotice:
    """``previous_price``: of a renewal by the market, what it had cost the last time."""
    if line.order.order_type == Order.Type.CHANGE and line.subscription_id:
        service = reverse("storefront:subscription", args=[line.subscription_id])
        return replace(buyer_notice(line, "service_changed", {}), link=service)
    kind, subscription = kinds_of(line.order).done, line.subscription
    if not kind or subscription is None or subscription.expires_at is None:
        return buyer_notice(line, "order_completed", {})
    if line.order.origin == Order.Origin.TIMER:
        return renewal_notice(line, subscription, previous_price)
    return AddressedNotice(
        user=line.order.buyer,
        kind=kind,
        facts={"product": _product(line), "until": f.moment(subscription.expires_at)},
        once=line.order.number,
        link=reverse("storefront:subscription", args=[subscription.pk]),
    )


def on_order_refunded(event: OrderRefunded, now: datetime) -> None:
    """Notify the buyer of the refund. ``on_delivery_given_up`` tells the seller the reason."""
    lines = _lines(event.order)
    order = lines[0].order
    kind = ended_kind(lines[0], lines[0].product.product_type)
    refund = Money(order.total_minor - sum(line.reduced_minor for line in lines), order.currency)
    _notify_buyer(lines, kind, {"amount": f.money(refund)}, now)


def on_order_returned(event: OrderReturned, now: datetime) -> None:
    """Notify the sellers. The buyer returned the order."""
    lines = _lines(event.order)
    members = members_of({line.seller_id for line in lines})
    tellings_by_line = (license_reactions.seller_notices(line, members, "seller_order_returned") for line in lines)
    send_notices([telling for tellings in tellings_by_line for telling in tellings], now=now)


def on_order_cancelled(event: OrderCancelled, now: datetime) -> None:
    """Notify the buyer if the order timed out, not if the buyer cancelled it."""
    if event.by == "timeout":
        _notify_buyer(_lines(event.order), "order_cancelled_timeout", {}, now)


def on_delivery_given_up(event: OrderRefunded, now: datetime) -> None:
    """An order was ended because it could not be delivered: its sellers and the operators learn why, and what became of
    the money, if any was paid."""
    tellings = []
    for line in _lines(event.order):
        order, kind = line.order.number, "gave_up" if line.order.total_minor else "not_opened"
        doubtful_calls = Call.objects.filter(_delivery_calls(line), maybe_acted=True)
        if line.order.order_type == Order.Type.CHANGE and doubtful_calls.exists():
            kind = "change_doubtful"
        suffix = "" if kind == "change_doubtful" else failure_suffix(line.product.product_type)
        shared = {"order": order, "product": _product(line), "reason": _reason_of_line(line, event.reason)}
        link = reverse("seller_center:order", args=[line.number])
        tellings += [
            AddressedNotice(
                user=user, kind=f"seller_{kind}{suffix}", once=line.number, link=link, facts=shared, contact=contact,
                seller=line.seller_id,
            )
            for user, contact in people_of(line.seller)
        ]  # fmt: skip
        mail = may_mail(f"gave_up/seller/{line.seller_id}", now)
        tellings += [
            AddressedNotice(
                user=user,
                kind=f"operator_{kind}",
                once=line.number,
                link=reverse("console:order", args=[order]),
                facts={**shared, "seller": f.seller_names(line.seller)},
                mail=mail,
            )
            for user in operators(f"operator_{kind}")
        ]
    send_notices(tellings, now=now)


def on_call_failed(event: CallFailed, now: datetime) -> None:
    """A call begins to fail, unless its address was failing already: told once for each time that it began (saas-v2 §3.10, §7).
    Every further attempt stands on the pages of the call."""
    call = _call(event.call)
    if call.kind == CheckChange.__name__ and event.verdict.isdecimal():
        return  # that a service cannot become something else is an answer, and its buyer's matter
    attempt, link = event.attempt, reverse("seller_center:message", args=[call.pk])
    if not _is_first_failure(call, attempt):
        return
    mail = may_mail(f"failed/address/{call.address_id}", now)
    shared = {
        "activity": call.activity,
        "product": _product_of_call(call),
        "line": call.order_line_number or "–",
        "attempt": attempt,
        "reason": f.verdict(event.verdict, call.protocol),
        "next": _next_attempt(event.next_at),
    }
    since = call.address.trouble_since
    # A refusal for a reason of business is no trouble of the address: it is told of its call.
    once = f"address/{call.address_id}/{since:%Y%m%d%H%M%S%f}" if since else f"{call.pk}"
    tellings = [
        AddressedNotice(
            user=user, kind="seller_call_failed", once=once, link=link, facts=shared, mail=mail, contact=contact,
            seller=call.seller_id,
        )
        for user, contact in people_of(call.seller)
    ]  # fmt: skip
    send_notices(tellings, now=now)


def on_breaker_opened(event: BreakerOpened, now: datetime) -> None:
    """One telling for each time that an address stopped answering, however often its trials fail after that."""
    address = Address.objects.select_related("seller").get(pk=event.address)
    if address.opened_at is None:
        return  # it answers again already
    once = f"{address.pk}/{address.opened_at:%Y%m%d%H%M%S}"
    shared = {"address": address.url, "reason": f.verdict(event.fault, address.protocol)}
    mail = may_mail(f"breaker/address/{address.pk}", now)
    link = reverse("seller_center:addresses")
    tellings = [
        AddressedNotice(
            user=user, kind="seller_breaker_open", once=once, link=link, facts=shared, mail=mail, contact=contact,
            seller=address.seller_id,
        )
        for user, contact in people_of(address.seller)
    ]  # fmt: skip
    tellings += [
        AddressedNotice(
            user=user,
            kind="operator_breaker_open",
            once=once,
            link=reverse("console:engine"),
            facts={**shared, "seller": f.seller_names(address.seller)},
            mail=mail,
        )
        for user in operators("operator_breaker_open")
    ]
    send_notices(tellings, now=now)


def on_signing_key_rotated(event: SigningKeyRotated, now: datetime) -> None:
    key = SigningKey.objects.select_related("seller").get(pk=event.key)
    with translation.override(None):
        label = str(SigningKey.InterfaceClass(key.interface_class).label)  # as in the source: each reader translates it
    facts = {"interfaces": f.phrase(label), "until": f.moment(key.valid_until or now)}
    tellings = [
        AddressedNotice(
            user=user, kind="key_rotated", once=str(key.pk), link=reverse("seller_center:keys"), facts=facts,
            seller=key.seller_id,
        )
        for user, _ in people_of(key.seller)
    ]  # fmt: skip
    send_notices(tellings, now=now)


def _lines(order: str) -> list[OrderLine]:
    lines = OrderLine.objects.select_related("order__buyer", "seller", "product").defer(*DEFERRED_FIELDS)
    return list(lines.filter(order__number=order).order_by("pk"))


def _lines_of_orders(numbers: Slot) -> QuerySet[OrderLine]:
    lines = OrderLine.objects.select_related("order__buyer", "subscription").filter(Among("order__number", numbers))
    return lines.order_by("pk")


_COMPLETED_LINES = PreparedObjects((Keys("text"),), _lines_of_orders)
_PAID_LINES = PreparedObjects(
    (Keys("text"),), lambda numbers: _lines_of_orders(numbers).select_related("product").defer(*DEFERRED_FIELDS)
)


def _notify_buyer(lines: list[OrderLine], kind: str, more: dict[str, f.Json], now: datetime) -> None:
    """An order is told once, by the name of what was bought."""
    send_notices([buyer_notice(lines[0], kind, more)], now=now)


def buyer_notice(line: OrderLine, kind: str, more: dict[str, f.Json], *, once: str = "") -> AddressedNotice:
    order = line.order
    facts = {"product": _product(line), "order": order.number, **more}
    link = reverse("storefront:order", args=[order.number])
    return AddressedNotice(user=order.buyer, kind=kind, facts=facts, once=once or order.number, link=link)


def _call(pk: int) -> Call:
    return Call.objects.select_related("product", "seller", "address").defer("command").get(pk=pk)


def _product(line: OrderLine) -> f.Json:
    return f.names(line.product_name, line.product_name_en)


def _product_of_call(call: Call) -> f.Json:
    return f.names(call.product.name, call.product.name_en) if call.product else f.names("–", "–")


def _next_attempt(retry_at: datetime | None) -> f.Json:
    return f.moment(retry_at) if retry_at else f.phrase(gettext_noop("none, because the retry plan has ended"))


def _reason_of_line(line: OrderLine, fallback: str) -> f.Json:
    """Why the line's last call failed, in the words of its protocol; what the event says when there was no call."""
    failed_call = (
        Call.objects.filter(_delivery_calls(line)).exclude(outcome=Call.Outcome.DONE).exclude(last_verdict="")
        .order_by("-pk").first()
    )  # fmt: skip
    return f.verdict(failed_call.last_verdict, failed_call.protocol) if failed_call else f.phrase(fallback)


def _delivery_calls(line: OrderLine) -> Q:
    """Calls that deliver it: a notification that failed is no reason to give an order up."""
    return Q(order_number=line.order.number, order_line_number=line.number, purpose=Call.Purpose.ORDER)


def _is_first_failure(call: Call, attempt: int) -> bool:
    earlier_attempts = Attempt.objects.filter(call=call, number__lt=attempt)
    return not earlier_attempts.exclude(verdict__in=["", "done", "pending"]).exists()


def may_mail(subject: str, now: datetime) -> bool:
    """Whether a mail about ``subject`` may go out; if so, the next hour is quiet. A job of its own remembers it."""
    job, created = Job.objects.get_or_create(kind=QUIET_JOB, key=subject, defaults={"due_at": now + QUIET_PERIOD})
    if not created and job.due_at > now:
        return False
    if not created:
        Job.objects.filter(pk=job.pk).update(due_at=now + QUIET_PERIOD)
    return True
