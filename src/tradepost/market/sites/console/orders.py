"""All orders of the market, and one order with its lines, money, history and calls."""

from __future__ import annotations

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import operator_queries
from tradepost.market.fulfilment import pay_back as verb
from tradepost.market.fulfilment.unheard import not_asked
from tradepost.market.orders import operator_queries as orders
from tradepost.market.orders.models import Order
from tradepost.market.payments import queries as payments
from tradepost.market.product_types.registry import product_types
from tradepost.market.production.operator_queries import calls_of_order
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.order_agreements import accepted_agreements
from tradepost.market.web.refusals import say_why
from tradepost.market.web.status import vocabulary
from tradepost.market.web.templatetags.ui import money
from tradepost.market.web.timeline import TimelineEvent, moves_of, of_moves

from .attempts import tries_of

STOPPED = "stopped"
"""Not a state of an order, but what an operator looks for: it is processed, and nothing happens any more."""


class PayBackForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("For the history of the order. The seller reads it, the buyer does not."),
    )  # fmt: skip


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    text, status = request.GET.get("q", ""), request.GET.get("status", "")
    stands = status == STOPPED
    filters = orders.OrderFilter(text=text, status="" if stands else status)
    among = verb.stopped_orders().values("pk") if stands else None
    page = orders.all_orders(filters, among=among, after=request.GET.get("after", ""))
    context = {
        "page": page,
        "stopped": operator_queries.stopped_among([order.pk for order in page.rows]),
        "text": text.strip(),
        "status": status,
        "statuses": [*vocabulary("order"), (STOPPED, gettext_lazy("Delivery stopped"))],
    }
    return render(request, "console/orders.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, _order_of(number), PayBackForm())


@operator_required
@require_safe
def agreements(request: HttpRequest, number: str) -> HttpResponse:
    """The agreements that the buyer accepted with the order."""
    order = _order_of(number)
    accepted = accepted_agreements(order)
    if accepted is None:
        raise Http404
    return render(request, "console/order_agreements.html", {"order": order, "accepted": accepted})


@operator_required
@require_POST
def pay_back(request: HttpRequest, number: str) -> HttpResponse:
    """End an order that stopped, with the money back to the buyer."""
    order, form = _order_of(number), PayBackForm(request.POST)
    if not form.is_valid():
        return _page(request, order, form)
    try:
        verb.pay_back(order, reason=form.cleaned_data["reason"], actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
        say_why(form, refused)
        return _page(request, _order_of(number), form)
    messages.success(request, _ended(order))
    return redirect("console:order", number)


def delivered_by(product_kind: str) -> dict[str, bool]:
    """What the question before a refund needs to know."""
    kind = product_types().get(product_kind)
    return {"by_code": kind is not None and kind.issues_codes, "calls_seller": kind is None or kind.needs_interface}


def _ended(order: Order) -> str:
    if not order.total_minor:
        return _("The order was ended. It had cost nothing.")
    said = {"amount": money(order.total), "name": str(order.buyer)}
    return _("%(amount)s is back on the balance of %(name)s.") % said


def _order_of(number: str) -> Order:
    order = orders.find_order(number)
    if order is None:
        raise Http404
    return order


def _page(request: HttpRequest, order: Order, form: PayBackForm) -> HttpResponse:
    lines = orders.lines_of(order)
    alone = not_asked(line.subscription for line in lines if line.subscription)
    placed = TimelineEvent(order.placed_at, _("Order placed"), icon="shopping-cart")
    context = {
        "form": form,
        **delivered_by(lines[0].product.product_type if lines else ""),
        "may_pay_back": verb.may_pay_back(order),
        "order": order,
        "stopped": order.pk in operator_queries.stopped_among([order.pk]),
        "lines": [(line, alone.get(line.subscription_id or 0, "")) for line in lines],
        "movements": payments.movements([order.number, *(line.number for line in lines)]),
        "events": [placed, *of_moves(moves_of("order", order.pk), order=order, with_notes=True)],
        "calls": [(call, list(tries_of(call))) for call in calls_of_order(order.number)],
    }
    return render(request, "console/order.html", context, status=HTTPStatus.CONFLICT if form.errors else HTTPStatus.OK)
