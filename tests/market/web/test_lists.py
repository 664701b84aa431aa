"""Every declared list: its times, refusals, both languages, and files with as many rows as its pages (decision 0093)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from html import unescape
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import translation
from python_calamine import CalamineWorkbook

from tests.market import every_address as table
from tests.market.every_address import ADDRESSES, OPERATOR
from tests.market.world import World, shared_world
from tradepost.market.web.pages import listing, registry
from tradepost.market.web.pages.filters import SPANS

pytestmark = pytest.mark.django_db
LANGUAGES = ("en", "zh-hans")
WHO = {"console": OPERATOR, "storefront": table.BUYER, "seller_center": table.OWNER}
LISTS = registry.entries()
WITH_TIME = [name for name, entry in LISTS.items() if any(one.kind == "time" for one in entry.listing.filters)]
ALL_TIME = {"from": "2000-01-01", "to": "2999-12-31"}
NO_TIME = {"from": "2000-01-01", "to": "2000-01-02"}
WRONG = ({"from": "soon"}, {"to": "2026-02-30"}, {"from": "2026-03-02", "to": "2026-03-01"})
EMPTY = {"console:arrears", "console:charges", "console:images", "console:ledger_sellers", "console:orphans"}
"""Lists of which the small market may have no row."""
TABS = {"console:operations": {"show": "open"}}
"""Parts of lists in which the small market has rows."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with shared_world(django_db_blocker) as small_world:
        yield small_world


class Reader:
    """A user who may see a list. Changes by their visit are rolled back."""

    def __init__(self, world: World, name: str) -> None:
        self.listing: Any = LISTS[name].listing
        self.user = world.users[WHO[name.partition(":")[0]]]
        self.path = path_of(world, name)
        # A filter that shows a part by default is set to everything.
        self.all = {
            list_filter.name: ""
            for list_filter in self.listing.filters
            if list_filter.default and list_filter.kind == "choice"
        }
        self.all |= TABS.get(name, {})

    def get(self, query: dict[str, str], language: str = "en") -> HttpResponse:
        client = Client(headers={"accept-language": language})
        client.force_login(self.user)
        answer: Any = client.get(self.path, self.all | query)
        return answer

    def rows(self, query: dict[str, str]) -> int:
        """Return the number of rows on all pages of the list."""
        count, after = 0, ""
        while True:
            answer: Any = self.get({**query, "after": after})
            assert answer.status_code == 200
            count += len(answer.context["rows"])
            after = answer.context["page"].next_key
            if not after:
                return count


@pytest.fixture
def reader(world: World, request: pytest.FixtureRequest) -> Iterator[Reader]:
    with transaction.atomic():
        yield Reader(world, request.param)
        transaction.set_rollback(True)


def path_of(world: World, name: str) -> str:
    for pattern, row in ADDRESSES.items():
        path = world.path(pattern, row)
        try:
            if resolve(path).view_name == name:
                return path
        except Resolver404:
            continue
    raise AssertionError(f"no address shows {name}")


def table_of(answer: HttpResponse, kind: str) -> list[list[Any]]:
    """Return the rows of a file without its heading."""
    if kind == "xlsx":
        return CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()[1:]
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))[1:]


@pytest.mark.slow
@pytest.mark.parametrize("reader", WITH_TIME, indirect=True)
def test_list_is_filtered_by_time_in_both_languages(reader: Reader) -> None:
    all_rows = reader.rows({})
    assert reader.rows(ALL_TIME) == all_rows
    assert reader.rows(NO_TIME) == 0
    for language in LANGUAGES:
        for query in ({}, ALL_TIME, NO_TIME, *({"last": span} for span in SPANS)):
            assert reader.get(query, language).status_code == 200, (query, language)
        for wrong in WRONG:
            answer: Any = reader.get(wrong, language)
            assert (answer.status_code, answer.context["page"].rows) == (422, []), (wrong, language)
            text = answer.content.decode()
            assert 'aria-describedby="f-' in text, "the error stands beside its field"
            assert "tp-empty" not in text.partition("<main")[2], "a list with an error does not say that it is empty"
    assert reader.get({"from": "soon", "format": "csv"}).status_code == 422 or not reader.listing.file


def read_all_pages(reader: Reader, query: dict[str, str]) -> list[Any]:
    """Return all rows, from pages of two."""
    answer: Any = reader.get(query)
    filter_values, rows = answer.context["asked"], []
    after = filter_values.after("")
    while True:
        page = reader.listing.source(answer.wsgi_request, filter_values, after, 2)
        rows += page.rows
        after = page.next_key
        if not after:
            return rows


@pytest.mark.slow
@pytest.mark.parametrize("reader", [name for name, entry in LISTS.items() if entry.listing.sorts], indirect=True)
def test_list_can_begin_with_its_oldest_rows(reader: Reader) -> None:
    """issue 27: sort where an index serves it; the state is in the address."""
    for more in ({}, ALL_TIME if reader.listing.name in WITH_TIME else {}):
        newest, oldest = read_all_pages(reader, more), read_all_pages(reader, {**more, "order": "oldest"})
        assert oldest == newest[::-1]
        shown = reader.get({**more, "order": "oldest"}).content.decode()
        assert not oldest or '<option value="oldest" selected>' in shown


LEAST_SORTED = 55


def test_nearly_every_list_can_be_sorted() -> None:
    assert sum(entry.listing.sorts for entry in LISTS.values()) >= LEAST_SORTED


@pytest.mark.parametrize("reader", [name for name, entry in LISTS.items() if entry.listing.file], indirect=True)
def test_files_have_as_many_rows_as_the_pages(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "BATCH", 2)
    assert reader.rows({}) > 0 or reader.listing.name in EMPTY, "the small market has no row for this list"
    for kind in listing.FORMATS:
        for query in ({}, NO_TIME if reader.listing.name in WITH_TIME else {}):
            expected = reader.rows(query)  # the audit log grows by each file
            answer = reader.get({**query, "format": kind})
            assert answer["Content-Disposition"] == f'attachment; filename="{reader.listing.file}.{kind}"'
            written = table_of(answer, kind)
            assert len(written) == expected, (kind, query)
            assert {len(row) for row in written} <= {len(reader.listing.head())}


@pytest.mark.parametrize("reader", list(LISTS), indirect=True)
def test_empty_list_explains_itself_in_both_languages(reader: Reader) -> None:
    """An empty list names its future content; a filtered list suggests what to try."""
    for language in LANGUAGES:
        answer: Any = reader.get(NO_TIME if reader.listing.name in WITH_TIME else {}, language)
        assert answer.status_code == 200
        with translation.override(language):
            title = str(answer.context["nothing"].title)
        assert bool(answer.context["rows"]) or title in unescape(answer.content.decode())


def test_files_of_a_site_have_unique_names() -> None:
    for site in WHO:
        files = [entry.listing.file for name, entry in LISTS.items() if name.startswith(site) and entry.listing.file]
        assert len(files) == len(set(files))
