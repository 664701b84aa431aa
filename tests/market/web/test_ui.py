"""Tags and filters of the shared components."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from tradepost.market.base.money import Money
from tradepost.market.web.templatetags import ui

NOTES_BY_HAND = 15
"""This list may only become shorter."""
MARKET = Path(ui.__file__).parent.parent.parent
MOMENT = datetime(2026, 3, 1, 8, 5, 9, tzinfo=UTC)


def render(source: str, address: str = "/", **context: object) -> str:
    request = RequestFactory().get(address)
    return Template(source).render(Context({"request": request, **context}))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Money(120_000, "CNY"), "¥\xa01,200.00"),
        (Money(-5, "CNY"), "-¥\xa00.05"),
        (Money(0, "CNY"), "¥\xa00.00"),
        (Money(1_234, "JPY"), "JP¥\xa01,234"),
        (None, ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_money_reads_the_same_in_both_languages(amount: Money | None, shown: str, language: str) -> None:
    with translation.override(language):
        assert ui.money(amount) == shown


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_usage_price_shows_as_many_digits_as_needed(language: str) -> None:
    prices = [("0.00000250", "CNY"), ("1200.50000000", "CNY"), ("3.00000000", "CNY"), ("0.5", "JPY"), ("7", "JPY")]
    with translation.override(language):
        assert [ui.usage_price(Decimal(price), currency) for price, currency in prices] == [
            "¥\xa00.0000025", "¥\xa01,200.50", "¥\xa03.00", "JP¥\xa00.5", "JP¥\xa07",
        ]  # fmt: skip
        assert [ui.amount(Decimal(value)) for value in ("30000.0000", "0.5000", "12.3456", "0")] == [
            "30,000", "0.5", "12.3456", "0",
        ]  # fmt: skip


@pytest.mark.parametrize(("language", "shown"), [("zh-hans", "2026-03-01 16:05"), ("en", "1 Mar 2026, 16:05")])
def test_moment_is_local_with_its_zone_and_utc_on_hover(language: str, shown: str) -> None:
    with translation.override(language):
        assert ui.moment(MOMENT) == (
            f'<time datetime="2026-03-01T08:05:09+00:00" title="2026-03-01 08:05:09 UTC">{shown} '
            '<span class="tp-zone tp-zone-usual">UTC+8</span></time>'
        )


def test_tables_omit_only_the_current_time_zone() -> None:
    """issue 27, 3: the time zone once; where clocks change, times in the other half of the year keep theirs."""
    with timezone.override(ZoneInfo("Europe/Berlin")):
        shown = [ui.moment(datetime(2026, month, 1, tzinfo=UTC)) for month in (1, 7)]
        assert [f">{ui.usual_zone()}<" in row for row in shown] == ["tp-zone-usual" in row for row in shown]
        assert sum("tp-zone-usual" in row for row in shown) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "zone_text"), [("en", "Times are in UTC+8"), ("zh-hans", "时间均为 UTC+8")])
def test_every_page_shows_the_time_zone_in_its_footer(client: Client, language: str, zone_text: str) -> None:
    assert zone_text in client.get("/", headers={"accept-language": language}).content.decode()


@pytest.mark.parametrize(
    ("language", "subject", "text"),
    [
        ("en", {"name": "文档", "name_en": "Docs"}, "Docs"),
        ("zh-hans", {"name": "文档", "name_en": "Docs"}, "文档"),
        ("en", {"name": "文档", "name_en": ""}, "文档"),
        ("zh-hans", {"name_en": "Docs"}, "Docs"),
    ],
)
def test_loc_uses_the_readers_language_or_else_the_other(language: str, subject: dict[str, str], text: str) -> None:
    with translation.override(language):
        assert ui.loc(subject, "name") == text


def test_loc_escapes_text_of_sellers() -> None:
    assert render('{% loc it "name" %}', it={"name": "<b>x</b>"}) == "&lt;b&gt;x&lt;/b&gt;"


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ('<p onclick="x()" style="color:red" class="btn">a</p>', "<p>a</p>"),
        ('<a href="javascript:alert(1)">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ('<a href="/orders/">a</a>', '<a rel="noopener noreferrer">a</a>'),
        (
            '<a href="https://x.example" target="_top">a</a>',
            '<a href="https://x.example" rel="noopener noreferrer">a</a>',
        ),
        ('<img src="https://x.example/pixel.gif"><iframe src="https://x.example"></iframe>', ""),
        ('<form action="https://x.example"><input name="password"></form>', ""),
        ("<h3>a</h3><ul><li>b</li></ul>", "<h3>a</h3><ul><li>b</li></ul>"),
    ],
)
def test_html_of_sellers_cannot_run_load_or_imitate(html: str, clean: str) -> None:
    assert ui.sanitise(html) == clean


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://app.example/t?a=1", "https://app.example/t?a=1"),
        ("HTTP://app.example", "HTTP://app.example"),
        ("javascript:alert(1)", ""),
        (" java\tscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//app.example", ""),
        ("https://", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_become_links(url: str, link: str) -> None:
    assert ui.weblink(url) == link


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Users", "user"), ("Named users", "named user"), ("Licenses", "license"), ("Mailboxes", "mailbox"),
        ("Addresses", "address"), ("Agencies", "agency"), ("Days", "day"), ("Access", "access"), ("GB", "GB"),
        ("API calls", "API call"), ("用户数", "用户"), ("测点数量", "测点"), ("人", "人"), ("数", "数"), ("", ""),
    ],
)  # fmt: skip
def test_price_names_its_unit(name: str, unit: str) -> None:
    assert ui.one_of(name) == unit


def test_query_set_keeps_the_other_parameters_and_escapes() -> None:
    shown = render('{% query_set after=7 status="" %}', "/?q=%22%3E&status=paid&q2=b")
    assert shown == "?q=%22%3E&amp;q2=b&amp;after=7"


def test_secret_loaded_by_address_is_not_in_the_page() -> None:
    shown = render('{% secret "/services/1/password/" %}')
    assert 'action="/services/1/password/"' in shown
    assert "data-value" not in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""), ("", ""), ("<b>", "<dt>Ended</dt><dd>&lt;b&gt;</dd>"), (0, "<dt>Ended</dt><dd>0</dd>"),
        (Money(1250, "CNY"), "<dt>Ended</dt><dd>¥\xa012.50</dd>"),
    ],
)  # fmt: skip
def test_fact_is_shown_if_it_has_a_value(value: object, shown: str) -> None:
    assert render('{% fact "Ended" value %}', value=value) == shown


def test_fact_shows_a_moment_with_its_zone() -> None:
    assert "UTC+8" in render('{% fact "Ended" value %}', value=datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("language", "hours", "shown"),
    [("en", 23.98, "23\xa0hours"), ("zh-hans", 23.98, "23\xa0小时"), ("en", 0.5, "30\xa0minutes")],
)
def test_remaining_time_is_never_overstated(language: str, hours: float, shown: str) -> None:
    with translation.override(language):
        assert ui.time_left(MOMENT + timedelta(hours=hours), MOMENT) == shown


def test_code_is_escaped() -> None:
    assert "&lt;script&gt;" in render('{% code it "http" %}', it="<script>")


def test_note_has_the_icon_of_its_tone_and_its_content() -> None:
    shown = render('{% note "warn" css="mt-3" role="alert" id="why" %}<p>{{ it }}</p>{% endnote %}', it="<b>")
    assert '<div class="tp-note tp-warn mt-3" role="alert" id="why"><svg' in shown
    assert shown.endswith("<div><p>&lt;b&gt;</p></div></div>")
    assert str(ui.icon(ui.NOTE_ICONS["warn"])) in shown
    assert str(ui.icon("refresh")) in render('{% note "wait" "refresh" %}it{% endnote %}')


def test_notes_are_written_by_the_tag() -> None:
    """Decision 0093. The remaining ones are more than an icon, a tone and a box."""
    by_hand = {
        path.name: count
        for path in MARKET.glob("**/templates/**/*.html")
        if (count := len(re.findall(r'<div class="tp-note', path.read_text(encoding="utf-8"))))
    }
    assert sum(by_hand.values()) <= NOTES_BY_HAND, by_hand


def test_every_icon_of_templates_and_views_is_collected() -> None:
    named = re.compile(
        r"""\{% icon "([\w-]+)" |icon(?:_name)?="([\w-]+)"|(?:nav_item "[\w:]+"|\{% note [^ ]+) "([\w-]+)\""""
    )
    used = {
        name
        for path in [*MARKET.glob("**/templates/**/*.html"), *MARKET.glob("**/*.py")]
        for icon in named.findall(path.read_text(encoding="utf-8"))
        for name in icon
        if name
    }
    assert len(used) > 20
    assert (used | set(ui.NOTE_ICONS.values())) - ui.icon_names() == set()
    assert [name for name in ui.icon_names() if not finders.find(f"vendor/icons/{name}.svg")] == []


def test_uncollected_icon_is_shown_as_a_package() -> None:
    assert ui.icon("no-such-icon") == ui.icon("package")
