"""A walk from the home page of each site, as each role: no page without a link, no form without a usable CSRF token.

Only links, GET forms and parts that htmx loads are followed. Then each form is sent as its page filled it in, with CSRF checked.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache as counts
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

from tests.factories.people import PASSWORD
from tests.factories.second_step import turn_on
from tests.factories.signing_in import authorise, make_member_with_password
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES, STRANGER
from tests.market.larger_world import LargerWorld
from tests.market.walking import Form, Page, origins_shown, template_files
from tests.market.who_may import MEMBER
from tests.market.world import standing
from tradepost.market.applications.models import TenantBinding
from tradepost.market.organisations.models import Member

pytestmark = [pytest.mark.django_db]
NO_WORDS = re.compile(r"Text\((?:zh|en)=|&lt;[\w. ]+ object(?: at 0x|&gt;)|&lt;[A-Z]\w+: [A-Z]\w+ object")
"""How Python describes a value; a page shows it where a template does not say which of its texts it means."""

ROLES = (*table.ROLES, MEMBER)
OBJECTS, QUERIES = 3, 3
"""How many pages of one address are looked at beside those of ``every_address``, and of one page with different queries."""

MAIL = "linked in a mail"
PROGRAM = "asked by programs, not read by people"
AFTER = "the answer to a form"
WITHOUT_LINK: Mapping[str, str] = {
    "account/^confirm-email/(?P<key>[-:\\w]+)/$": MAIL,
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": MAIL,
    "account/login/code/confirm/": MAIL,
    "demands/follow/<str:token>/": MAIL,
    "enterprise/join/<str:token>/": MAIL,
    "receivers/confirm/<str:token>/": MAIL,
    "t/<str:code>/password/address/<str:token>/": MAIL,
    "seller/join/<str:token>/": MAIL,
    "letters/<str:code>/": "printed on a letter, for whom the buyer shows it to",
    "account/confirm-email/": AFTER,
    "account/inactive/": AFTER,
    "account/login/code/": AFTER,
    "account/password/reset/done/": AFTER,
    "account/password/reset/key/done/": AFTER,
    "account/reauthenticate/": AFTER,
    "account/logout/": "signing out is a button in the top bar",
    "account/password/set/": "for accounts without a password, which this market does not have",
    "i18n/setlang/": "the language is chosen by a form",
    "unified-login/": "applications send people there",
    "products/<slug:slug>/picture.svg": "a picture",
    "api/openapi.json": PROGRAM,
    "orgid/openapi/v1/cas/p3/serviceValidate": PROGRAM,
    **{f"t/<str:code>/{path}": PROGRAM for path in (
        ".well-known/jwks.json", ".well-known/openid-configuration", "api/v1/cas/p3/serviceValidate", "api/v1/logout",
        "cas/login", "cas/logout", "cas/serviceValidate", "cas/p3/serviceValidate",
    )},
    **{f"t/<str:code>/sign-in/{path}": AFTER for path in ("", "password/", "second-step/", "set-up/")},
}  # fmt: skip
"""Pages that nobody comes to by a link of a page, and how they are come to."""

POLLED = "loaded by its page while something runs"
IN_OTHER_STATES: Mapping[str, tuple[str, str]] = {
    "services/<int:pk>/access/": ("storefront:access_live", POLLED),
    "orders/<str:number>/progress/": ("storefront:progress", POLLED),
    "seller/addresses/<int:pk>/live/": ("seller_center:address_live", POLLED),
    "seller/assets/<int:pk>/live/": ("seller_center:asset_live", POLLED),
    "seller/assets/versions/<int:pk>/live/": ("seller_center:asset_version_live", POLLED),
    "seller/cases/live/": ("seller_center:cases_live", POLLED),
    "seller/debug/<int:pk>/why/live/": ("seller_center:find_out_live", POLLED),
    "seller/debug/runs/<int:pk>/": ("seller_center:debug_run", POLLED),
    "seller/keys/signing/<str:interface_class>/live/": ("seller_center:key_live", POLLED),
    "seller/probes/<int:pk>/live/": ("seller_center:probes_live", POLLED),
    "seller/products/<int:pk>/submit/progress/": ("seller_center:product_submit_progress", POLLED),
    "seller/submissions/<int:pk>/progress/": ("seller_center:submission_progress", POLLED),
    "seller/web-checks/<int:pk>/live/": ("seller_center:web_check_live", POLLED),
    "console/clock/hands/": ("console:clock_hands", POLLED),
    "console/reconcile/live/": ("console:reconcile_live", POLLED),
}
"""Pages whose link shows in a state that the market of the walk does not have: the name that a template links them by, and the state."""

TWO_STEP = "member with two-step sign-in"
OF_VISITS: Mapping[str, frozenset[str]] = {
    "buyer with two-step sign-in": frozenset({"account/security/codes/", "account/security/two-step/off/"}),
    "owner of a company that left": frozenset({"seller/company/statement/"}),
    "stranger at the auth centre": frozenset({"t/<str:code>/sign-in/forgot/"}),
    "stranger at the pages of an enterprise": frozenset({"enterprise/<slug:code>/enter/"}),
    TWO_STEP: frozenset({"t/<str:code>/two-step/codes/", "t/<str:code>/two-step/off/"}),
}
"""Pages that only these people have a link to."""

FOR_OTHERS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("account/login/", "account/signup/"), frozenset({table.BUYER, table.OTHER_BUYER})),
    "seller/enter/": table.TRADE,
    "packages/alert/": frozenset({table.OTHER_BUYER}),
    "servers/images/new/<str:product_id>/": frozenset({table.OTHER_BUYER}),
    "seller/applications/new/": frozenset({table.VIEWER, table.OTHER_OWNER}),
    "seller/applications/<int:pk>/change/": frozenset({table.VIEWER}),
    "seller/applications/<int:pk>/move/": frozenset({table.VIEWER}),
    "seller/applications/<int:pk>/send-again/": frozenset({table.VIEWER}),
    "seller/company/draft/<slug:kind>/": frozenset({table.OTHER_OWNER}),
    **dict.fromkeys(("seller/products/new/", "seller/addresses/new/"), frozenset({table.VIEWER})),
    **dict.fromkeys(
        ("seller/settlements/invoices/apply/", "seller/settlements/open/", "seller/usage/chart/usage.csv"),
        frozenset({table.OTHER_OWNER}),
    ),
    "seller/usage/export/<str:what>.csv": frozenset({table.OTHER_OWNER}),
}
"""Pages that these may open, but that others have links to: they have nothing there to see or to change."""


def csrf_failed(_request: HttpRequest, reason: str = "") -> HttpResponse:
    return HttpResponse(f"CSRF: {reason}", status=403)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[LargerWorld]:
    del django_db_setup
    before, settings.CSRF_FAILURE_VIEW = settings.CSRF_FAILURE_VIEW, f"{__name__}.csrf_failed"
    with origins_shown(), standing(django_db_blocker, LargerWorld) as made:
        assert isinstance(made, LargerWorld)
        yield made
    settings.CSRF_FAILURE_VIEW = before


@pytest.fixture(scope="module")
def walks() -> dict[str, Walk]:
    return {}


class Walk:
    """``reached``: the addresses; ``forms``: each form once for every address that it is sent to, with the page it stands on."""

    def __init__(self, world: LargerWorld, role: str) -> None:
        self.role = role
        self.home, self.site = _site_of(world, role)
        self.client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"}, raise_request_exception=True)
        self.reached: set[str] = set()
        self.forms: dict[tuple[str, str], tuple[str, Form]] = {}
        self.dead: list[str] = []
        self.pages = 0
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
        given = dict(form.sent()) | {"name": name, "password": PASSWORD}
        assert self.client.post(f"{self.home}sign-in/", given).status_code == 302
        if self.role == TWO_STEP:
            turn_on(member.user)

    def go(self) -> None:
        todo = deque([(self.home, "")])
        while todo:
            address, via = todo.popleft()
            if self._is_due(address, via):
                todo.extend((each, address) for each in self._look(address, via))
            if query := self._searches.pop(address, ""):
                todo.extend((each, address) for each in self._look(f"{address}?{query}", address))

    def _is_due(self, address: str, via: str) -> bool:
        path = urlsplit(address).path
        if address in self._seen or not self.site(path):
            return False
        try:
            route = resolve(path).route
        except Resolver404:
            self.dead.append(f"{via} leads to {address}, which is no page")
            return False
        known = self._queries[path] > 0
        if (known and self._queries[path] >= QUERIES) or (
            not known and path not in self._named and self._objects[route] >= OBJECTS
        ):
            return False
        self._objects[route] += not known and path not in self._named
        self._queries[path] += 1
        self._seen.add(address)
        return True

    def _look(self, address: str, via: str) -> Iterator[str]:
        counts.clear()
        with transaction.atomic():
            answer: Any = self.client.get(address)
            transaction.set_rollback(True)
        self.pages += 1
        if answer.status_code >= 400:
            self.dead.append(f"{via} leads to {address}: {answer.status_code}")
            return
        self.reached.add(resolve(urlsplit(address).path).route)
        if answer.status_code in {301, 302}:
            yield from _inside(address, answer["Location"])
        elif answer.get("Content-Type", "").startswith("text/html"):
            shown = answer.content.decode()
            if spilled := NO_WORDS.search(shown):
                self.dead.append(f"{address} shows an object instead of words: {spilled[0]}")
            page = Page(shown, path=address)
            for link in page.links:
                yield from _inside(address, link)
            for form in page.forms:
                yield from self._form(address, form)

    def _form(self, address: str, form: Form) -> Iterator[str]:
        for action in form.actions:
            for target in _inside(address, action):
                if form.method == "get":
                    yield f"{target.partition('?')[0]}?{urlencode(form.values)}"
                else:
                    self.forms.setdefault((form.source, resolve(urlsplit(target).path).route), (target, form))

    def send(self, target: str, form: Form) -> Any:
        """The form with what stands in it, from a browser that holds what this one holds."""
        client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"}, raise_request_exception=True)
        client.cookies.load({name: morsel.value for name, morsel in self.client.cookies.items()})
        data: dict[str, list[str]] = {}
        for name, value in form.sent():
            data.setdefault(name, []).append(value)
        headers = {name.lower(): value for name, value in form.headers.items()}
        counts.clear()
        with transaction.atomic():
            answer = client.post(target, data, headers=headers)
            transaction.set_rollback(True)
        return answer


def _site_of(world: LargerWorld, role: str) -> tuple[str, Any]:
    """The home page of the site that the role is walked through, and what belongs to that site."""
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
    """The address that a link of this market leads to."""
    parts = urlsplit(urljoin(f"http://testserver{address}", link))
    if parts.scheme in {"http", "https"} and parts.netloc == "testserver":
        yield parts.path + (f"?{parts.query}" if parts.query else "")


def walk_of(world: LargerWorld, walks: dict[str, Walk], role: str) -> Walk:
    if role not in walks:
        walks[role] = Walk(world, role)
        walks[role].go()
    return walks[role]


AS_EACH = pytest.mark.parametrize("role", ROLES)


@AS_EACH
def test_every_page_has_a_link(world: LargerWorld, walks: dict[str, Walk], role: str) -> None:
    walk = walk_of(world, walks, role)
    readers = role if role != MEMBER else STRANGER
    expected = {
        pattern
        for pattern, row in ADDRESSES.items()
        if readers in row.get and not row.gateway and walk.site(world.path(pattern, row))
    }
    print(f"{role}: {walk.pages} pages, {len(walk.reached)} of {len(expected)} addresses, {len(walk.forms)} forms")  # noqa: T201  # the numbers
    others = {pattern for pattern, roles in FOR_OTHERS.items() if role in roles}
    of_visits = frozenset[str]().union(*OF_VISITS.values())
    unreached = expected - walk.reached - set(WITHOUT_LINK) - set(IN_OTHER_STATES) - others - of_visits
    assert not unreached, "\n".join(["", *sorted(unreached)])
    assert not walk.dead, "\n".join(["", *walk.dead])


@pytest.mark.parametrize("visitor", OF_VISITS)
def test_pages_of_a_special_reader_have_a_link(world: LargerWorld, walks: dict[str, Walk], visitor: str) -> None:
    """issue 25, 14: no page without a link."""
    walk = walk_of(world, walks, visitor)
    assert not OF_VISITS[visitor] - walk.reached
    assert not walk.dead, "\n".join(["", *walk.dead])


def test_pages_of_other_states_are_linked_by_a_template() -> None:
    """A link of the page to itself, or to a list of its own parts, counts for nothing."""
    sources = {name: path.read_text() for name, path in template_files()}
    for pattern, (name, state) in IN_OTHER_STATES.items():
        assert pattern in ADDRESSES
        linked = [template for template, text in sources.items() if f'"{name}"' in text]
        assert linked, f"{pattern}: nothing links to {name} in the state: {state}"


@pytest.mark.parametrize("role", [*ROLES, *OF_VISITS])
def test_every_form_is_sent_with_its_token(world: LargerWorld, walks: dict[str, Walk], role: str) -> None:
    walk = walk_of(world, walks, role)
    assert walk.forms
    wrong = []
    for (source, route), (target, form) in walk.forms.items():
        answer = walk.send(target, form)
        if answer.content.startswith(b"CSRF:") or answer.status_code in {404, 405} or answer.status_code >= 500:
            wrong.append(f"{source} → {route}: {answer.status_code} {answer.content[:60]!r}")
    assert not wrong, "\n".join(["", *wrong])
