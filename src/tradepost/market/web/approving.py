"""Helpers for console views whose act may need a second operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from tradepost.market.approvals.contract import Act
from tradepost.market.approvals.models import Request
from tradepost.market.approvals.requests import run_or_request
from tradepost.market.base.errors import Refused

from .access import now_of, person
from .auditing import mark_approval_requested


def run(request: HttpRequest, act: Act, command: Any) -> Request | None:
    """Run an act, or request its approval. Return the request for approval, or None if the act was run. Raises
    ``Refused``."""
    approval = run_or_request(act, command, by=person(request), now=now_of(request))
    if approval is not None:
        mark_approval_requested(request)
    return approval


def redirect_to_approval(request: HttpRequest, approval: Request) -> HttpResponse:
    """Report that nothing has changed yet, and redirect to the request for approval."""
    messages.success(request, approval_needed_message())
    return redirect("console:approval", approval.pk)


def approval_needed_message() -> str:
    return _("A second operator must approve this. No changes have been made yet.")


def message_after(words: str) -> Callable[[Request | None], str]:
    """Return the ``done`` callback for ``pages.act`` and ``pages.ask``: the message after the act or after a request
    for approval."""
    return lambda approval: approval_needed_message() if approval is not None else words


def redirect_after(*page: Any) -> Callable[[Request | None], HttpResponse]:
    """Return the ``back`` callback for ``pages.act`` and ``pages.ask``: the redirect after the act or to the request
    for approval."""
    return lambda approval: redirect("console:approval", approval.pk) if approval is not None else redirect(*page)


def show_problem(request: HttpRequest, refused: Refused) -> None:
    """Explain why an approved act is not possible now."""
    words = _("This is not possible now: %(reason)s The request still waits.")
    messages.error(request, words % {"reason": refused.message})
