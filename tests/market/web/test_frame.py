"""What holds for the frame of every page: policy, weight, errors, language, theme."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from tests import factories
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.web import templatetags
from tradepost.market.web.context import this_page

pytestmark = pytest.mark.django_db
MARKET = Path(templatetags.__file__).parent.parent.parent
LIMIT = 150_000


def test_the_policy_allows_nothing_inline_and_no_other_host(client: Client) -> None:
    policy = client.get("/")["Content-Security-Policy"]
    assert "unsafe-" not in policy
    assert "http" not in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son(?:click|load|error|submit|change|input|focus|blur|key\w+|mouse\w+|toggle)=|hx-on|javascript:",
        re.IGNORECASE,
    )
    guilty = [
        str(path.relative_to(MARKET))
        for path in MARKET.glob("**/templates/**/*.html")
        # Mails are read by mail programs, which know nothing but inline styles.
        if not path.name.startswith("mail") and inline.search(path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


def test_the_first_view_weighs_at_most_150_kb_compressed(client: Client) -> None:
    page = client.get("/").content.decode()
    assets = re.findall(r'(?:src|href)="/static/([^"]+\.(?:css|js))"', page)
    assert {Path(name).name for name in assets} >= {"tabler.min.css", "theme.css", "tradepost.js", "htmx.min.js"}
    weight = sum(len(gzip.compress(Path(str(finders.find(name))).read_bytes())) for name in assets)
    assert 0 < weight <= LIMIT


def test_an_address_that_is_not_there_is_a_page_of_ours(client: Client) -> None:
    answer = client.get("/nowhere/", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()
    assert "unsafe-" not in answer["Content-Security-Policy"]


def test_the_page_of_an_error_needs_no_request() -> None:
    assert "/static/web/theme.css" in render_to_string("500.html")


def test_a_form_without_its_token_is_told_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/i18n/setlang/", {"language": "en"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()


@pytest.mark.parametrize(
    ("cookie", "shown"), [("dark", "dark"), ("light", "light"), ("", "light"), ('"><script>', "light")]
)
def test_the_theme_is_the_chosen_one_and_nothing_else(client: Client, cookie: str, shown: str) -> None:
    client.cookies["theme"] = cookie
    assert f'data-bs-theme="{shown}"' in client.get("/").content.decode()


def test_switching_the_language_holds_for_pages_and_for_mails(client: Client) -> None:
    buyer = factories.make_buyer()
    client.force_login(buyer)
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/orders/"})
    assert (answer.status_code, answer["Location"]) == (302, "/orders/")
    assert '<html lang="en"' in client.get("/").content.decode()
    assert User.objects.get(pk=buyer.pk).language == "en"


def test_an_unknown_language_changes_nothing(client: Client) -> None:
    buyer = factories.make_buyer()
    client.force_login(buyer)
    client.post("/i18n/setlang/", {"language": "tlh", "next": "/"})
    assert User.objects.get(pk=buyer.pk).language == "zh-hans"


def test_the_bell_counts_what_is_unread(client: Client) -> None:
    buyer = factories.make_buyer()
    for n in range(3):
        Notice.objects.create(
            user=buyer, kind="top_up", created_at=factories.NOW, once=str(n), read_at=factories.NOW if n == 0 else None
        )
    client.force_login(buyer)
    page = client.get("/", headers={"Accept-Language": "en"}).content.decode()
    assert "Notices, 2 unread" in " ".join(page.split())


def test_the_menu_shows_only_the_sites_that_a_person_may_enter(client: Client) -> None:
    buyer, member = factories.make_buyer(), factories.make_buyer()
    factories.make_seller(member=member)
    for who, entered in ((buyer, set()), (member, {"/seller/"}), (factories.make_operator(), {"/console/"})):
        client.force_login(who)
        page = client.get("/").content.decode()
        assert {site for site in ("/seller/", "/console/") if f'href="{site}"' in page} == entered


@pytest.mark.parametrize(
    ("method", "came_from", "here"),
    [
        ("GET", "http://testserver/other/", "/a/?b=1"),
        ("POST", "http://testserver/form/?tab=2", "/form/?tab=2"),
        ("POST", "", "/a/?b=1"),
        ("POST", "https://evil.example/form/", "/a/?b=1"),
        ("POST", "javascript:alert(1)", "/a/?b=1"),
    ],
)
def test_a_page_is_asked_for_again_where_its_form_stands(method: str, came_from: str, here: str) -> None:
    """A refused form may stand at an address that takes forms only: switching the language there must not end at a 405."""
    request = RequestFactory().generic(method, "/a/?b=1", headers={"Referer": came_from} if came_from else {})
    assert this_page(request) == here
