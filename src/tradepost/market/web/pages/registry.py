"""Registry of exportable lists by URL name, so that a worker can find them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import get_resolver, resolve
from msgspec import Struct

from tradepost.market.exports.models import Export

from .listing import Listing

type Admit = Callable[[Any, Export], bool]
"""Sets on a worker's request what the site's guard would set, with the person's current rights. Returns False without
access."""


class Entry(Struct, frozen=True):
    listing: Listing[Any, Any]
    admit: Admit


_ENTRIES: dict[str, Entry] = {}


def register(listing: Listing[Any, Any], admit: Admit) -> None:
    _ENTRIES[listing.name] = Entry(listing, admit)


def entries() -> dict[str, Entry]:
    """Return all lists. Loads the sites' URLs first, since a worker has not loaded them."""
    _patterns = get_resolver().url_patterns
    return _ENTRIES


def entry(name: str) -> Entry | None:
    return entries().get(name)


class WorkerRequest(HttpRequest):
    """A request that a worker makes for the person who requested an export."""

    def __init__(self, export: Export, now: Any) -> None:
        super().__init__()
        self.method, self.path, self.path_info = "GET", export.path, export.path
        self.GET = QueryDict(export.query)
        self.user = export.user
        self.now = now
        self.resolver_match = resolve(export.path)
