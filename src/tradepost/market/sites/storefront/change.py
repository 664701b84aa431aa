"""Change a service: possible targets and their price with its breakdown, before anything is ordered."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.changing import check_supported, order_change
from tradepost.market.orders import change as verbs
from tradepost.market.orders.buyer_queries import lines_of_subscription
from tradepost.market.orders.change import Change, ChangeService, Target
from tradepost.market.orders.change_fee import StepChange
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import chosen_values
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web import fee_lines
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form

from .agreement import consent_context, submitted_stamp
from .choice import parse_count

NO_QUOTE = "-"
"""Value of a form without a quote, which showed no price."""


class TargetOption(Struct, frozen=True):
    """A target for the page."""

    target: Target
    values: list[dict[str, str]]
    """Chosen values of its SKU's attributes."""
    here: bool


class Choice(Struct, frozen=True):
    """The chosen target, by default the first. ``quantity``: as typed."""

    ways: list[TargetOption]
    target: Target
    quantity: str

    @property
    def wanted(self) -> int:
        return parse_count(self.quantity)


@buyer_form
def change(request: HttpRequest, pk: int) -> HttpResponse:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    if request.method != "POST":
        return _page(request, service, None)
    try:
        order = order_change(
            person(request), _command(request, service), now=now_of(request),
            unpaid_timeout=timedelta(minutes=config().orders.unpaid_timeout_minutes), step_change=_step_change_setting(),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, service, refused)
    return redirect("storefront:order", number=order.number)


def _command(request: HttpRequest, service: Subscription) -> ChangeService:
    return ChangeService(
        subscription=service.pk,
        product_id=request.POST.get("to", ""),
        quantity=parse_count(request.POST.get("quantity", "")) or service.quantity,
        agreed=request.POST.get("agreed") == "on",
        agreements=submitted_stamp(request),
        quote=request.POST.get("quote", "") or NO_QUOTE,
    )


def _step_change_setting() -> StepChange:
    return StepChange(config().orders.step_change)


def _obstacle(service: Subscription, now: datetime) -> Refused | None:
    try:
        check_supported(service)
        verbs.check_changeable(service, now=now)
    except Refused as refused:
        return refused
    return None


def _choice(request: HttpRequest, service: Subscription) -> Choice | None:
    data = request.POST if request.method == "POST" else request.GET
    offered = verbs.change_targets(service)
    if not offered:
        return None
    target = next((candidate for candidate in offered if candidate.offer.product_id == data.get("to")), offered[0])
    quantity = data.get("quantity", "") if target.adds else ""
    ways = [TargetOption(candidate, chosen_values(candidate.offer.sku), candidate == target) for candidate in offered]
    return Choice(ways, target, quantity or str(target.least))


def _price_change(service: Subscription, choice: Choice, now: datetime) -> tuple[Change | None, Refused | None]:
    moment = verbs.as_quoted_time(now)
    try:
        priced = verbs.price_change(
            service, choice.target, choice.wanted, step_change=_step_change_setting(), now=moment
        )
    except Refused as refused:
        return None, refused
    return priced, None


def _page(request: HttpRequest, service: Subscription, refused: Refused | None) -> HttpResponse:
    now, waiting, lines = now_of(request), open_changes(service), lines_of_subscription(service.pk)
    obstacle = _obstacle(service, now)
    choice = _choice(request, service) if obstacle is None else None
    priced, wrong = _price_change(service, choice, now) if choice else (None, None)
    errors = {refusal.field: refusal.message for refusal in (wrong, refused) if refusal is not None and refusal.field}
    context = {
        "subscription": service,
        "product": service.product,
        "seller": service.seller,
        "line": lines.held if lines else None,
        "waiting": waiting[0] if waiting else None,
        "unpaid": bool(waiting) and waiting[0].status == Order.Status.UNPAID,
        "against": obstacle,
        "may_renew": obstacle is not None and obstacle.code in {"change.expired", "change.too_late"},
        "choice": choice,
        "priced": priced,
        "fee": fee_lines.fee_view(priced.terms, priced.fee) if priced else None,
        "quote": _quote(request, service, priced, now) if priced else "",
        "wrong": wrong,
        **consent_context(request, service.product, refused),
        "errors": errors,
        "refused": refused if refused is not None and refused is not obstacle else None,
    }
    return render(request, "storefront/change.html", context)


def _quote(request: HttpRequest, service: Subscription, priced: Change, now: datetime) -> str:
    validity = timedelta(minutes=config().orders.quote_minutes)
    return verbs.quote_change(person(request), service, priced, now=verbs.as_quoted_time(now), lasts=validity)
