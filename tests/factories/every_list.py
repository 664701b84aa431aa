"""Every page with a list in a large market, with every filter, order and page that it offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from django.urls import resolve

from tests.market import every_address as table
from tests.market.every_address import ADDRESSES
from tradepost.market.web.pages import registry

from .answers import SKIPPED
from .everything import path_of
from .list_ways import MORE_QUERIES
from .many import Size
from .offered_ways import fields, is_list, list_queries
from .visitor import Visitor

NOT_PAGES = (".csv", ".json", ".txt", ".svg")
NOT_FILTERS = {
    ("console/ledger/", "check"): "the check of the books reads all of them, whenever an operator asks for it"
}
"""Parameters in the query of a list that do not filter, sort or continue it, by URL pattern, with the reason."""
FORM_KINDS = frozenset({"search", "choice", "time"})
"""Kinds of filters that have a form field. Tabs are links, and other pages link to hidden filters."""


@dataclass(frozen=True, slots=True)
class Way:
    """``plain`` is the name of the same list without a filter. ``name`` is the same in a market of any size."""

    name: str
    plain: str
    address: str
    reader: Visitor

    def read(self) -> str:
        self.reader.restore_session()
        answer = self.reader.get(self.address)
        if answer.status_code not in {
            HTTPStatus.OK,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }:  # the search term may not be a number
            raise LookupError(f"{self.address}: {answer.status_code}")
        return answer.content.decode()


def every_list(size: Size, facts: Mapping[str, str], *, only: tuple[str, ...] = ()) -> Iterator[Way]:
    """Yield every list. ``only``: words of which the URL pattern must contain one."""
    people = {table.BUYER: 1, table.OWNER: size.member(1), table.OPERATOR: size.operator}
    readers = {role: Visitor(pk) for role, pk in people.items()}
    missing = set(registry.entries())
    for pattern, row in ADDRESSES.items():
        allowed = [role for role in readers if role in row.get]
        if row.gateway or not allowed or pattern.endswith(NOT_PAGES) or any(map(pattern.startswith, SKIPPED)):
            continue
        path = path_of(pattern, row, facts)
        name = resolve(path).view_name
        missing.discard(name)
        if only and not any(word in pattern for word in only):
            continue
        reader = readers[allowed[-1] if pattern.startswith("console") else allowed[0]]
        yield from _ways(Way(f"/{pattern}", f"/{pattern}", path, reader), pattern, name, facts)
    if missing:
        raise LookupError(f"lists without a row in every_address: {sorted(missing)}")


def _ways(plain: Way, pattern: str, name: str, facts: Mapping[str, str]) -> Iterator[Way]:
    plain.reader.restore_session()
    answer = plain.reader.get(plain.address)
    html = answer.content.decode() if answer.get("Content-Type", "").startswith("text/html") else ""
    entry, more = registry.entry(name), MORE_QUERIES.get(pattern, ())
    if answer.status_code != HTTPStatus.OK or not (entry or more or is_list(html, plain.address)):
        return
    if entry is not None:
        declared = {
            "from" if one.kind == "time" else one.name for one in entry.listing.filters if one.kind in FORM_KINDS
        }
        if absent := declared - fields(html, plain.address):
            raise LookupError(f"{plain.address} does not offer its filters {sorted(absent)}")
    yield plain
    queries = {query: query.format_map(facts) for query in more} | list_queries(html, plain.address, facts)
    for shown, query in queries.items():
        if (pattern, query.partition("=")[0]) in NOT_FILTERS:
            continue
        address = f"{plain.address}?{quote(query, safe='=&%+')}"
        yield Way(f"{plain.name}?{shown}", plain.name, address, plain.reader)
