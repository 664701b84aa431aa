"""Show each refusal to its reader: beside its field, or at the top of the form if the page lacks the field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import Promise
from django.utils.html import conditional_escape

from tradepost.market.base.errors import Refused

CLOSED_DETAILS = re.compile(r"<details(?![^>]*\sopen\b)[^>]*>.*?</details>", re.DOTALL)
"""Closed ``<details>``, whose content the page hides."""
CORRECTABLE = frozenset({HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT})
"""Statuses that become 422. Other statuses are more specific: 403, 404, 413, 429."""
CONTEXT_NAMES = ("refused", "errors", "wrong")
"""Context names under which views pass refusals: one, several by field, or as texts."""
_RECORDED = "refusal_noted"


def add_refusal(form: BaseForm, refused: Refused, *, names: Mapping[str, str] | None = None) -> None:
    """Add the refusal to the form, beside its field if the form has it. ``names`` maps field names of the verb to those
    of the form."""
    field = (names or {}).get(refused.field, refused.field)
    form.add_error(field if field in form.fields else None, str(refused.message))


def status_of(refused: Refused) -> int:
    """Return the status of a page with a refused form: 422, or the more specific status of the refusal."""
    return HTTPStatus.UNPROCESSABLE_ENTITY if refused.status in CORRECTABLE else refused.status


def record_refusals(request: HttpRequest, context: Mapping[str, Any]) -> None:
    """Record the refusals of a page: the status for ``set_status``, and the messages for the audit log."""
    words = list(dict.fromkeys(_refusals(context)))
    refused = next((value for name in CONTEXT_NAMES if isinstance(value := context.get(name), Refused)), None)
    if request.method in {"GET", "HEAD"}:  # an invalid choice in a link or filter is corrected on the page itself
        act = context.get("refused")
        status = act.status if isinstance(act, Refused) else None
    else:
        status = status_of(refused) if refused else HTTPStatus.UNPROCESSABLE_ENTITY if any(words) else None
    setattr(request, _RECORDED, (status, words))


def recorded_refusals(request: HttpRequest) -> str:
    """Return the refusals and errors that the page of this request shows."""
    return " ".join(getattr(request, _RECORDED, (None, []))[1])


def keep_status(request: HttpRequest) -> None:
    """Keep the status of a page that shows only the refusal and no form."""
    setattr(request, _RECORDED, (None, []))


def set_status(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the status 422 for a posted form that is shown again with errors.

    A page that was only read and explains why its act is not possible gets the status of that refusal.
    """
    status = getattr(request, _RECORDED, (None, []))[0]
    if status and response.status_code in CORRECTABLE:
        response.status_code = status


def undisplayed_refusals(context: Mapping[str, Any], html: str) -> list[str]:
    """Return the refusals and errors of the context that the page does not show, without duplicates."""
    expected = list(dict.fromkeys(_refusals(context)))
    visible = CLOSED_DETAILS.sub("", html) if expected else ""
    return [words for words in expected if conditional_escape(words) not in visible]


def _refusals(context: Mapping[str, Any]) -> Iterator[str]:
    """Yield the refusals in the context, then the errors of its forms."""
    for name in CONTEXT_NAMES:
        yield from _messages_in(context.get(name))
    for form in context.values():
        # ``isinstance`` would evaluate lazy objects in the context and query the database.
        if issubclass(type(form), BaseForm) and form.is_bound:
            yield from (str(words) for errors in form.errors.values() for words in errors)


def _messages_in(value: object) -> Iterator[str]:
    if isinstance(value, Refused):
        yield str(value.message)
    elif isinstance(value, str | Promise):
        yield from [str(value)] if value else []
    elif isinstance(value, Mapping):
        yield from (str(words) for words in value.values() if words and isinstance(words, str | Promise))
    elif isinstance(value, Iterable):
        yield from (str(words) for words in value if isinstance(words, str | Promise))
