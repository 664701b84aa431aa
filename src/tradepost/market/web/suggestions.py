"""Suggestions of a search field, and results of a search over several kinds of objects: groups of links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import override
from msgspec import Struct

from tradepost.market.catalog.search_terms import runs

LANGUAGES = ("zh-hans", "en")
MAX_TEXT = 100
MAX_PAGES = 6


class Suggestion(Struct, frozen=True):
    """A link. ``detail`` distinguishes links with the same text."""

    words: str
    address: str
    icon: str
    detail: str = ""


class Group(Struct, frozen=True):
    title: str | Promise
    suggestions: Sequence[Suggestion]


class SitePage(Struct, frozen=True):
    """A page with an entry in the navigation. ``name``: URL name with namespace."""

    name: str
    words: str | Promise
    icon: str


def search_text(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:MAX_TEXT]


def find_pages(text: str, pages: Iterable[SitePage]) -> list[SitePage]:
    """Return the pages whose name contains the text in either language; names that begin with it come first."""
    needle = _fold(text)
    if not needle:
        return []
    names = {page.name: [_name_in(language, page.words) for language in LANGUAGES] for page in pages}
    matches = [page for page in pages if any(needle in name for name in names[page.name])]
    return sorted(matches, key=lambda page: not any(name.startswith(needle) for name in names[page.name]))[:MAX_PAGES]


def _name_in(language: str, words: str | Promise) -> str:
    with override(language):
        return _fold(str(words))


def _fold(text: str) -> str:
    return "".join(runs(text))


def suggestions_response(request: HttpRequest, groups: Iterable[Group], *, text: str) -> HttpResponse:
    """Return the options of a search field, which htmx places below it."""
    visible_groups = [group for group in groups if group.suggestions]
    context = {"groups": visible_groups, "count": sum(len(group.suggestions) for group in visible_groups), "q": text}
    return render(request, "web/parts/suggestions.html", context)
