"""issue 27, 2: account pages and refusals keep the frame of the reader's site, and reveal nothing to others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client, RequestFactory

from tests import factories
from tests.configured import configured
from tradepost.market.base import clock
from tradepost.market.identity.models import User
from tradepost.market.open_api.answers import server_error
from tradepost.market.web import access
from tradepost.market.web.busy import busy_page
from tradepost.market.web.site_frame import COOKIE, site_frame

pytestmark = pytest.mark.django_db
STORE, SELLER_CENTER, CONSOLE = 'class="tp-row tp-account"', 'href="/seller/messages/"', 'href="/console/audit/"'
FRAMES = {"store": STORE, "seller": SELLER_CENTER, "console": CONSOLE}
"""Text in the navigation of only one site."""


@pytest.fixture
def people() -> dict[str, User]:
    member = factories.make_buyer()
    factories.make_seller(member=member)
    return {"buyer": factories.make_buyer(), "member": member, "operator": factories.make_operator()}


def signed_in(user: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def frames(page: Any) -> set[str]:
    html = page.content.decode()
    return {name for name, mark in FRAMES.items() if mark in html}


NOWHERE = ("/console/nowhere/", "/seller/nowhere/", "/nowhere/", "/orders/nothing-like-it/")


@pytest.mark.parametrize(
    ("who", "path", "frame"),
    [
        ("operator", "/console/nowhere/", "console"),
        ("operator", "/console/orders/nothing-like-it/", "console"),
        ("operator", "/seller/nowhere/", "store"),
        ("member", "/seller/nowhere/", "seller"),
        ("member", "/seller/orders/nothing-like-it/", "seller"),
        ("member", "/console/nowhere/", "store"),
        ("buyer", "/console/nowhere/", "store"),
        ("buyer", "/console/", "store"),
        ("buyer", "/seller/nowhere/", "store"),
        ("buyer", "/orders/nothing-like-it/", "store"),
    ],
)
def test_missing_page_keeps_the_site_that_its_reader_may_enter(
    people: dict[str, User], who: str, path: str, frame: str
) -> None:
    answer = signed_in(people[who]).get(path)
    assert answer.status_code == 404
    assert frames(answer) == {frame}
    assert b'name="language"' in answer.content
    home = {"store": "/", "seller": "/seller/", "console": "/console/"}[frame]
    assert re.search(rf'class="btn btn-primary"\s+href="{home}"', answer.content.decode())


def test_stranger_sees_the_same_page_in_every_site(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: factories.NOW)  # the page shows the market's time, to the second

    def seen(path: str) -> str:
        html = client.get(path, headers={"Accept-Language": "en"}).content.decode()
        return re.sub(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"', "", html)

    pages = {seen(path) for path in ("/console/nowhere/", "/seller/nowhere/", "/nowhere/")}
    assert len(pages) == 1
    assert "Page not found" in pages.pop()


@pytest.mark.parametrize("path", ["/account/security/", "/account/email/", "/account/password/change/", "/nowhere/"])
def test_account_pages_keep_the_readers_site(people: dict[str, User], path: str) -> None:
    for who, home, frame in (("operator", "/console/", "console"), ("member", "/seller/", "seller")):
        client = signed_in(people[who])
        assert frames(client.get(path)) == {"store"}
        client.get(home)
        assert frames(client.get(path)) == {frame}
        client.get("/orders/")
        assert frames(client.get(path)) == {"store"}


@pytest.mark.parametrize("site", ["console", "seller_center", "storefront", "", "nonsense", "console/../x"])
def test_cookie_opens_no_frame_to_readers_without_access(people: dict[str, User], site: str) -> None:
    client = signed_in(people["buyer"])
    client.cookies[COOKIE] = site
    assert frames(client.get("/account/security/")) == {"store"}
    stranger = Client()
    stranger.cookies[COOKIE] = site
    assert frames(stranger.get("/account/login/")) == set()


def test_operator_without_the_second_step_does_not_see_the_console(
    people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(people["operator"])
    client.get("/console/")
    assert frames(client.get("/account/security/")) == {"console"}
    monkeypatch.setattr(access, "config", lambda: configured(second_step_for_operators=True))
    assert frames(client.get("/account/security/")) == {"store"}
    assert frames(client.get("/console/nowhere/")) == {"store"}


def test_strangers_and_buyers_get_no_cookie(people: dict[str, User]) -> None:
    assert COOKIE not in Client().get("/").cookies
    client = signed_in(people["buyer"])
    for path in ("/", "/orders/", "/console/", "/account/security/"):
        assert COOKIE not in client.get(path).cookies, path


def test_refusal_keeps_the_frame_and_links_back(people: dict[str, User]) -> None:
    for who, home, frame in (
        ("operator", "/console/", "console"),
        ("member", "/seller/", "seller"),
        ("buyer", "/", "store"),
    ):
        client = signed_in(people[who])
        client.get(home)
        answer = client.post("/i18n/setlang/", {"language": "\0"}, headers={"Referer": f"http://testserver{home}"})
        assert answer.status_code == 400
        assert frames(answer) == {frame}
        assert re.search(rf'class="btn btn-primary" href="http://testserver{home}"', answer.content.decode())


def test_expired_form_keeps_the_frame(people: dict[str, User]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["operator"])
    client.get("/console/")
    answer = client.post("/i18n/setlang/", {"language": "en"})
    assert (answer.status_code, frames(answer)) == (403, {"console"})


def test_error_pages_are_shown_to_a_request_with_another_host(rf: RequestFactory) -> None:
    request = rf.get("/console/", headers={"Host": "elsewhere.example", "Referer": "http://elsewhere.example/a/"})
    for page in (server_error, busy_page):
        answer: Any = page(request)
        assert "elsewhere" not in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "home"),
    [("/console/orders/", "/console/"), ("/seller/", "/seller/"), ("/orders/", "/"), ("/nowhere/", "/")],
)
def test_error_pages_link_to_their_site(rf: RequestFactory, path: str, home: str) -> None:
    request = rf.get(path, headers={"Referer": "http://testserver/balance/"})
    answers: tuple[Any, ...] = (server_error(request), busy_page(request))
    pages = [answer.content.decode() for answer in answers]
    for page in pages:
        assert re.search(rf'class="btn[^"]*" href="{home}"', page)
    assert 'href="http://testserver/balance/"' in pages[0]


def test_groups_stay_folded_except_that_of_the_current_page(people: dict[str, User]) -> None:
    client = signed_in(people["operator"])

    def folded(path: str) -> set[str]:
        groups = re.findall(r'data-nav-group="([\w-]+)"( open)?>', client.get(path).content.decode())
        assert {code for code, _ in groups} == {"console-trade", "console-sellers", "console-market"}
        return {code for code, is_open in groups if not is_open}

    assert folded("/console/") == set()
    client.cookies["folded"] = "console-trade.console-market"
    assert folded("/console/") == {"console-trade", "console-market"}
    assert folded("/console/orders/") == {"console-market"}
    assert folded("/console/products/") == {"console-trade", "console-market"}
    client.cookies["folded"] = '"><script>'
    assert folded("/console/") == set()


def test_page_with_filters_has_a_skip_link(people: dict[str, User]) -> None:
    pages = {
        "/": True,
        "/orders/": True,
        "/console/orders/": True,
        "/seller/products/": True,
        "/balance/": None,
        "/profile/": False,
    }
    for path, has_results in pages.items():
        who = "operator" if "console" in path else "member" if "seller" in path else "buyer"
        html = signed_in(people[who]).get(path).content.decode()
        links = re.findall(r'<a class="tp-skip" href="#(\w+)">', html)
        assert links[0] == "main", path
        assert all(html.count(f'id="{link}"') == 1 for link in links), path
        assert has_results is None or (links[1:] == ["results"]) is has_results, path


def test_request_without_a_session_has_a_frame(rf: RequestFactory) -> None:
    assert site_frame(rf.get("/console/")).site == "storefront"
