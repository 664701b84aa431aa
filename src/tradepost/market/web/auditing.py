"""Every state-changing request of an operator leaves one entry in the audit log: in the transaction of the act, or, where that
was rolled back, in one of its own.

What the operator was told decides: an answer that refuses, or messages of which none is of success, is an act that was refused.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.contrib.messages import SUCCESS, get_messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase

from tradepost.market.audit.details import kept
from tradepost.market.audit.models import Outcome
from tradepost.market.audit.record import Act, record
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from . import peer
from .audit_acts import subject_of
from .busy import is_busy

log = structlog.get_logger(__name__)

_SHOWN = "audit_shown"


def only_shown(request: HttpRequest) -> None:
    """The view changed nothing yet: it shows what would be done, for confirmation."""
    setattr(request, _SHOWN, True)


def recorded(request: HttpRequest, by: User, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run a view that may change something in one transaction, with its entry; refusals and faults go on to the caller."""
    now = request.now  # type: ignore[attr-defined]
    act = _act(request, by)
    try:
        with transaction.atomic():
            answer = view()
            if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                return answer  # the address does nothing: there is no act
            outcome, reason = _outcome(request, answer)
            record(act, outcome, now=now, reason=reason)
            return answer
    except Refused as refused:
        _afterwards(act, Outcome.REFUSED, f"{refused.code}: {refused.message}", now)
        raise
    except Http404:
        _afterwards(act, Outcome.REFUSED, "404 Not Found", now)
        raise
    except Exception as fault:
        if not is_busy(fault):  # then nothing was done, and the operator is told to come again
            _afterwards(act, Outcome.FAILED, type(fault).__name__, now)
        raise


def _act(request: HttpRequest, by: User) -> Act:
    match = request.resolver_match
    name = (match.url_name if match else None) or request.path
    kwargs = match.kwargs if match else {}
    files = [(field, one.size or 0) for field, ones in request.FILES.lists() for one in ones]
    return Act(
        name=name, actor=by.pk, actor_text=by.email, about=subject_of(name, kwargs),
        details=kept(((field, map(str, values)) for field, values in request.POST.lists()), files),
        request=str(structlog.contextvars.get_contextvars().get("request", "")),
        network=peer.network_of(peer.peer(request)),
    )  # fmt: skip


def _outcome(request: HttpRequest, answer: HttpResponseBase) -> tuple[Outcome, str]:
    told = list(getattr(get_messages(request), "_queued_messages", ()))
    if told and not any(one.level == SUCCESS for one in told):  # it was decided already, say
        return Outcome.REFUSED, " ".join(str(one.message) for one in told)
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        return Outcome.REFUSED, f"{answer.status_code} {answer.reason_phrase}"
    return (Outcome.SHOWN if getattr(request, _SHOWN, False) else Outcome.DONE), ""


def _afterwards(act: Act, outcome: Outcome, reason: str, now: Any) -> None:
    """What was done was rolled back; that it was asked for is kept. Its own failure must not hide the first one."""
    try:
        with transaction.atomic():
            record(act, outcome, now=now, reason=reason)
    except Exception:
        log.exception("an act was not recorded", act=act.name, outcome=outcome.value)
