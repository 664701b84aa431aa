"""Change a service in use: what it can become, what that costs and why, before anything is ordered."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.changing import check_spoken, order_change
from tradepost.market.orders import change as verbs
from tradepost.market.orders.buyer_queries import about
from tradepost.market.orders.change import Change, ChangeService, Target
from tradepost.market.orders.change_fee import StepChange
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import chosen_values
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web import fee_lines
from tradepost.market.web.access import buyer_required, now_of, person

from .agreement import consent, shown_to_buyer
from .choice import whole

private = cache_control(private=True, no_store=True)
NO_QUOTE = "-"
"""What a form without a quote says: it was never shown a price."""


class Way(Struct, frozen=True):
    """One target, as the page offers it."""

    target: Target
    values: list[dict[str, str]]
    """Of the attributes of its SKU."""
    here: bool


class Choice(Struct, frozen=True):
    """What was picked, or the first; ``quantity`` as it was typed."""

    ways: list[Way]
    target: Target
    quantity: str

    @property
    def wanted(self) -> int:
        return whole(self.quantity)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    if request.method != "POST":
        return _page(request, found, None)
    try:
        order = order_change(
            person(request), _command(request, found), now=now_of(request),
            unpaid_timeout=timedelta(minutes=config().unpaid_timeout_minutes), step_change=_step_change(),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, found, refused)
    return redirect("storefront:order", number=order.number)


def _command(request: HttpRequest, found: Subscription) -> ChangeService:
    return ChangeService(
        subscription=found.pk,
        product_id=request.POST.get("to", ""),
        quantity=whole(request.POST.get("quantity", "")) or found.quantity,
        agreed=request.POST.get("agreed") == "on",
        agreements=shown_to_buyer(request),
        quote=request.POST.get("quote", "") or NO_QUOTE,
    )


def _step_change() -> StepChange:
    return StepChange(config().step_change)


def _stands_against(found: Subscription, now: datetime) -> Refused | None:
    try:
        check_spoken(found)
        verbs.check_changeable(found, now=now)
    except Refused as refused:
        return refused
    return None


def _choice(request: HttpRequest, found: Subscription) -> Choice | None:
    asked = request.POST if request.method == "POST" else request.GET
    offered = verbs.targets(found)
    if not offered:
        return None
    target = next((one for one in offered if one.offer.product_id == asked.get("to")), offered[0])
    quantity = asked.get("quantity", "") if target.adds else ""
    ways = [Way(one, chosen_values(one.offer.sku), one == target) for one in offered]
    return Choice(ways, target, quantity or str(target.least))


def _priced(found: Subscription, choice: Choice, now: datetime) -> tuple[Change | None, Refused | None]:
    moment = verbs.to_the_second(now)
    try:
        priced = verbs.priced(found, choice.target, choice.wanted, step_change=_step_change(), now=moment)
    except Refused as refused:
        return None, refused
    return priced, None


def _page(request: HttpRequest, found: Subscription, refused: Refused | None) -> HttpResponse:
    now, waiting, lines = now_of(request), open_changes(found), about(found.pk)
    against = _stands_against(found, now)
    choice = _choice(request, found) if against is None else None
    priced, wrong = _priced(found, choice, now) if choice else (None, None)
    errors = {one.field: one.message for one in (wrong, refused) if one is not None and one.field}
    context = {
        "subscription": found,
        "product": found.product,
        "seller": found.seller,
        "line": lines.held if lines else None,
        "waiting": waiting[0] if waiting else None,
        "unpaid": bool(waiting) and waiting[0].status == Order.Status.UNPAID,
        "against": against,
        "may_renew": against is not None and against.code in {"change.expired", "change.too_late"},
        "choice": choice,
        "priced": priced,
        "fee": fee_lines.shown(priced.terms, priced.fee) if priced else None,
        "quote": _quote(request, found, priced, now) if priced else "",
        "wrong": wrong,
        **consent(request, found.product, refused),
        "errors": errors,
        "refused": refused if refused is not None and refused is not against else None,
    }
    return render(request, "storefront/change.html", context, status=refused.status if refused else 200)


def _quote(request: HttpRequest, found: Subscription, priced: Change, now: datetime) -> str:
    lasts = timedelta(minutes=config().quote_minutes)
    return verbs.show(person(request), found, priced, now=verbs.to_the_second(now), lasts=lasts)
