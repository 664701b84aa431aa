"""Show each refusal where its reader sees it: beside its field, or at the top of the form when the page lacks that field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.forms import BaseForm
from django.utils.functional import Promise
from django.utils.html import conditional_escape

from tradepost.market.base.errors import Refused

CLOSED_DETAILS = re.compile(r"<details(?![^>]*\sopen\b)[^>]*>.*?</details>", re.DOTALL)
"""A page hides what these contain until its reader opens them."""


def say_why(form: BaseForm, refused: Refused, *, names: Mapping[str, str] | None = None) -> None:
    """Add the refusal to the form, beside its field where the form has it. ``names``: fields that the form calls differently."""
    field = (names or {}).get(refused.field, refused.field)
    form.add_error(field if field in form.fields else None, str(refused.message))


def unseen(context: Mapping[str, Any], html: str) -> list[str]:
    """Return the refusals and errors of the context that the page does not show, each once."""
    wanted = list(dict.fromkeys(_refusals(context)))
    visible = CLOSED_DETAILS.sub("", html) if wanted else ""
    return [words for words in wanted if conditional_escape(words) not in visible]


def _refusals(context: Mapping[str, Any]) -> Iterator[str]:
    """A page gets them as ``refused``, as ``errors`` by field, as ``wrong`` in one or several texts, or in its forms."""
    for name in ("refused", "errors", "wrong"):
        yield from _words(context.get(name))
    for form in context.values():
        # By its type: ``isinstance`` would evaluate what the context holds lazily, and ask the database for it.
        if issubclass(type(form), BaseForm) and form.is_bound:
            yield from (str(words) for found in form.errors.values() for words in found)


def _words(given: object) -> Iterator[str]:
    if isinstance(given, Refused):
        yield str(given.message)
    elif isinstance(given, str | Promise):
        yield from [str(given)] if given else []
    elif isinstance(given, Mapping):
        yield from (str(words) for words in given.values() if words and isinstance(words, str | Promise))
    elif isinstance(given, Iterable):
        yield from (str(words) for words in given if isinstance(words, str | Promise))
