"""Many services at once: what is to be done is shown line by line with its price, confirmed, and each line tells its own result."""

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
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.batch import (
    Outcome,
    renew_many,
    set_policies,
    unsubscribe_many,
    ways_out,
    why_no_policy,
    why_not_renewed,
)
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, ways
from tradepost.market.fulfilment.unsubscribe import Unsubscribe
from tradepost.market.identity.models import User
from tradepost.market.orders.agreements import Agreements, offered_many
from tradepost.market.orders.auto_renew import duration_of, rule_of
from tradepost.market.orders.buy import order_of
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.refund_terms import Terms
from tradepost.market.orders.renew import Option, RenewService, moved_meanwhile
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.buyer_queries import buyer_subscriptions_of
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.refund_rules import rules_now

from .agreement import pay_within
from .policy import read_duration
from .renew import options_of

private = cache_control(private=True, no_store=True)
RENEW, AUTOMATIC, KEEP, UNSUBSCRIBE = "renew", "automatic", "keep", "unsubscribe"
ACTS: Mapping[str, str | Promise] = {
    RENEW: gettext_lazy("Renew"),
    AUTOMATIC: gettext_lazy("Renew automatically"),
    KEEP: gettext_lazy("End automatic renewal"),
    UNSUBSCRIBE: gettext_lazy("Unsubscribe"),
}
_HEX = re.compile(r"[0-9a-f]{32}")


class Line(Struct, frozen=True, kw_only=True):
    """One service. ``refused``: why nothing can be done for it. ``options``: ways to renew it by stamp; ``durations``: of an
    automatic renewal, with what each costs today; ``ways``: to unsubscribe it, with what each pays back. ``picked``: a key of
    one of them."""

    held: Subscription
    refused: Refused | None = None
    options: Mapping[str, Option] | None = None
    durations: Mapping[str, tuple[Duration, Money]] | None = None
    ways: Mapping[str, Terms] | None = None
    picked: str = ""
    agreements: Agreements | None = None
    """What its renewal accepts."""


class Result(Struct, frozen=True, kw_only=True):
    held: Subscription
    outcome: Outcome


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def batch(request: HttpRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    act = data.get("act", RENEW)
    if act not in ACTS:
        raise Http404
    try:
        chosen = _chosen(person(request), data)
    except Refused as refused:
        return render(request, "storefront/batch.html", {"refused": refused, "lines": []}, status=refused.status)
    if request.method != "POST":
        return _preview(request, act, chosen, None)
    if act in CONFIRMED and request.POST.get("agreed") != "on":
        return _preview(request, act, chosen, CONFIRMED[act]())
    return _done(request, act, chosen)


def not_agreed() -> Refused:
    return Refused(
        "order.agreement", _("Read and accept the agreements to order."), HTTPStatus.BAD_REQUEST, field="agreed"
    )


def not_understood() -> Refused:
    return Refused(
        "batch.understood", _("Confirm that you know what happens then."), HTTPStatus.BAD_REQUEST, field="agreed"
    )


CONFIRMED = {RENEW: not_agreed, UNSUBSCRIBE: not_understood}
"""What is confirmed by a tick before it is done, and what is said without it."""


def _chosen(buyer: User, data: QueryDict) -> list[Subscription]:
    """The buyer's own services that a form names, each once; 404 for any other."""
    texts = data.getlist("service")
    most = config().batch_most
    if len(texts) > most:
        raise Refused(
            "batch.too_many",
            _("At most %(most)s services can be changed in one go: choose fewer.") % {"most": most},
            HTTPStatus.BAD_REQUEST,
        )
    keys = {whole_number(text) for text in texts}
    found = buyer_subscriptions_of(buyer, [key for key in keys if key is not None])
    if len(found) != len(keys):
        raise Http404
    return found


def _preview(request: HttpRequest, act: str, chosen: list[Subscription], refused: Refused | None) -> HttpResponse:
    lines = [_line(request, act, held) for held in chosen]
    offered = _offered(request, lines) if act == RENEW else {}
    lines = [replace(line, agreements=offered.get(line.held.product_id)) for line in lines]
    context = {
        "act": act,
        "acts": ACTS,
        "lines": lines,
        "possible": sum(line.refused is None for line in lines),
        "key": _key(request),
        "balance": balance(person(request), chosen[0].offer.currency) if chosen else None,
        "pay": request.method != "POST" or request.POST.get("pay") == "on",
        "agreed": request.POST.get("agreed") == "on",
        "many": list(offered.values()),
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/batch.html", context, status=refused.status if refused else 200)


def _offered(request: HttpRequest, lines: list[Line]) -> dict[int, Agreements]:
    """By product what its renewal accepts."""
    products = {line.held.product_id: line.held.product for line in lines if line.refused is None}
    if not products:
        return {}
    return offered_many(list(products.values()), pay_within=pay_within(), now=now_of(request))


def _key(request: HttpRequest) -> str:
    """Names one display of the form: sent again, it does nothing twice."""
    given = request.POST.get("key", "")
    return given if _HEX.fullmatch(given) else ids.hex_id()


def _line(request: HttpRequest, act: str, held: Subscription) -> Line:
    now, typed = now_of(request), request.POST.get(f"option_{held.pk}", "")
    if act == RENEW:
        refused = why_not_renewed(held, now=now)
        options = {} if refused else options_of(held, person(request))
        picked = typed if typed in options else next((s for s, o in options.items() if _is_default(o, held)), "")
        return Line(held=held, refused=refused, options=options, picked=picked or next(iter(options), ""))
    if act == KEEP:
        return Line(held=held, refused=why_no_policy(held, Subscription.AtExpiry.KEEP))
    if act == UNSUBSCRIBE:
        open_ways, refused = ways_out(held, rules=rules_now(), now=now)
        offered = {_back(terms): terms for terms in open_ways}
        return Line(
            held=held, refused=refused, ways=offered, picked=typed if typed in offered else next(iter(offered), "")
        )
    refused = why_no_policy(held, Subscription.AtExpiry.RENEW)
    durations = {} if refused else {_name(one): (one, price) for one, price in ways(held).items()}
    picked = typed if typed in durations else _name(duration_of(held))
    return Line(held=held, refused=refused, durations=durations, picked=picked)


def _back(terms: Terms) -> str:
    """A way with what it was shown to pay back."""
    return f"{terms.way}/{terms.back.minor}"


def _name(duration: Duration) -> str:
    return f"{duration.period_type}/{duration.periods}"


def _is_default(option: Option, held: Subscription) -> bool:
    """What an automatic renewal would order, where one was asked for."""
    return not option.align_day and (option.offer.period_type, option.priced.periods) == (
        held.auto_period_type,
        held.auto_periods,
    )


def _done(request: HttpRequest, act: str, chosen: list[Subscription]) -> HttpResponse:
    now = now_of(request)
    match act:
        case "renew":
            outcomes = _renewed(request, chosen, now)
        case "unsubscribe":
            outcomes = _unsubscribed(request, chosen, now)
        case _:
            outcomes = _set(request, act, chosen, now)
    by_pk = {outcome.subscription: outcome for outcome in outcomes}
    results = [Result(held=held, outcome=by_pk[held.pk]) for held in chosen]
    context = {
        "act": act,
        "acts": ACTS,
        "results": results,
        "failed": sum(result.outcome.refused is not None for result in results),
        "balance": balance(person(request), chosen[0].offer.currency) if chosen else None,
    }
    return render(request, "storefront/batch_done.html", context)


def _renewed(request: HttpRequest, chosen: list[Subscription], now: datetime) -> list[Outcome]:
    """Nobody orders what the page did not show; what the same form ordered before is told again."""
    key, buyer, commands, moved = _key(request), person(request), [], []
    for held in chosen:
        name = f"batch/{key}/{held.pk}"
        option = options_of(held, buyer).get(request.POST.get(f"option_{held.pk}", ""))
        if option is None and order_of(buyer, name) is None:
            moved.append(Outcome(subscription=held.pk, refused=moved_meanwhile()))
            continue
        commands.append(
            RenewService(
                subscription=held.pk,
                product_id=option.offer.product_id if option else "",
                periods=option.priced.periods if option else 0,
                align_day=option.align_day if option else 0,
                shown=(option.priced.total, option.until) if option else None,
                agreed=True,
                agreements=request.POST.get(f"agreements_{held.pk}", "")[:64],
                idempotency_key=name,
            )
        )
    minutes = timedelta(minutes=config().unpaid_timeout_minutes)
    return moved + renew_many(buyer, commands, pay=request.POST.get("pay") == "on", now=now, unpaid_timeout=minutes)


def _unsubscribed(request: HttpRequest, chosen: list[Subscription], now: datetime) -> list[Outcome]:
    key, commands = _key(request), []
    for held in chosen:
        way, _slash, back = request.POST.get(f"option_{held.pk}", "").partition("/")
        shown = whole_number(back)
        commands.append(
            Unsubscribe(
                subscription=held.pk,
                way=way[:32],
                back_minor=-1 if shown is None else shown,
                agreed=True,
                idempotency_key=key,
            )
        )
    return unsubscribe_many(person(request), commands, rules=rules_now(), now=now)


def _set(request: HttpRequest, act: str, chosen: list[Subscription], now: datetime) -> list[Outcome]:
    renews = act == AUTOMATIC
    commands = [
        SetExpiryPolicy(
            subscription=held.pk,
            at_expiry=Subscription.AtExpiry.RENEW if renews else Subscription.AtExpiry.KEEP,
            duration=read_duration(request.POST.get(f"option_{held.pk}", "")) if renews else None,
        )
        for held in chosen
    ]
    return set_policies(person(request), commands, rule=rule_of(config()), now=now)
