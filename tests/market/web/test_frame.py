"""Properties of every page's frame: policy, size, errors, language, theme."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from tests import factories
from tests.architecture.source import ROOT
from tests.factories import make_buyer
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.web import templatetags
from tradepost.market.web.context import current_address

pytestmark = pytest.mark.django_db
MARKET = Path(templatetags.__file__).parent.parent.parent
LIMIT = 150_000


def test_policy_allows_nothing_inline_and_no_other_host(client: Client) -> None:
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
        # Mail programs support only inline styles.
        if not path.name.startswith("mail") and inline.search(path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


ASSET = re.compile(r'(?:src|href)="(/static/[^"]+\.(?:css|js))"')


def test_first_view_is_at_most_150_kb_compressed(client: Client) -> None:
    """pages.md, *Weight*. tests/browser/test_pages.py measures the whole visit on the socket."""
    page = client.get("/", headers={"Accept-Encoding": "gzip, br"})
    assets = ASSET.findall(gzip.decompress(page.content).decode())
    assert {Path(name).name.partition(".")[0] for name in assets} >= {"tabler", "theme", "market", "htmx"}
    weight = len(page.content)
    for name in assets:
        answer = client.get(name, headers={"Accept-Encoding": "gzip, br"})
        assert (answer.status_code, answer["Content-Encoding"]) == (200, "br"), name
        weight += int(answer["Content-Length"])
    assert weight <= LIMIT


def test_static_files_are_cached_for_ever_and_compressed_for_every_browser(client: Client) -> None:
    """Their names contain their hash, so a browser never requests them again."""
    [name] = [asset for asset in ASSET.findall(client.get("/").content.decode()) if "/theme." in asset]
    plain = client.get(name)
    body = plain.getvalue()
    assert "max-age=315360000" in plain["Cache-Control"]
    assert "immutable" in plain["Cache-Control"]
    for encoding, decompress in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        answer = client.get(name, headers={"Accept-Encoding": encoding})
        sent = answer.getvalue()
        assert (answer["Content-Encoding"], decompress(sent)) == (encoding, body)
        assert len(sent) < len(body) / 2
        assert "Accept-Encoding" in answer["Vary"]


def test_every_rule_of_tabler_that_a_page_could_use_is_kept() -> None:
    """The style sheet is purged at set-up: classes used by a template or script must keep their rules."""
    rules = re.compile(r"\.((?:\\.|[\w-])+)")
    full = set(rules.findall((ROOT / "node_modules/@tabler/core/dist/css/tabler.min.css").read_text("utf-8")))
    kept_rules = set(rules.findall(Path(str(finders.find("vendor/tabler.min.css"))).read_text("utf-8")))
    assert kept_rules < full
    named = {
        name
        for path in MARKET.rglob("*.html")
        for classes in re.findall(r'(?:class|css)="([^"]*)"', path.read_text("utf-8"))
        for name in re.sub(r"{[{%].*?[%}]}", " ", classes).split()
    }
    assert len(named & full) > 50
    assert (named & full) - kept_rules == set()
    assert {"btn-danger", "btn-primary"} <= kept_rules, "confirm.html builds their names"


def test_page_that_mixes_a_secret_with_foreign_input_is_not_compressed(client: Client) -> None:
    """BREACH: input of another site must not be compressed together with the visitor's secrets."""
    accepting = {"Accept-Encoding": "gzip, br"}
    for path in ("/", "/?q=crm", "/nowhere/"):
        assert client.get(path, headers=accepting)["Content-Encoding"] == "gzip", path
    assert "Content-Encoding" not in client.get("/").headers
    client.force_login(make_buyer())
    assert client.get("/orders/", headers=accepting)["Content-Encoding"] == "gzip"
    for path in ("/?q=crm", "/orders/?q=secret", "/nowhere/whatever/"):
        answer = client.get(path, headers=accepting)
        assert "Content-Encoding" not in answer.headers, path
    refused = client.post("/account/profile/", {"name": "<b>"}, headers=accepting)
    assert "Content-Encoding" not in refused.headers


def test_unknown_address_shows_our_error_page(client: Client) -> None:
    answer = client.get("/nowhere/", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()
    assert "unsafe-" not in answer["Content-Security-Policy"]


def test_stranger_has_bottom_tabs_on_a_phone(client: Client) -> None:
    """issue 27, 2: "on a phone one header of 56 px and bottom tabs"; tests/browser/test_navigation.py measures them."""
    for path in ("/", "/account/login/", "/nowhere/"):
        page = client.get(path, headers={"Accept-Language": "en"}).content.decode()
        tabs = page.partition('class="tp-dock"')[2].partition("</nav>")[0]
        assert re.findall(r'href="([^"]+)"', tabs) == ["/", "/demands/new/", "/account/login/", "/account/signup/"]
    client.force_login(make_buyer())
    page = client.get("/").content.decode()
    assert "tp-guest" not in page
    assert page.count('class="tp-dock"') == 1


def test_icon_exists_for_responses_that_are_no_pages(client: Client) -> None:
    """Browsers request it when they show the API description, a PDF or a picture."""
    answer = client.get("/favicon.ico", follow=True)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")


def test_error_page_needs_no_request() -> None:
    assert re.search(r"/static/web/theme\.\w+\.css", render_to_string("500.html"))


def test_form_without_its_token_gets_instructions() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/i18n/setlang/", {"language": "en"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    assert "This page has expired" in answer.content.decode()


@pytest.mark.parametrize(
    ("cookie", "shown"), [("dark", "dark"), ("light", "light"), ("", "light"), ('"><script>', "light")]
)
def test_page_uses_the_chosen_theme_only(client: Client, cookie: str, shown: str) -> None:
    client.cookies["theme"] = cookie
    assert f'data-bs-theme="{shown}"' in client.get("/").content.decode()


def test_switching_the_language_applies_to_pages_and_mails(client: Client) -> None:
    buyer = factories.make_buyer()
    client.force_login(buyer)
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/orders/"})
    assert (answer.status_code, answer["Location"]) == (302, "/orders/")
    assert '<html lang="en"' in client.get("/").content.decode()
    assert User.objects.get(pk=buyer.pk).language == "en"


def test_unknown_language_changes_nothing(client: Client) -> None:
    buyer = factories.make_buyer()
    client.force_login(buyer)
    client.post("/i18n/setlang/", {"language": "tlh", "next": "/"})
    assert User.objects.get(pk=buyer.pk).language == "zh-hans"


def test_bell_counts_unread_notices(client: Client) -> None:
    buyer = factories.make_buyer()
    for n in range(3):
        Notice.objects.create(
            user=buyer, kind="top_up", created_at=factories.NOW, once=str(n), read_at=factories.NOW if n == 0 else None
        )
    client.force_login(buyer)
    page = client.get("/", headers={"Accept-Language": "en"}).content.decode()
    assert "Notices, 2 unread" in " ".join(page.split())


def test_menu_shows_only_the_sites_that_a_person_may_enter(client: Client) -> None:
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
def test_language_switch_on_a_refused_form_returns_to_a_readable_page(method: str, came_from: str, here: str) -> None:
    """A refused form may have an address that accepts only forms; switching the language there must not end in a 405."""
    request = RequestFactory().generic(method, "/a/?b=1", headers={"Referer": came_from} if came_from else {})
    assert current_address(request) == here
