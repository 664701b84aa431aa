"""Walk of a role over the links of its site, for ``test_walk`` and the browser tests."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from zlib import crc32

import pytest
from django.conf import settings
from django.core.cache import cache as counts
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

from tests.factories.branding import old_names
from tests.factories.people import PASSWORD
from tests.factories.second_step import turn_on
from tests.factories.signing_in import authorise, make_member_with_password
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES, STRANGER
from tests.market.larger_world import LargerWorld
from tests.market.walking import Form, Page, origins_shown
from tests.market.who_may import MEMBER
from tests.market.world import shared_world
from tradepost.market.applications.models import TenantBinding
from tradepost.market.branding import face
from tradepost.market.organisations.models import Member

VALUE_DESCRIPTION = re.compile(r"Text\((?:zh|en)=|&lt;[\w. ]+ object(?: at 0x|&gt;)|&lt;[A-Z]\w+: [A-Z]\w+ object")
"""Python's description of a value, shown if a template does not choose one of its texts."""

ROLES = (*table.ROLES, MEMBER)
LANGUAGES = ("en", "zh-hans")
"""Pages are read in each language in turn."""
BOTH_LANGUAGES_EVERY = 11
"""One page in so many is read in both languages: odd, so that it starts in either language."""
MAX_OBJECTS, MAX_QUERIES = 3, 3
"""Maximum number of pages of one address in addition to those of ``every_address``, and of queries of one page."""

TWO_STEP = "member with two-step sign-in"
OF_VISITS: Mapping[str, frozenset[str]] = {
    "buyer with two-step sign-in": frozenset({"account/security/codes/", "account/security/two-step/off/"}),
    "owner of a company that left": frozenset({"seller/company/statement/"}),
    "stranger at the auth centre": frozenset({"t/<str:code>/sign-in/forgot/"}),
    "stranger at the pages of an enterprise": frozenset({"enterprise/<slug:code>/enter/"}),
    TWO_STEP: frozenset({"t/<str:code>/two-step/codes/", "t/<str:code>/two-step/off/"}),
}
"""Pages that only these people have a link to."""


def csrf_failed(_request: HttpRequest, reason: str = "") -> HttpResponse:
    return HttpResponse(f"CSRF: {reason}", status=403)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[LargerWorld]:
    del django_db_setup
    csrf_view, settings.CSRF_FAILURE_VIEW = settings.CSRF_FAILURE_VIEW, f"{__name__}.csrf_failed"
    with origins_shown(), shared_world(django_db_blocker, LargerWorld) as larger_world:
        assert isinstance(larger_world, LargerWorld)
        yield larger_world
    settings.CSRF_FAILURE_VIEW = csrf_view


class Walk:
    """``reached``: the addresses; ``forms``: each form once for every address that it is sent to, with the page that
    shows it.
    """

    def __init__(self, world: LargerWorld, role: str) -> None:
        self.role = role
        self.home, self.site = _site_of(world, role)
        self.client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"}, raise_request_exception=True)
        self.reached: set[str] = set()
        self.forms: dict[tuple[str, str], tuple[str, Form]] = {}
        self.dead: list[str] = []
        self.named: list[str] = []
        """Pages that name the software although the market has a name."""
        self.pages = 0
        self._turn = crc32(role.encode())
        """Decides the language of the next page, so that roles differ."""
        self._named = {world.path(pattern, row) for pattern, row in ADDRESSES.items()} | world.shown
        self._searches = dict(world.searches)
        self._seen: set[str] = set()
        self._objects: Counter[str] = Counter()
        self._queries: Counter[str] = Counter()
        if role in {MEMBER, TWO_STEP}:
            self._sign_in(world)
        elif role in world.visits:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = world.visits[role].session
        elif role != STRANGER:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]

    def _sign_in(self, world: LargerWorld) -> None:
        admin = Member.objects.select_related("enterprise").get(
            enterprise__code=world.facts["enterprise"], user=world.users[table.BUYER]
        )
        name = "walker02" if self.role == TWO_STEP else "walker01"
        member = make_member_with_password(admin, name)
        Member.objects.filter(pk=member.pk).update(role=Member.Role.ADMIN)  # who has more links than others
        authorise(TenantBinding.objects.get(pk=world.facts["joint_binding"]), member)
        page = self.client.get(f"{self.home}sign-in/")
        [form] = [form for form in Page(page.content.decode()).forms if "password" in page.content.decode()][:1]
        form_data = dict(form.sent()) | {"name": name, "password": PASSWORD}
        assert self.client.post(f"{self.home}sign-in/", form_data).status_code == 302
        if self.role == TWO_STEP:
            turn_on(member.user)

    def go(self) -> None:
        todo = deque([(self.home, "")])
        while todo:
            address, via = todo.popleft()
            if self._is_due(address, via):
                todo.extend((link, address) for link in self._look(address, via))
            if query := self._searches.pop(address, ""):
                todo.extend((link, address) for link in self._look(f"{address}?{query}", address))

    def _is_due(self, address: str, via: str) -> bool:
        path = urlsplit(address).path
        if address in self._seen or not self.site(path):
            return False
        try:
            route = resolve(path).route
        except Resolver404:
            self.dead.append(f"{via} leads to {address}, which is no page")
            return False
        visited = self._queries[path] > 0
        if (visited and self._queries[path] >= MAX_QUERIES) or (
            not visited and path not in self._named and self._objects[route] >= MAX_OBJECTS
        ):
            return False
        self._objects[route] += not visited and path not in self._named
        self._queries[path] += 1
        self._seen.add(address)
        return True

    def _look(self, address: str, via: str) -> Iterator[str]:
        self._turn += 1
        answer = self._get(address, LANGUAGES[self._turn % 2])
        self.pages += 1
        if answer.status_code >= 400:
            self.dead.append(f"{via} leads to {address}: {answer.status_code}")
            return
        self.reached.add(resolve(urlsplit(address).path).route)
        if answer.status_code in {301, 302}:
            yield from _inside(address, answer["Location"])
        elif answer.get("Content-Type", "").startswith("text/html"):
            html = answer.content.decode()
            other_language = (
                self._get(address, LANGUAGES[(self._turn + 1) % 2]) if self._turn % BOTH_LANGUAGES_EVERY == 0 else None
            )
            for text in (html, other_language.content.decode() if other_language is not None else ""):
                if spilled := VALUE_DESCRIPTION.search(text):
                    self.dead.append(f"{address} shows an object instead of words: {spilled[0]}")
                self.named += [f"{address}: {around}" for around in old_names(text)]
            page = Page(html, path=address)
            for link in page.links:
                yield from _inside(address, link)
            for form in page.forms:
                yield from self._form(address, form)

    def _get(self, address: str, language: str) -> Any:
        counts.clear()
        face.forget()
        with transaction.atomic():
            answer = self.client.get(address, headers={"accept-language": language})
            transaction.set_rollback(True)
        return answer

    def _form(self, address: str, form: Form) -> Iterator[str]:
        for action in form.actions:
            for target in _inside(address, action):
                if form.method == "get":
                    yield f"{target.partition('?')[0]}?{urlencode(form.values)}"
                else:
                    self.forms.setdefault((form.source, resolve(urlsplit(target).path).route), (target, form))

    def send(self, target: str, form: Form) -> Any:
        """Send the form as the page filled it in, from a browser with the same cookies."""
        client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"}, raise_request_exception=True)
        client.cookies.load({name: morsel.value for name, morsel in self.client.cookies.items()})
        data: dict[str, list[str]] = {}
        for name, value in form.sent():
            data.setdefault(name, []).append(value)
        headers = {name.lower(): value for name, value in form.headers.items()}
        counts.clear()
        face.forget()
        with transaction.atomic():
            answer = client.post(target, data, headers=headers)
            transaction.set_rollback(True)
        return answer


def _site_of(world: LargerWorld, role: str) -> tuple[str, Any]:
    """Return the home page of the role's site, and a test of which paths belong to the site."""
    if role in world.visits:
        return world.visits[role].home, world.visits[role].site
    if role in {MEMBER, TWO_STEP}:
        home = f"/t/{world.facts['enterprise']}/"
    elif role == table.OPERATOR:
        home = "/console/"
    elif role in table.TRADE:
        home = "/seller/"
    else:
        return "/", lambda path: not path.startswith(("/t/", "/console/", "/seller/"))
    return home, lambda path: path.startswith(home)


def _inside(address: str, link: str) -> Iterator[str]:
    """Yield the address of a link within this market."""
    parts = urlsplit(urljoin(f"http://testserver{address}", link))
    if parts.scheme in {"http", "https"} and parts.netloc == "testserver":
        yield parts.path + (f"?{parts.query}" if parts.query else "")
