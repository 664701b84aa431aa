"""Crawl a site with a browser: from its home page along the links to each page, then submit each form once invalid and
once valid.

The browser submits each form itself, with the scripts and the content security policy of the page.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Error, Response
from playwright.sync_api import TimeoutError as NoAnswer

from tests import waiting
from tests.browser.form_scripts import READ, REFUSALS, SEND
from tests.browser.form_values import file_for, meant, typed
from tests.browser.people import Person
from tests.factories.joint import public_pem
from tests.market.every_address import ADDRESSES

OBJECTS, QUERIES, ROWS = 4, 1, 6
"""Limits: pages of one address that are opened, so that a form used up by one object is found at another; pages of one
address with different queries; rows of a list whose forms are sent until one is accepted.
"""
OF_MANY_STATES = {
    "console/accounts/<int:pk>/": 12, "console/settlements/<int:pk>/": 20, "seller/settlements/<int:pk>/": 20, "checkout/<int:product_id>/": 60,
    "console/invoices/<int:pk>/": 20, "seller/invoices/<int:pk>/": 20, "invoices/<int:pk>/": 20, "supervision/<int:pk>/": 30,
    "seller/supervision/<int:pk>/": 30, "console/approvals/<int:pk>/": 12, "console/services/<int:pk>/": 12, "console/transfers/<int:pk>/": 12, "console/reviews/<int:pk>/": 20, "servers/<int:pk>/": 12, "refunds/<int:pk>/": 12,
    "complaints/<int:pk>/": 8, "enterprise/<slug:code>/applications/<int:pk>/": 12, "seller/products/<int:pk>/": 40,
    "console/accounts/<int:pk>/access/": 12, "console/products/<int:pk>/": 12, "console/sellers/<int:pk>/": 12,
    "services/<int:pk>/usage/": 12, "seller/assets/versions/<int:pk>/": 12, "services/<int:pk>/": 60, "products/<slug:slug>/": 40,
}  # fmt: skip
"""Addresses of which more pages are opened, because what they offer depends on their object."""
SENT_WITHIN = 1000 * waiting.TIMEOUT
RELOADS = 3
FILE = re.compile(r"[?&]format=(csv|xlsx)")
"""A list as a file, which a browser saves."""
ALL_STATES = "status="
PART = re.compile(rf"{ALL_STATES}|show=[a-z_]+")
"""Another part of a list, opened in addition to ``QUERIES``: a list may start with the objects of one state."""
KEY = re.compile(r"[0-9a-f]{8,}|\d+")


WENT_AWAY = "the form went away"


@dataclass(frozen=True, slots=True)
class Form:
    """``kind``: identifies the same form on other pages. ``row``: its index among the forms of its kind on the page."""

    kind: str
    route: str
    page: str
    row: int
    place: int
    button: int
    fields: tuple[Mapping[str, Any], ...]


@dataclass
class Crawl:
    """``reached``: the routes of the opened pages. ``forms``: pages with each kind of form. ``wrong``: errors.

    ``accepted``: the kinds of forms that succeeded. ``refused``: why the others did not, as their last page says.
    """

    reader: Person
    role: str
    home: str
    beyond: tuple[str, ...] = ()
    """Prefixes of addresses of other sites, which are not followed."""
    searches: tuple[str, ...] = ()
    """Lists that are empty until a search."""
    objects: int = OBJECTS
    reached: set[str] = field(default_factory=set)
    pages: int = 0
    forms: dict[str, list[Form]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    used_empty: set[str] = field(default_factory=set)
    """Forms that succeeded with empty fields, which may have used up the object."""
    refused: dict[str, str] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    """Forms that led to the unchanged page without a message: nothing shows that they succeeded."""
    redirected: dict[str, str] = field(default_factory=dict)
    """Forms without a required value that were refused by a redirect instead of a status."""
    sent: Counter[str] = field(default_factory=Counter)
    """How often a form was sent ``valid`` and ``invalid``, and how often it was refused."""
    _seen: set[str] = field(default_factory=set)
    _objects: Counter[str] = field(default_factory=Counter)
    _queries: Counter[str] = field(default_factory=Counter)

    def counts(self) -> str:
        kinds, sent = len(self.forms), self.sent
        return (
            f"{self.pages} pages of {len(self.reached)} addresses, {kinds} forms, of which {len(self.accepted)} were accepted; "
            f"{sent['invalid']} sent invalid, {sent['valid']} sent valid, {sent['refusals']} refusals"
        )

    def go(self) -> None:
        todo = deque((start, "the beginning") for start in (self.home, *self.searches))
        while todo:
            address, via = todo.popleft()
            if self._is_due(address, via):
                todo.extend((link, address) for link in self._open(address, via))

    def _is_due(self, address: str, via: str) -> bool:
        path = urlsplit(address).path
        if address in self._seen or FILE.search(address) or not self._inside(path):
            return False
        try:
            route = resolve(path).route
        except Resolver404:
            self.wrong.append(f"{via} leads to {address}, which is no page")
            return False
        if (self._queries[path] >= QUERIES and not PART.fullmatch(urlsplit(address).query)) or (
            not self._queries[path] and self._objects[route] >= OF_MANY_STATES.get(route, self.objects)
        ):
            return False
        self._objects[route] += not self._queries[path]
        self._queries[path] += 1
        self._seen.add(address)
        return True

    def _inside(self, path: str) -> bool:
        return path.startswith(self.home) and not path.startswith(self.beyond)

    def _open(self, address: str, via: str) -> Iterator[str]:
        self.pages += 1
        answer = self._answer(address)
        if answer is None:  # the browser saves a file
            self.reached.add(resolve(urlsplit(address).path).route)
            return
        if answer.status >= HTTPStatus.BAD_REQUEST:
            self.wrong.append(f"{via} leads to {address}: {answer.status}")
            return
        self.reached |= {resolve(urlsplit(one).path).route for one in (address, answer.url)}
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return
        read = self.reader.page.evaluate(READ)
        for link in read["links"]:
            yield _path(link)
        for part in map(_path, read["parts"]):
            self._load(part, address, {"HX-Request": "true"})
        for file in map(_path, read["files"]):
            self._load(file, address, {})
        for form in read["forms"]:
            yield from self._take(address, form)

    def _load(self, part: str, via: str, headers: dict[str, str]) -> None:
        """Load a part of a page as htmx does, or a file that the browser saves. Neither is a page."""
        if self._is_due(part, via):
            answer = self.reader.page.request.get(f"{self.reader.market.url}{part}", headers=headers)
            self.reached.add(resolve(urlsplit(part).path).route)
            if answer.status >= HTTPStatus.BAD_REQUEST:
                self.wrong.append(f"{via} loads {part}: {answer.status}")

    def _answer(self, address: str) -> Response | None:
        page = self.reader.page
        try:
            return page.goto(f"{self.reader.market.url}{address}", wait_until="domcontentloaded")
        except Error as error:
            if "ERR_ABORTED" in str(error) or "Download" in str(error):
                return None
            raise

    def _take(self, address: str, form: Mapping[str, Any]) -> Iterator[str]:
        target = _path(form["action"])
        if form["method"] == "get":
            path = target.partition("?")[0]
            yield f"{path}?{urlencode([tuple(pair) for pair in form['given']])}"
            if any(one["name"] == "status" and one["value"] and "" in one["options"] for one in form["fields"]):
                yield f"{path}?{ALL_STATES}"
            return
        route = resolve(urlsplit(target).path).route
        names = ",".join(sorted({KEY.sub("*", one["name"]) for one in form["fields"]}))
        kind = f"{route} [{KEY.sub('*', form['value'])}] {names}"
        pages = self.forms.setdefault(kind, [])
        row = sum(one.page == address for one in pages)
        if row < ROWS:
            pages.append(Form(kind, route, address, row, form["place"], form["button"], tuple(form["fields"])))

    # --- forms ------------------------------------------------------------------------------------------------------------

    def send(self, kind: str, *, valid: bool) -> None:
        """Send the form from the first page that still shows it. A valid form is sent from each page until one is
        accepted."""
        self.refused.pop(kind, None)
        for attempt, known in enumerate([*self.forms[kind], *self.forms[kind][-1:]]):  # the last page again
            form = self._found_again(known)
            if form is None:
                continue
            before = self._state()
            try:
                status = self._sent(form, valid=valid, attempt=attempt)
            except Error as error:
                if WENT_AWAY not in str(error):
                    raise
                self.refused[kind] = f"{form.page}: {WENT_AWAY}"  # the page reloaded a part of itself
                continue
            refused = status >= HTTPStatus.BAD_REQUEST
            self.sent["valid" if valid else "invalid"] += 1
            self.sent["refusals"] += refused
            why = f"{status}: {self._refusal(refused=True)}" if refused else self._refusal(refused=False)
            if not valid:
                self._judge_invalid(form, status, why)
                return
            if not why:
                if status >= HTTPStatus.MULTIPLE_CHOICES and self._state() == before:
                    self.silent[kind] = f"{form.page}: {status}"
                self.accepted.add(kind)
                if status == HTTPStatus.OK:
                    self._confirm(kind, form.page)
                return
            self.refused[kind] = f"{form.page}: {why}"

    def _judge_invalid(self, form: Form, status: int, why: str) -> None:
        """A form without a required value must be refused with a message, and never with 200. Other forms may succeed
        without a value."""
        values = _emptied(form.fields)
        lacks = [one["name"] for one in form.fields if one["required"] and not values.get(one["name"], True)]
        if lacks and HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            self.redirected[form.kind] = f"{form.page}: {status} {why}"
        if lacks and (status == HTTPStatus.OK or not why):
            self.wrong.append(f"{form.kind} (invalid) on {form.page}: {status} without {', '.join(lacks)}")
        if not why:
            self.used_empty.add(form.kind)

    def _values(self) -> dict[str, str]:
        """Return names that history.py created, and those of the signed-in person: the login, and a unique word, since
        all roles share a market."""
        made = self.reader.market.made
        who = {
            "me": made.get(self.role, ""),
            "my password": made.get(f"{self.role} password", ""),
            "public key": public_pem(),
            "in a month": f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%d}",
        }
        return made | who | {"mine": re.sub(r"\W", "-", f"{self.role or 'stranger'}{self.home}").strip("-").lower()}

    def _refusal(self, *, refused: bool) -> str:
        """Return the error that the page shows. A waiting page reloads itself when its data arrive."""
        for left in range(RELOADS, -1, -1):
            self.reader.page.wait_for_load_state("domcontentloaded")
            try:
                return " · ".join(self.reader.page.evaluate(REFUSALS, refused))
            except Error as error:
                if not left or "context was destroyed" not in str(error):
                    raise
        raise AssertionError

    def _state(self) -> tuple[str, str]:
        """Return the address and the text of the page."""
        for left in range(RELOADS, -1, -1):
            self.reader.page.wait_for_load_state("domcontentloaded")
            try:
                return _path(self.reader.page.url), self.reader.page.locator("main").first.inner_text()
            except Error as error:
                if not left or "context was destroyed" not in str(error):
                    raise
        raise AssertionError

    def _confirm(self, kind: str, page: str) -> None:
        """Send the forms of a confirmation page, which no link leads to."""
        route, button = kind.split(" ")[:2]
        shown = [
            rows[0]
            for rows in self._current_forms(page).values()
            if rows[0].route == route and rows[0].kind not in self.forms
        ]
        for form in sorted(
            shown, key=lambda one: one.kind.split(" ")[1] == button
        ):  # a second search is not the answer
            if form.kind not in self.accepted and self._sent(form, valid=True) < HTTPStatus.BAD_REQUEST:
                self.accepted.add(form.kind)
                return

    def _found_again(self, known: Form) -> Form | None:
        answer = self._answer(known.page)
        if answer is not None and "/account/login/" in self.reader.page.url and self.role:
            self.reader.page.context.clear_cookies()
            self.reader.log_in(self.role)
            answer = self._answer(known.page)
        if answer is None or not answer.ok:
            return None
        rows = self._current_forms(known.page).get(known.kind, [])
        return rows[known.row] if known.row < len(rows) else None

    def _current_forms(self, page: str) -> dict[str, list[Form]]:
        """Return the forms of the page as it is now, without adding them to the crawl."""
        before, self.forms = self.forms, {}
        try:
            for form in self.reader.page.evaluate(READ)["forms"]:
                list(self._take(page, form))
            return self.forms
        finally:
            self.forms = before

    def _sent(self, form: Form, *, valid: bool, attempt: int = 0) -> int:
        page = self.reader.page
        data = ADDRESSES[form.route].data if form.route in ADDRESSES else {}
        values = (
            typed(form.fields, data, meant(form.kind, self._values() | {"end": _end_of(form.page)}), attempt)
            if valid
            else _emptied(form.fields)
        )
        if valid:
            for one in form.fields:
                if one["type"] == "file":
                    field = page.locator(f'form >> nth={form.place} >> [name="{one["name"]}"]')
                    field.set_input_files(file_for(one["accept"]))
        statuses: list[tuple[int, str]] = []

        def heard(answer: Response) -> None:
            if answer.request.resource_type in {"document", "xhr", "fetch"}:
                statuses.append((answer.status, f"{answer.request.method} {_path(answer.url)}"))

        loaded: list[object] = []

        def note(shown: object) -> None:
            loaded.append(shown)

        page.on("response", heard)
        page.on("domcontentloaded", note)
        try:
            with page.expect_response(lambda answer: answer.request.method == "POST", timeout=SENT_WITHIN) as posted:
                page.evaluate(SEND, [form.place, form.button, values, [one["name"] for one in form.fields]])
            answer = posted.value
            if "attachment" not in answer.headers.get(
                "content-disposition", ""
            ):  # a file download does not finish loading here
                answer.finished()
                if answer.request.is_navigation_request() and not loaded:
                    page.wait_for_event("domcontentloaded", timeout=SENT_WITHIN)
        except NoAnswer:
            self.wrong.append(f"{form.kind} ({'valid' if valid else 'invalid'}) on {form.page}: no answer")
            return HTTPStatus.REQUEST_TIMEOUT
        finally:
            page.remove_listener("response", heard)
            page.remove_listener("domcontentloaded", note)
        how = "valid" if valid else "invalid"
        self.wrong += [
            f"{form.kind} ({how}) on {form.page}: {asked}: {status}"
            for status, asked in statuses
            if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED} or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        ]  # fmt: skip
        return answer.status


def _emptied(fields: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    """Return the fields emptied as far as a person can: a select without an empty option keeps its value."""
    chosen = {one["name"] for one in fields if one["type"] == "radio" and one["checked"]}
    values: dict[str, Any] = {}
    for one in fields:
        kept = one["name"] in chosen or (one["type"].startswith("select") and "" not in one["options"])
        if not kept:
            values[one["name"]] = [] if one["type"] in {"radio", "checkbox"} else ""
    return values


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _end_of(page: str) -> str:
    """Return the last part of an address, for forms of several kinds whose values must differ."""
    return page.partition("?")[0].rstrip("/").rpartition("/")[2]
