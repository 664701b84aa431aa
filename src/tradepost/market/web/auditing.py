"""Write one entry in the audit log for each request of an operator that may change something. The entry belongs to the
transaction of the act or, if that is rolled back, to a transaction of its own.

The response decides the outcome: an error status, or messages without a success, count as refused.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.contrib.messages import SUCCESS, get_messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase

from tradepost.market.audit.details import details_of
from tradepost.market.audit.models import Outcome
from tradepost.market.audit.record import Act, record
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from . import peer, refusals
from .audit_acts import subject_of
from .busy import is_busy

log = structlog.get_logger(__name__)

_PREVIEW, _APPROVAL_REQUESTED = "audit_shown", "audit_asked"


def mark_preview(request: HttpRequest) -> None:
    """Mark the request as a confirmation page that changes nothing yet."""
    setattr(request, _PREVIEW, True)


def mark_approval_requested(request: HttpRequest) -> None:
    """Mark the request as one that only asks a second operator for approval."""
    setattr(request, _APPROVAL_REQUESTED, True)


def run_recorded(request: HttpRequest, by: User, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run a view in one transaction together with its audit entry. Exceptions are recorded and raised again."""
    now = request.now  # type: ignore[attr-defined]
    act = _act(request, by)
    try:
        with transaction.atomic():
            response = view()
            if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                return response  # the address does not accept POST, so there is no act
            refusals.set_status(request, response)
            outcome, reason = _outcome(request, response)
            record(act, outcome, now=now, reason=reason)
            return response
    except Refused as refused:
        _record_rolled_back(act, Outcome.REFUSED, f"{refused.code}: {refused.message}", now)
        raise
    except Http404:
        _record_rolled_back(act, Outcome.REFUSED, "404 Not Found", now)
        raise
    except Exception as fault:
        if not is_busy(fault):  # nothing was done, and the operator is asked to retry
            _record_rolled_back(act, Outcome.FAILED, type(fault).__name__, now)
        raise


def _act(request: HttpRequest, by: User) -> Act:
    match = request.resolver_match
    name = (match.url_name if match else None) or request.path
    kwargs = match.kwargs if match else {}
    files = [(field, upload.size or 0) for field, uploads in request.FILES.lists() for upload in uploads]
    return Act(
        name=name, actor=by.pk, actor_text=by.email, about=subject_of(name, kwargs),
        details=details_of(((field, map(str, values)) for field, values in request.POST.lists()), files),
        request=str(structlog.contextvars.get_contextvars().get("request", "")),
        network=peer.network_of(peer.peer(request)),
    )  # fmt: skip


def _outcome(request: HttpRequest, response: HttpResponseBase) -> tuple[Outcome, str]:
    queue = list(getattr(get_messages(request), "_queued_messages", ()))
    if queue and not any(message.level == SUCCESS for message in queue):  # for example, because it was already decided
        return Outcome.REFUSED, " ".join(str(message.message) for message in queue)
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        return Outcome.REFUSED, refusals.recorded_refusals(
            request
        ) or f"{response.status_code} {response.reason_phrase}"
    if getattr(request, _APPROVAL_REQUESTED, False):
        return Outcome.ASKED, ""
    return (Outcome.SHOWN if getattr(request, _PREVIEW, False) else Outcome.DONE), ""


def _record_rolled_back(act: Act, outcome: Outcome, reason: str, now: Any) -> None:
    """Record an act whose transaction was rolled back. An error here is logged only, so that it does not hide the first
    one."""
    try:
        with transaction.atomic():
            record(act, outcome, now=now, reason=reason)
    except Exception:
        log.exception("an act was not recorded", act=act.name, outcome=outcome.value)
