"""One order: pay it, cancel it, watch it being delivered, and find the access data when it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.fulfilment.activating import GIVEN_BACK
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.order_progress import LineProgress
from tradepost.market.fulfilment.order_progress import progress as progress_of
from tradepost.market.invoices.queries import of_order
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.change_fee import read_stored
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.refund_queries import refund_by, refund_lines_of
from tradepost.market.payments.intent_queries import open_intent_for
from tradepost.market.payments.queries import balance
from tradepost.market.product_types.contract import Gives
from tradepost.market.production.plan import ACCESS
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.fee_lines import ShownFee, shown
from tradepost.market.web.seller_contact import SellerContact, contact_of
from tradepost.market.web.timeline import TimelineEvent, moves_of, of_moves

from . import live_access

private = cache_control(private=True, no_store=True)
QUICKLY, SLOWLY = "300ms", "1s"
"""How often the page looks: most orders are delivered within a second of being paid, the others take minutes."""
AT_FIRST = timedelta(seconds=10)


@buyer_required
@private
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    found = _own(request, number)
    if (refund := refund_by(found)) is not None:  # an unsubscription is told by what it pays back
        return redirect("storefront:refund", pk=refund.pk)
    live = _live(request, found)
    return render(request, "storefront/order.html", _pay_panel(request, found) | live | {"contacts": _contacts(live)})


def _own(request: HttpRequest, number: str) -> Order:
    found = buyer_order(person(request), number)
    if found is None:
        raise Http404
    return found


def _pay_panel(request: HttpRequest, found: Order) -> dict[str, Any]:
    if found.status != Order.Status.UNPAID:
        return {}
    has = balance(person(request), found.currency)
    lacks = found.total - has if has < found.total else None
    transfer = open_intent_for(person(request), found.number) if lacks else None
    return {"balance": has, "lacks": lacks, "transfer": transfer, "too_late": now_of(request) >= found.pay_before}


def _live(request: HttpRequest, found: Order) -> dict[str, Any]:
    """The part of the page that changes by itself while a paid order is delivered."""
    followed = progress_of(found)
    since = now_of(request) - (found.paid_at or found.placed_at)
    by_timer = found.origin == Order.Origin.TIMER
    words = _("Ordered by automatic renewal") if by_timer else _("Order placed")
    placed = TimelineEvent(found.placed_at, words, icon="refresh" if by_timer else "shopping-cart")
    return {
        "order": found,
        "progress": followed,
        "pace": QUICKLY if since < AT_FIRST else SLOWLY,
        "renewal": found.order_type == Order.Type.RENEW,
        "conversion": found.order_type == Order.Type.TRIAL_TO_FORMAL,
        "change": found.order_type == Order.Type.CHANGE,
        "fee": _fee(followed.lines),
        "lines": [(line, None if line.renews else _opened(request, line.line.subscription)) for line in followed.lines],
        "why": next((_why(line) for line in followed.lines), ""),
        "cloud_why": next((why for line in followed.lines if (why := _cloud_why(line))), ""),
        "timeline": [placed, *of_moves(moves_of("order", found.pk), order=found)],
        "by_code": any(line.gives is Gives.CODE and not line.renews for line in followed.lines),
        "now": now_of(request),
        "paid_back": refund_lines_of([found]),
        "invoices": of_order(found),
        "deliveries": supervision_queries.of_order(found),
    }


def _contacts(live: dict[str, Any]) -> list[SellerContact]:
    """Whom to ask about what was ordered: once for each product."""
    order: Order = live["order"]
    lines = {line.line.product_id: line.line for line, _opened in live["lines"]}
    return [contact_of(line.seller, line.product, order=order.number) for line in lines.values()]


def _opened(request: HttpRequest, subscription: Subscription | None) -> dict[str, Any] | None:
    """The access data of what was delivered; the password stays behind its own request. The seller, which has just given them,
    is asked again only when they are a minute old (saas-v2 §3.2)."""
    if subscription is None or subscription.status != Subscription.Status.ACTIVE:
        return None
    access = access_data(subscription)
    live = live_access.context(request, subscription, older_than=ACCESS.every)
    return {"subscription": subscription, "access": access, **live}


def _fee(lines: Sequence[LineProgress]) -> ShownFee | None:
    """How the price of a change came about."""
    terms = next((one.line.change_terms for one in lines if one.line.change_terms), None)
    return shown(read_stored(terms)) if terms else None


def _cloud_why(line: LineProgress) -> str:
    """Why the cloud did not provide a server for this line; a message id for gettext."""
    operation = line.operation
    gave_up = operation is not None and operation.task_id is not None and operation.status == Operation.Status.GAVE_UP
    return operation.note if operation is not None and gave_up else ""


def _why(line: LineProgress) -> str:
    given_back = line.operation is not None and line.operation.note == GIVEN_BACK
    return "given_back" if given_back else str(line.last_said or "")


@buyer_required
@private
@require_safe
def progress(request: HttpRequest, number: str) -> HttpResponse:
    """Asked again and again while the order is processed. 204 leaves the page alone when there is nothing new."""
    found = _own(request, number)
    live = _live(request, found)
    same_pace = request.GET.get("pace", live["pace"]) == live["pace"]
    if same_pace and request.GET.get("seen") == live["progress"].fingerprint:
        return HttpResponse(status=204)
    return render(request, "storefront/parts/live.html", live | {"contacts": _contacts(live), "changed": True})


@buyer_required
@require_POST
def pay(request: HttpRequest, number: str) -> HttpResponse:
    found = _own(request, number)
    try:
        pay_order(found, now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This order was paid or cancelled already."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("storefront:order", number=number)


@buyer_required
@require_POST
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    found = _own(request, number)
    try:
        cancel_order(found, actor=person(request).email, now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("Only an unpaid order can be cancelled."))
    else:
        messages.success(request, _("The order was cancelled. Nothing was charged."))
    return redirect("storefront:order", number=number)
