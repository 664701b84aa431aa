"""Interface messages (生产接口消息): every call to the seller's server, what went over the wire, and Restart."""

from __future__ import annotations

from dataclasses import dataclass
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
from tradepost.market.production import queries, restart, words
from tradepost.market.production.curl import curl_line, signed_afresh
from tradepost.market.production.masking import HIDDEN
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.queries import CallFilter
from tradepost.market.production.words import Reason
from tradepost.market.web.status import CALL_OUTCOMES, CALL_STATES
from tradepost.market.web.templatetags.ui import locale_now
from tradepost.protocols.registry import protocols

from .frame import SellerRequest, found, may_change, seller_page, show

SOON = timedelta(seconds=15)
"""A call that is due within this time is watched live, as one in flight is."""


@require_safe
@seller_page
def messages(request: SellerRequest) -> HttpResponse:
    given = {
        name: request.GET.get(name, "").strip()[:64] for name in ("activity", "state", "order", "reason", "address")
    }
    asked = CallFilter(**given)
    calls = page(queries.seller_calls(request.seller, asked), after=request.GET.get("after", ""))
    return show(
        request,
        "seller_center/messages.html",
        page=calls,
        asked=asked,
        filtered=any(given.values()),
        rows=[(call, last_result(call)) for call in calls.rows],
        activities=queries.activities(),
        states=state_words(),
        faults=words.faults(),
        codes=words.codes(),
    )


def last_result(call: Call) -> str:
    """The last attempt's verdict in few words, where the state does not say it: nothing before any ended, or when done."""
    return words.title(call.last_verdict, protocol=call.protocol) if call.last_verdict not in {"", "done"} else ""


def state_words() -> list[tuple[str, str | Promise]]:
    """The states a list can be narrowed to, in the words of the badges."""
    return [
        ("failing", _("Failing")),
        ("waiting", CALL_STATES[State.WAITING].label),
        ("in_flight", CALL_STATES[State.LEASED].label),
        ("held", CALL_STATES[State.HELD].label),
        *((value, look.label) for value, look in CALL_OUTCOMES.items()),
    ]


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """An attempt with its words and its command lines."""

    attempt: Attempt
    reason: Reason
    curl: str
    curl_afresh: str
    request_head: str
    response_head: str


@require_safe
@seller_page
def message(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/message.html", **_facts(request, pk))


@require_safe
@seller_page
def message_live(request: SellerRequest, pk: int) -> HttpResponse:
    """The part of the page that changes while a call is under way; it asks for itself again until the call rests."""
    return show(request, "seller_center/parts/message_live.html", **_facts(request, pk))


@require_POST
@seller_page
def restart_call(request: SellerRequest, pk: int) -> HttpResponse:
    call = found(queries.find_call(request.seller, pk))
    restart.restart(call, actor=request.user.email, now=request.now)
    return redirect("seller_center:message", pk=call.pk)


def _facts(request: SellerRequest, pk: int) -> dict[str, Any]:
    call = found(queries.find_call(request.seller, pk))
    return {
        "call": call,
        "reason": words.explain(call.last_verdict, call.last_detail, protocol=call.protocol),
        "attempts": [_shown(attempt, call.protocol) for attempt in queries.attempts_of(call)],
        "every": _pace(call),
        "live": _is_live(call, request),
        "may_restart": may_change(request) and restart.may_restart(call),
        "protocol_title": protocols()[call.protocol].title if call.protocol in protocols() else call.protocol,
    }


def _pace(call: Call) -> str:
    """How often the plan tries, in words; empty when it tries once."""
    rule = queries.retry_rule(call)
    if rule is None or not rule.give_up_after:
        return ""
    pending = call.last_verdict == "pending"
    return format_timedelta(rule.wait(call.attempts + 1, pending=pending), threshold=1, locale=locale_now())


def _is_live(call: Call, request: SellerRequest) -> bool:
    if call.state == State.LEASED:
        return True
    return call.state == State.WAITING and call.due_at <= request.now + SOON


def _shown(attempt: Attempt, protocol: str) -> ShownAttempt:
    sent = {
        "method": attempt.method,
        "url": attempt.url,
        "headers": attempt.request_headers,
        "body": attempt.request_body,
    }
    return ShownAttempt(
        attempt=attempt,
        reason=words.explain(attempt.verdict, attempt.detail, protocol=protocol),
        # What was masked cannot be sent again, so there is no line that would repeat it.
        curl=curl_line(**sent) if attempt.url and HIDDEN not in attempt.url else "",
        curl_afresh=signed_afresh(**sent) if attempt.url else "",
        request_head=_head(f"{attempt.method} {attempt.url}", attempt.request_headers) if attempt.url else "",
        response_head=_head(f"HTTP {attempt.status}", attempt.response_headers) if attempt.status else "",
    )


def _head(first: str, headers: list[list[str]]) -> str:
    """The first line and the headers as they were on the wire, their case kept."""
    return "\n".join([first, *(f"{name}: {value}" for name, value in headers)])
