"""Process a form: run a verb, then show its success message, or show the page again with the error and the submitted
values.

A page with an invalid or refused form has the status 422, which ``web.refusals`` sets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.web.refusals import add_refusal, status_of

type Done[T] = str | Promise | Callable[[T], str]
type Back[T] = str | tuple[object, ...] | Callable[[T], HttpResponse]


class Problem(Struct, frozen=True, kw_only=True):
    """A refused form for its page. ``form``: its name, if the page has several."""

    refused: Refused
    form: str = ""


def or_404[T](thing: T | None) -> T:
    """Return the object, or raise 404 for None: a missing object, or one that the reader may not see."""
    if thing is None:
        raise Http404
    return thing


def require_choice[T](thing: T | None) -> T:
    """Return the chosen option, or refuse the form for None: nothing was chosen, or it is no longer offered."""
    if thing is None:
        words = _("Choose an entry from the list. The list may have changed since you opened the page.")
        raise Refused("form.choice", words, HTTPStatus.UNPROCESSABLE_ENTITY)
    return thing


def act[T](
    request: HttpRequest,
    verb: Callable[[], T],
    *,
    done: Done[T],
    back: Back[T],
    page: Callable[[Problem], HttpResponse] | None = None,
    form: str = "",
    late: str | Promise = "",
) -> HttpResponse:
    """Run ``verb``, then redirect to ``back``, a URL or a URL name with arguments, with the success message ``done``.

    A refusal is shown by ``page`` with the submitted values, or without ``page`` as a message at ``back``. ``late``:
    message if the lifecycle no longer allows the act, for example because somebody else was faster.
    """
    try:
        result = verb()
    except IllegalTransition:
        messages.error(request, str(late) or _("This has changed in the meantime. The page shows the current state."))
        return _redirect_to(back, None)
    except Refused as refused:
        if page is not None:
            return page(Problem(refused=refused, form=form))
        if callable(back):
            raise
        messages.error(request, refused.message)
        return _redirect_to(back, None)
    return _finish(request, result, done, back)


def submitted_data(request: HttpRequest) -> QueryDict | None:
    """Return the submitted data, possibly empty, or None for a GET request."""
    return request.POST if request.method == "POST" else None


def ask[T](
    request: HttpRequest,
    form: BaseForm,
    verb: Callable[[], T],
    *,
    page: Callable[[], HttpResponse],
    back: Back[T],
    done: Done[T] = "",
    fields: Mapping[str, str] | None = None,
    late: str | Promise = "",
) -> HttpResponse:
    """Show a form, and run ``verb`` when a valid form is submitted (``sent``); then redirect to ``back`` like ``act``.

    ``page`` shows the form, also with errors and status 422. Changes of a verb that refuses are rolled back. ``fields``
    maps field names of the verb to those of the form. ``late``: as for ``act``.
    """
    if request.method != "POST" or not form.is_valid():
        return page()
    try:
        with transaction.atomic():
            result = verb()
    except Refused as refused:
        if late and isinstance(refused, IllegalTransition):
            messages.error(request, str(late))
            return _redirect_to(back, None)
        add_refusal(form, refused, names=fields)
        response = page()
        response.status_code = status_of(refused)
        return response
    return _finish(request, result, done, back)


def _finish(request: HttpRequest, result: Any, message: Any, target: Any) -> HttpResponse:
    if words := str(message(result) if callable(message) else message):
        messages.success(request, words)
    return _redirect_to(target, result)


def _redirect_to(target: Any, result: Any) -> HttpResponse:
    if callable(target):
        response: HttpResponse = target(result)
        return response
    return redirect(*target) if isinstance(target, tuple) else redirect(target)
