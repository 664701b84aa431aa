"""Acts on several services: a preview with the price of each, a confirmation, and a result for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.batch import (
    Outcome,
    policy_refusal,
    renew_many,
    renewal_refusal,
    set_policies,
    unsubscribe_many,
    unsubscribe_options,
)
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, renewal_choices
from tradepost.market.fulfilment.unsubscribe import Unsubscribe
from tradepost.market.identity.models import User
from tradepost.market.orders.agreements import Agreements, agreements_by_product
from tradepost.market.orders.auto_renew import duration_of, rule_of
from tradepost.market.orders.buy import order_of
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.refund_terms import RefundTerms
from tradepost.market.orders.renew import Option, RenewService, price_or_date_refusal
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.buyer_queries import buyer_subscriptions_of
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form
from tradepost.market.web.refund_rules import rules_now

from .agreement import payment_timeout
from .policy import read_duration
from .renew import options_of

RENEW, AUTOMATIC, KEEP, UNSUBSCRIBE = "renew", "automatic", "keep", "unsubscribe"
ACTS: Mapping[str, str | Promise] = {
    RENEW: gettext_lazy("Renew"),
    AUTOMATIC: gettext_lazy("Renew automatically"),
    KEEP: gettext_lazy("End automatic renewal"),
    UNSUBSCRIBE: gettext_lazy("Unsubscribe"),
}
_HEX = re.compile(r"[0-9a-f]{32}")


class Line(Struct, frozen=True, kw_only=True):
    """A service in the preview. ``refused``: why the act is not possible. ``options``: renewals by stamp;
    ``durations``: automatic renewals with today's price; ``ways``: ways to unsubscribe with their refund. ``picked``:
    the chosen key."""

    held: Subscription
    refused: Refused | None = None
    options: Mapping[str, Option] | None = None
    durations: Mapping[str, tuple[Duration, Money]] | None = None
    ways: Mapping[str, RefundTerms] | None = None
    picked: str = ""
    agreements: Agreements | None = None
    """Agreements that its renewal accepts."""
    deletes: bool = False
    """Whether its end deletes data."""


class Result(Struct, frozen=True, kw_only=True):
    held: Subscription
    outcome: Outcome


@buyer_form
def batch(request: HttpRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    act = data.get("act", RENEW)
    if act not in ACTS:
        raise Http404
    try:
        chosen = _chosen_services(person(request), data)
    except Refused as refused:
        return render(request, "storefront/batch.html", {"refused": refused, "lines": []})
    if request.method != "POST":
        return _preview(request, act, chosen, None)
    if act in CONFIRMATION_REFUSALS and request.POST.get("agreed") != "on":
        return _preview(request, act, chosen, CONFIRMATION_REFUSALS[act]())
    return _results_page(request, act, chosen)


def agreement_required() -> Refused:
    return Refused(
        "order.agreement", _("Read and accept the agreements to order."), HTTPStatus.BAD_REQUEST, field="agreed"
    )


def confirmation_required() -> Refused:
    return Refused(
        "batch.understood", _("Confirm that you understand the consequences."), HTTPStatus.BAD_REQUEST, field="agreed"
    )


CONFIRMATION_REFUSALS = {RENEW: agreement_required, UNSUBSCRIBE: confirmation_required}
"""Acts that need a tick, and the error without it."""


def _chosen_services(buyer: User, data: QueryDict) -> list[Subscription]:
    """Return the buyer's services that the form names, without duplicates; 404 for another buyer's."""
    texts = data.getlist("service")
    max_count = config().orders.batch_most
    if len(texts) > max_count:
        raise Refused(
            "batch.too_many",
            _("At most %(most)s services can be changed in one go: choose fewer.") % {"most": max_count},
            HTTPStatus.BAD_REQUEST,
        )
    keys = {whole_number(text) for text in texts}
    services = buyer_subscriptions_of(buyer, [key for key in keys if key is not None])
    if len(services) != len(keys):
        raise Http404
    return services


def _preview(request: HttpRequest, act: str, chosen: list[Subscription], refused: Refused | None) -> HttpResponse:
    lines = [_line(request, act, service) for service in chosen]
    offered = _agreements_by_product(request, lines) if act == RENEW else {}
    lines = [replace(line, agreements=offered.get(line.held.product_id)) for line in lines]
    context = {
        "act": act,
        "acts": ACTS,
        "lines": lines,
        "deletes": any(line.deletes for line in lines),
        "possible": sum(line.refused is None for line in lines),
        "key": _key(request),
        "balance": balance(person(request), chosen[0].offer.currency) if chosen else None,
        "pay": request.method != "POST" or request.POST.get("pay") == "on",
        "agreed": request.POST.get("agreed") == "on",
        "many": list(offered.values()),
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/batch.html", context)


def _agreements_by_product(request: HttpRequest, lines: list[Line]) -> dict[int, Agreements]:
    """Return the agreements that each product's renewal accepts."""
    products = {line.held.product_id: line.held.product for line in lines if line.refused is None}
    if not products:
        return {}
    return agreements_by_product(list(products.values()), pay_within=payment_timeout(), now=now_of(request))


def _key(request: HttpRequest) -> str:
    """Return the idempotency key of the form, so that a repeated submission has no effect."""
    submitted_key = request.POST.get("key", "")
    return submitted_key if _HEX.fullmatch(submitted_key) else ids.hex_id()


def _line(request: HttpRequest, act: str, service: Subscription) -> Line:
    now, typed = now_of(request), request.POST.get(f"option_{service.pk}", "")
    if act == RENEW:
        refused = renewal_refusal(service, now=now)
        options = {} if refused else options_of(service, person(request))
        picked = typed if typed in options else next((s for s, o in options.items() if _is_default(o, service)), "")
        return Line(held=service, refused=refused, options=options, picked=picked or next(iter(options), ""))
    if act == KEEP:
        return Line(held=service, refused=policy_refusal(service, Subscription.AtExpiry.KEEP))
    if act == UNSUBSCRIBE:
        open_ways, refused = unsubscribe_options(service, rules=rules_now(), now=now)
        offered = {_refund_terms_key(terms): terms for terms in open_ways}
        deletes = refused is None and deleted_by(service) in {DeletedBy.SELLER, DeletedBy.CLOUD}
        picked = typed if typed in offered else next(iter(offered), "")
        return Line(held=service, refused=refused, ways=offered, picked=picked, deletes=deletes)
    refused = policy_refusal(service, Subscription.AtExpiry.RENEW)
    durations = (
        {}
        if refused
        else {_duration_key(duration): (duration, price) for duration, price in renewal_choices(service).items()}
    )
    picked = typed if typed in durations else _duration_key(duration_of(service))
    return Line(held=service, refused=refused, durations=durations, picked=picked)


def _refund_terms_key(terms: RefundTerms) -> str:
    """Return the key of a way to unsubscribe, with the refund that was shown."""
    return f"{terms.way}/{terms.back.minor}"


def _duration_key(duration: Duration) -> str:
    return f"{duration.period_type}/{duration.periods}"


def _is_default(option: Option, service: Subscription) -> bool:
    """Return whether an automatic renewal would order this option."""
    return not option.align_day and (option.offer.period_type, option.priced.periods) == (
        service.auto_period_type,
        service.auto_periods,
    )


def _results_page(request: HttpRequest, act: str, chosen: list[Subscription]) -> HttpResponse:
    now = now_of(request)
    match act:
        case "renew":
            outcomes = _renew_services(request, chosen, now)
        case "unsubscribe":
            outcomes = _unsubscribe_services(request, chosen, now)
        case _:
            outcomes = _set_policies(request, act, chosen, now)
    by_pk = {outcome.subscription: outcome for outcome in outcomes}
    results = [Result(held=service, outcome=by_pk[service.pk]) for service in chosen]
    context = {
        "act": act,
        "acts": ACTS,
        "results": results,
        "failed": sum(result.outcome.refused is not None for result in results),
        "balance": balance(person(request), chosen[0].offer.currency) if chosen else None,
    }
    return render(request, "storefront/batch_done.html", context)


def _renew_services(request: HttpRequest, chosen: list[Subscription], now: datetime) -> list[Outcome]:
    """Renew the services at the prices that were shown. A repeated form returns its earlier orders."""
    key, buyer, commands, moved = _key(request), person(request), [], []
    for service in chosen:
        name = f"batch/{key}/{service.pk}"
        option = options_of(service, buyer).get(request.POST.get(f"option_{service.pk}", ""))
        if option is None and order_of(buyer, name) is None:
            moved.append(Outcome(subscription=service.pk, refused=price_or_date_refusal()))
            continue
        commands.append(
            RenewService(
                subscription=service.pk,
                product_id=option.offer.product_id if option else "",
                periods=option.priced.periods if option else 0,
                align_day=option.align_day if option else 0,
                shown=(option.priced.total, option.until) if option else None,
                agreed=True,
                agreements=request.POST.get(f"agreements_{service.pk}", "")[:64],
                idempotency_key=name,
            )
        )
    minutes = timedelta(minutes=config().orders.unpaid_timeout_minutes)
    return moved + renew_many(buyer, commands, pay=request.POST.get("pay") == "on", now=now, unpaid_timeout=minutes)


def _unsubscribe_services(request: HttpRequest, chosen: list[Subscription], now: datetime) -> list[Outcome]:
    key, commands = _key(request), []
    for service in chosen:
        way, _slash, refund_text = request.POST.get(f"option_{service.pk}", "").partition("/")
        refund_minor = whole_number(refund_text)
        commands.append(
            Unsubscribe(
                subscription=service.pk,
                way=way[:32],
                back_minor=-1 if refund_minor is None else refund_minor,
                agreed=True,
                idempotency_key=key,
            )
        )
    return unsubscribe_many(person(request), commands, rules=rules_now(), now=now)


def _set_policies(request: HttpRequest, act: str, chosen: list[Subscription], now: datetime) -> list[Outcome]:
    renews = act == AUTOMATIC
    commands = [
        SetExpiryPolicy(
            subscription=service.pk,
            at_expiry=Subscription.AtExpiry.RENEW if renews else Subscription.AtExpiry.KEEP,
            duration=read_duration(request.POST.get(f"option_{service.pk}", "")) if renews else None,
        )
        for service in chosen
    ]
    return set_policies(person(request), commands, rule=rule_of(config().orders), now=now)
