"""Interface messages (生产接口消息): every call to the seller's server, what went over the wire, and Restart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.paging import page
from tradepost.market.base.work import State
from tradepost.market.fulfilment import restart
from tradepost.market.identity.menus import Menu
from tradepost.market.production import reasons, seller_queries
from tradepost.market.production.models import WELL, Call
from tradepost.market.production.seller_queries import CallFilter
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.status import CALL_OUTCOMES, CALL_STATES
from tradepost.market.web.templatetags.ui import locale_now, protocol_title

from .frame import SellerRequest, found, may_change, products_of, seller_page, show

SOON = timedelta(seconds=15)
"""A call that is due within this time is watched live, as one in flight is."""


@require_safe
@seller_page(menu=Menu.TOOLS)
def messages(request: SellerRequest) -> HttpResponse:
    given = {
        name: request.GET.get(name, "").strip()[:64] for name in ("activity", "state", "order", "reason", "address")
    }
    filters = CallFilter(**given)
    calls = page(seller_queries.seller_calls(request.seller, filters), after=request.GET.get("after", ""))
    choices = seller_queries.filter_choices(request.seller, filters)
    return show(
        request,
        "seller_center/messages.html",
        page=calls,
        filters=filters,
        filtered=any(given.values()),
        rows=[(call, last_result(call)) for call in calls.rows],
        activities=[(value, value) for value in choices.activities],
        states=state_words(),
        reasons=[(_("No acceptable answer"), reasons.faults()), (_("Refused by your server"), reasons.codes())],
        addresses=choices.addresses,
    )


def last_result(call: Call) -> str:
    """The last attempt's verdict in few words, where the state does not say it: nothing before any ended, or when done."""
    return reasons.title(call.last_verdict, protocol=call.protocol) if call.last_verdict not in {"", "done"} else ""


def state_words() -> list[tuple[str, str | Promise]]:
    """The states a list can be narrowed to, in the words of the badges."""
    return [
        ("failing", _("Failing")),
        ("waiting", CALL_STATES[State.WAITING].label),
        ("in_flight", CALL_STATES[State.LEASED].label),
        ("held", CALL_STATES[State.HELD].label),
        *((value, look.label) for value, look in CALL_OUTCOMES.items()),
    ]


@require_safe
@seller_page(menu=Menu.TOOLS)
def message(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/message.html", **_facts(request, pk))


@require_safe
@seller_page(menu=Menu.TOOLS)
def message_live(request: SellerRequest, pk: int) -> HttpResponse:
    """The part of the page that changes while a call is under way; it asks for itself again until the call rests."""
    return show(request, "seller_center/parts/message_live.html", **_facts(request, pk))


@require_POST
@seller_page(menu=Menu.TOOLS)
def restart_call(request: SellerRequest, pk: int) -> HttpResponse:
    call = found(seller_queries.find_call(request.seller, pk))
    restart.restart_call(call, actor=request.user.email, now=request.now)
    return redirect("seller_center:message", pk=call.pk)


def _facts(request: SellerRequest, pk: int) -> dict[str, Any]:
    call = found(seller_queries.find_call(request.seller, pk))
    return {
        "call": call,
        "reason": reasons.explain(call.last_verdict, call.last_detail, protocol=call.protocol),
        "attempts": attempts_of(call),
        "every": _pace(call),
        "live": _is_live(call, request),
        "probed": call.last_verdict not in WELL and products_of(request).filter(pk__in=[call.product_id]).exists(),
        "may_restart": may_change(request) and restart.may_restart_call(call),
        "protocol_title": protocol_title(call.protocol),
    }


def _pace(call: Call) -> str:
    """How often the plan tries, in words; empty when it tries once."""
    rule = seller_queries.retry_rule(call)
    if rule is None or not rule.give_up_after:
        return ""
    pending = call.last_verdict == "pending"
    return format_timedelta(rule.wait(call.attempts + 1, pending=pending), threshold=1, locale=locale_now())


def _is_live(call: Call, request: SellerRequest) -> bool:
    if call.state == State.LEASED:
        return True
    return call.state == State.WAITING and call.due_at <= request.now + SOON
