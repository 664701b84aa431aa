"""Who is told that an operation stopped: its seller, the operators, and a buyer whose renewal waits for it."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import translation

from tradepost.market.fulfilment.events import OperationStopped
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.registry import operation_kind
from tradepost.market.orders.models import Order

from . import facts as f
from .order_words import kind_for_amount, kinds_of
from .people import operators, people_of
from .reactions import buyer_notice, may_mail
from .tell import AddressedNotice, send_notices


def on_operation_stopped(event: OperationStopped, now: datetime) -> None:
    """What refunds no order stands still until it is restarted by hand (saas-v2 §3.10); a buyer whose renewal waits for
    that learns of it."""
    operation = _operation(event.operation)
    call, seller = operation.call, operation.seller
    once = f"{operation.pk}/{event.at:%Y%m%d%H%M%S}"
    subscription, kind = operation.subscription, "call_stopped" if operation.task_id is None else "cloud_stopped"
    shared: dict[str, f.Json | str] = {
        "activity": call.activity if call else f.phrase(_title_of(operation)),
        "product": f.names(subscription.product.name, subscription.product.name_en)
        if subscription
        else f.names("–", "–"),
        "reason": f.verdict(call.last_verdict, call.protocol) if call else f.phrase(operation.note),
    }
    tellings = [
        AddressedNotice(
            user=user,
            kind=f"seller_{kind}",
            once=once,
            link=_seller_link(operation),
            facts=shared,
            contact=contact,
            seller=seller.pk,
        )
        for user, contact in people_of(seller)
    ]
    mail = may_mail(f"stopped/seller/{seller.pk}", now)
    tellings += [
        AddressedNotice(
            user=user,
            kind=f"operator_{kind}",
            once=once,
            link=reverse("console:operation", args=[operation.pk]),
            facts={**shared, "seller": f.seller_names(seller)},
            mail=mail,
        )
        for user in operators(f"operator_{kind}")
    ]
    line = operation.line
    waiting_kind = kind_for_amount(kinds_of(line.order).waits, line.order.total_minor) if line else ""
    if line and waiting_kind and line.order.origin != Order.Origin.SANDBOX:
        tellings.append(buyer_notice(line, waiting_kind, {}, once=once))
    send_notices(tellings, now=now)


def _seller_link(operation: Operation) -> str:
    if operation.call is not None:
        return reverse("seller_center:message", args=[operation.call.pk])
    if operation.task_id is not None:
        return reverse("seller_center:operation", args=[operation.pk])
    return reverse("seller_center:operations")


def _operation(pk: int) -> Operation:
    operations = Operation.objects.select_related("call", "seller", "subscription__product", "line__order__buyer")
    return operations.get(pk=pk)


def _title_of(operation: Operation) -> str:
    """As in the source: each reader translates it."""
    with translation.override(None):
        return str(operation_kind(operation.kind).title)
