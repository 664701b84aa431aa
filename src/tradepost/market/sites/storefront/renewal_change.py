"""Renew a service with a change: choose it, ask the seller, and order it once the seller has agreed (saas-v2 §8.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.renew_changing import (
    AgreementCheck,
    AgreementState,
    ChangeRules,
    check_change_possible,
    latest_check,
    order_changed,
    request_agreement,
)
from tradepost.market.orders.buyer_queries import lines_of_subscription
from tradepost.market.orders.place import RENEWABLE_STATUSES
from tradepost.market.orders.renew_change import keeps_edition_and_quantity
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until, renewed_end
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_act, buyer_form

from .within_spec import SpecChoice, command, context, spec_choice


def rules() -> ChangeRules:
    return ChangeRules(
        days_before=config().orders.renewal_change_days,
        lasts_minutes=config().orders.change_check_minutes,
        unpaid_timeout=timedelta(minutes=config().orders.unpaid_timeout_minutes),
    )


@buyer_form
def renewal_change(request: HttpRequest, pk: int) -> HttpResponse:
    service = _own_service(request, pk)
    choice = spec_choice(service, request, statuses=RENEWABLE_STATUSES)
    if request.method != "POST":
        return _page(request, service, choice, None)
    try:
        order = order_changed(
            service,
            person(request),
            command(request, service, _unchanged_choice(choice)),
            rules=rules(),
            now=now_of(request),
        )
    except Refused as refused:
        return _page(request, service, choice, refused)
    return redirect("storefront:order", number=order.number)


@buyer_act
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the seller about the change. The page shows the progress."""
    service = _own_service(request, pk)
    choice = spec_choice(service, request, statuses=RENEWABLE_STATUSES)
    try:
        change = command(request, service, _unchanged_choice(choice))
        request_agreement(service, change, actor=person(request).email, rules=rules(), now=now_of(request))
    except Refused as refused:
        return _page(request, service, choice, refused)
    query = choice.query if choice else ""
    return redirect(f"{reverse('storefront:renewal_change', args=[pk])}?{query}")


def _own_service(request: HttpRequest, pk: int) -> Subscription:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    return service


def _unchanged_choice(choice: SpecChoice | None) -> SpecChoice:
    """Return the choice. Refuses a choice that the page did not show."""
    if choice is None or not choice.holds:
        raise Refused(
            "order.choice_gone", _("Your choice is no longer on sale. The closest one is selected. Check it.")
        )
    return choice


def _page(
    request: HttpRequest, service: Subscription, choice: SpecChoice | None, refused: Refused | None
) -> HttpResponse:
    now, lines, priced = now_of(request), lines_of_subscription(service.pk), choice.priced if choice else None
    page_context = context(request, service, choice, refused) | {
        "why_not": _obstacle_message(request, service, choice),
        "line": lines.held if lines else None,
        "expired": service.expires_at is not None and service.expires_at <= now,
        "kept_until": renewable_until(service),
        "until": renewed_end(service, choice.choice.offer.period_type, priced.periods) if choice and priced else None,
        "query": choice.query if choice else "",
        **_check_context(request, service, choice),
    }
    return render(request, "storefront/renewal_change.html", page_context)


def _obstacle_message(request: HttpRequest, service: Subscription, choice: SpecChoice | None) -> str:
    """Return why there is no form, or ""."""
    try:
        check_change_possible(service, now=now_of(request), days_before=config().orders.renewal_change_days)
    except Refused as refused:
        return refused.message
    return "" if choice else _("This product is not sold by the month or the year at the moment.")


def _check_context(request: HttpRequest, service: Subscription, choice: SpecChoice | None) -> dict[str, Any]:
    """Return the context of the seller's answer. ``step``: the possible next step; ``check``: the answer."""
    if choice is None or choice.priced is None:
        return {"step": "none", "check": None}
    if keeps_edition_and_quantity(service, choice.choice.offer, choice.quantity):
        return {"step": "same", "check": None}
    latest = latest_check(service)
    if latest is None or not latest.is_about(choice.choice.offer.product_id, choice.quantity):
        asked_about_other = latest is not None and latest.word is AgreementState.ASKED
        return {"step": "busy" if asked_about_other else "ask", "check": None}
    return {"step": _next_step(latest, request), "check": latest}


def _next_step(latest: AgreementCheck, request: HttpRequest) -> str:
    if latest.word is AgreementState.AGREED:
        return "agreed" if latest.until is not None and now_of(request) < latest.until else "over"
    return latest.word.value
