"""Interface messages (生产接口消息): every call to the seller's server with its bytes, and Restart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.paging import page
from tradepost.market.base.work import State
from tradepost.market.fulfilment import restart
from tradepost.market.identity.menus import Menu
from tradepost.market.production import reasons, seller_queries
from tradepost.market.production.models import GOOD_VERDICTS, Call
from tradepost.market.production.seller_queries import CallFilter
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.pages.filters import read, time_range
from tradepost.market.web.status import CALL_OUTCOMES, CALL_STATES
from tradepost.market.web.templatetags.ui import locale_now, protocol_title

from .frame import SellerRequest, may_change, or_404, products_of, seller_page, show

TIME = time_range()
LIVE_PERIOD = timedelta(seconds=15)
"""A call due within this time is polled like one in flight."""


@require_safe
@seller_page(menu=Menu.TOOLS)
def messages(request: SellerRequest) -> HttpResponse:
    filter_values = {
        name: request.GET.get(name, "").strip()[:64] for name in ("activity", "state", "order", "reason", "address")
    }
    filters, time = CallFilter(**filter_values), read([TIME], request, request.now)
    matching_calls = time.within(seller_queries.seller_calls(request.seller, filters), "created_at")
    calls = page(matching_calls.none() if time.problems else matching_calls, after=request.GET.get("after", ""))
    choices = seller_queries.filter_choices(request.seller, filters)
    return show(
        request,
        "seller_center/messages.html",
        status=time.status,
        page=calls,
        filters=filters,
        filtered=any(filter_values.values()) or time.narrowed or bool(time.problems),
        time=SafeString(TIME.field(request, time)),
        rows=[(call, last_result(call)) for call in calls.rows],
        activities=[(value, value) for value in choices.activities],
        states=state_choices(),
        reasons=[(_("No acceptable response"), reasons.faults()), (_("Refused by your server"), reasons.codes())],
        addresses=choices.addresses,
    )


def last_result(call: Call) -> str:
    """Return the last attempt's verdict in short; "" before the first attempt and after success."""
    return reasons.title(call.last_verdict, protocol=call.protocol) if call.last_verdict not in {"", "done"} else ""


def state_choices() -> list[tuple[str, str | Promise]]:
    """Return the states for the filter, with the labels of the badges."""
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
    return show(request, "seller_center/message.html", **_call_context(request, pk))


@require_safe
@seller_page(menu=Menu.TOOLS)
def message_live(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part of a call in progress, which is polled until the call has ended or waits."""
    return show(request, "seller_center/parts/message_live.html", **_call_context(request, pk))


@require_POST
@seller_page(menu=Menu.TOOLS)
def restart_call(request: SellerRequest, pk: int) -> HttpResponse:
    call = or_404(seller_queries.find_call(request.seller, pk))
    restart.restart_call(call, actor=request.user.email, now=request.now)
    return redirect("seller_center:message", pk=call.pk)


def _call_context(request: SellerRequest, pk: int) -> dict[str, Any]:
    call = or_404(seller_queries.find_call(request.seller, pk))
    return {
        "call": call,
        "reason": reasons.explain(call.last_verdict, call.last_detail, protocol=call.protocol),
        "attempts": attempts_of(call),
        "every": _retry_interval(call),
        "live": _is_live(call, request),
        "probed": call.last_verdict not in GOOD_VERDICTS
        and products_of(request).filter(pk__in=[call.product_id]).exists(),
        "may_restart": may_change(request) and restart.may_restart_call(call),
        "protocol_title": protocol_title(call.protocol),
    }


def _retry_interval(call: Call) -> str:
    """Return the interval of retries as text; "" without retries."""
    rule = seller_queries.retry_rule(call)
    if rule is None or not rule.give_up_after:
        return ""
    pending = call.last_verdict == "pending"
    return format_timedelta(rule.wait(call.attempts + 1, pending=pending), threshold=1, locale=locale_now())


def _is_live(call: Call, request: SellerRequest) -> bool:
    if call.state == State.LEASED:
        return True
    return call.state == State.WAITING and call.due_at <= request.now + LIVE_PERIOD
