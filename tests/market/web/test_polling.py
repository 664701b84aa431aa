"""How a polled part ends: by the tag of the answer, and the order that the browser gets (``test_polled.py``: every page)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

import tradepost.market
from tradepost.market.web.polled import Polled

TEMPLATES = Path(tradepost.market.__file__).parent
ALWAYS = {"web/parts/nav_count.html"}
"""A count beside a menu is asked for as long as the page is open; nothing depends on it."""


def answered(text: str, headers: Mapping[str, str] = MappingProxyType({}), *, status: int = 200) -> HttpResponse:
    asked: dict[str, str] = {
        "hx-request": "true", "hx-trigger": "part", "hx-target": "part", "hx-current-url": "https://m.example/a/?b=c%20d",
    } | dict(headers)  # fmt: skip
    request: HttpRequest = RequestFactory().get("/a/live/", headers=asked)
    answer = Polled(lambda _request: HttpResponse(text, status=status))(request)
    assert isinstance(answer, HttpResponse)
    return answer


RUNS = '<div class="x" id="part" hx-get="/a/live/" hx-trigger="load delay:1s, every 2s">'


@pytest.mark.parametrize(
    ("text", "status"),
    [(RUNS, 200), ('<div id="part" data-paused>', 200), ("", 204), ("busy", 429), ("broken", 500)],
)
def test_what_goes_on_stays_as_it_is(text: str, status: int) -> None:
    answer = answered(text, status=status)
    assert (answer.text, "HX-Location" in answer, "HX-Refresh" in answer) == (text, False, False)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('<div id="part">done</div>', 200),
        ("<p>the part is gone</p>", 200),
        (RUNS.replace("part", "other"), 200),
        ("gone", 404),
        ("no longer yours", 403),
    ],
)
def test_what_ended_or_is_gone_loads_the_page(text: str, status: int) -> None:
    answer = answered(text, status=status)
    assert (answer.status_code, answer.content) == (204, b"")
    order = json.loads(answer["HX-Location"])
    assert (order["path"], order["headers"]) == ("/a/?b=c%20d", {"Reloaded-For": "part"})


@pytest.mark.parametrize("where", ["", "https:", "//evil.example", "https://m.example//evil.example/x"])
def test_without_an_address_of_its_own_the_browser_reloads(where: str) -> None:
    answer = answered("<p></p>", {"hx-current-url": where})
    assert (answer["HX-Refresh"], "HX-Location" in answer) == ("true", False)


@pytest.mark.parametrize("headers", [{"hx-request": ""}, {"hx-target": "elsewhere"}, {"hx-trigger": ""}])
def test_what_is_no_poll_is_left_alone(headers: dict[str, str]) -> None:
    assert answered("<p></p>", headers).text == "<p></p>"


def test_every_polled_part_replaces_itself_under_an_id() -> None:
    """Otherwise the mechanism does not know it."""
    found = 0
    for template in sorted(TEMPLATES.rglob("templates/**/*.html")):
        text = template.read_text(encoding="utf-8")
        for poll in re.finditer(r'hx-trigger="[^"]*every [^"]*"[^>\n]*', text):
            if any(str(template).endswith(each) for each in ALWAYS):
                continue
            found += 1
            tag = text[text.rindex("<", 0, poll.start()) : poll.end()]
            assert re.search(r'\sid="', tag), template
            assert "hx-target" not in tag, template
            assert 'hx-swap="outerHTML"' in tag, template
    assert found == 30, "a new polled part needs a test in test_polled.py"
