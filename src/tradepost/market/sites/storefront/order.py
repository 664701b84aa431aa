"""The page of an order: payment, cancellation, delivery progress and access data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.fulfilment.activating import RETURN_NOTE
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.order_progress import LineProgress
from tradepost.market.fulfilment.order_progress import progress as progress_of
from tradepost.market.invoices.queries import invoices_of_order
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.change_fee import read_stored
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.refund_queries import refund_lines_of, refund_of_order
from tradepost.market.payments.intent_queries import open_intent_for
from tradepost.market.payments.queries import balance
from tradepost.market.product_types.contract import DeliveryResult
from tradepost.market.production.plan import ACCESS_LIMITS
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.fee_lines import FeeView, fee_view
from tradepost.market.web.pages.guards import buyer_page
from tradepost.market.web.seller_contact import SellerContact, contact_of
from tradepost.market.web.timeline import TimelineEvent, events_of_moves, moves_of

from . import live_access

QUICKLY, SLOWLY = "300ms", "1s"
"""Polling intervals: most orders are delivered within a second of payment, others take minutes."""
FAST_PERIOD = timedelta(seconds=10)


@buyer_page
def order(request: HttpRequest, number: str) -> HttpResponse:
    order = _own_order(request, number)
    if (refund := refund_of_order(order)) is not None:  # an unsubscription is shown as its refund
        return redirect("storefront:refund", pk=refund.pk)
    live = _live_context(request, order)
    return render(request, "storefront/order.html", _pay_panel(request, order) | live | {"contacts": _contacts(live)})


def _own_order(request: HttpRequest, number: str) -> Order:
    order = buyer_order(person(request), number)
    if order is None:
        raise Http404
    return order


def _pay_panel(request: HttpRequest, order: Order) -> dict[str, Any]:
    if order.status != Order.Status.UNPAID:
        return {}
    buyer_balance = balance(person(request), order.currency)
    lacks = order.total - buyer_balance if buyer_balance < order.total else None
    transfer = open_intent_for(person(request), order.number) if lacks else None
    return {
        "balance": buyer_balance,
        "lacks": lacks,
        "transfer": transfer,
        "too_late": now_of(request) >= order.pay_before,
    }


def _live_context(request: HttpRequest, order: Order) -> dict[str, Any]:
    """Return the context of the part that is updated while a paid order is delivered."""
    order_progress = progress_of(order)
    since = now_of(request) - (order.paid_at or order.placed_at)
    by_timer = order.origin == Order.Origin.TIMER
    words = _("Ordered by automatic renewal") if by_timer else _("Order placed")
    placed = TimelineEvent(order.placed_at, words, icon="refresh" if by_timer else "shopping-cart")
    return {
        "order": order,
        "progress": order_progress,
        "pace": QUICKLY if since < FAST_PERIOD else SLOWLY,
        "renewal": order.order_type == Order.Type.RENEW,
        "conversion": order.order_type == Order.Type.TRIAL_TO_FORMAL,
        "change": order.order_type == Order.Type.CHANGE,
        "fee": _fee(order_progress.lines),
        "lines": [
            (line, None if line.renews else _access_context(request, line.line.subscription))
            for line in order_progress.lines
        ],
        "why": next((_failure_reason(line) for line in order_progress.lines), ""),
        "cloud_why": next((reason for line in order_progress.lines if (reason := _cloud_failure(line))), ""),
        "timeline": [placed, *events_of_moves(moves_of("order", order.pk), order=order)],
        "by_code": any(line.gives is DeliveryResult.CODE and not line.renews for line in order_progress.lines),
        "now": now_of(request),
        "paid_back": refund_lines_of([order]),
        "invoices": invoices_of_order(order),
        "deliveries": supervision_queries.deliveries_of_order(order),
    }


def _contacts(live: dict[str, Any]) -> list[SellerContact]:
    """Return the seller's contact for each ordered product."""
    order: Order = live["order"]
    lines = {line.line.product_id: line.line for line, _opened in live["lines"]}
    return [contact_of(line.seller, line.product, order=order.number) for line in lines.values()]


def _access_context(request: HttpRequest, subscription: Subscription | None) -> dict[str, Any] | None:
    """Return the access data of a delivered service; the password needs its own request. The seller is asked again only
    after a minute, since it has just sent them (saas-v2 §3.2)."""
    if subscription is None or subscription.status != Subscription.Status.ACTIVE:
        return None
    access = access_data(subscription)
    live = live_access.context(request, subscription, older_than=ACCESS_LIMITS.every)
    return {"subscription": subscription, "access": access, **live}


def _fee(lines: Sequence[LineProgress]) -> FeeView | None:
    """Return the breakdown of a change fee."""
    terms = next((line.line.change_terms for line in lines if line.line.change_terms), None)
    return fee_view(read_stored(terms)) if terms else None


def _cloud_failure(line: LineProgress) -> str:
    """Return why the cloud did not provide a server for this line, as a message id for gettext."""
    operation = line.operation
    gave_up = operation is not None and operation.task_id is not None and operation.status == Operation.Status.GAVE_UP
    return operation.note if operation is not None and gave_up else ""


def _failure_reason(line: LineProgress) -> str:
    given_back = line.operation is not None and line.operation.note == RETURN_NOTE
    return "given_back" if given_back else str(line.last_said or "")


@buyer_page
def progress(request: HttpRequest, number: str) -> HttpResponse:
    """Return the part of the page that is polled during processing. 204 if nothing has changed."""
    order = _own_order(request, number)
    live = _live_context(request, order)
    same_pace = request.GET.get("pace", live["pace"]) == live["pace"]
    if same_pace and request.GET.get("seen") == live["progress"].fingerprint:
        return HttpResponse(status=204)
    return render(request, "storefront/parts/live.html", live | {"contacts": _contacts(live), "changed": True})


@buyer_required
@require_POST
def pay(request: HttpRequest, number: str) -> HttpResponse:
    order = _own_order(request, number)
    try:
        pay_order(order, now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This order was already paid or cancelled."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("storefront:order", number=number)


@buyer_required
@require_POST
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    order = _own_order(request, number)
    try:
        cancel_order(order, actor=person(request).email, now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("Only an unpaid order can be cancelled."))
    else:
        messages.success(request, _("The order was cancelled. Nothing was charged."))
    return redirect("storefront:order", number=number)
