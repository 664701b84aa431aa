"""How a polled part ends: through the response's tag, and the browser's instruction (``test_polled.py``: every page)."""

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
"""The count of a menu is polled while the page is open; nothing depends on it."""


def respond(text: str, headers: Mapping[str, str] = MappingProxyType({}), *, status: int = 200) -> HttpResponse:
    request_headers: dict[str, str] = {
        "hx-request": "true", "hx-trigger": "part", "hx-target": "part", "hx-current-url": "https://m.example/a/?b=c%20d",
    } | dict(headers)  # fmt: skip
    request: HttpRequest = RequestFactory().get("/a/live/", headers=request_headers)
    answer = Polled(lambda _request: HttpResponse(text, status=status))(request)
    assert isinstance(answer, HttpResponse)
    return answer


RUNS = '<div class="x" id="part" hx-get="/a/live/" hx-trigger="load delay:1s, every 2s">'


@pytest.mark.parametrize(
    ("text", "status"),
    [(RUNS, 200), ('<div id="part" data-paused>', 200), ("", 204), ("busy", 429), ("broken", 500)],
)
def test_unfinished_part_is_unchanged(text: str, status: int) -> None:
    answer = respond(text, status=status)
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
def test_finished_or_missing_part_reloads_the_page(text: str, status: int) -> None:
    answer = respond(text, status=status)
    assert (answer.status_code, answer.content) == (204, b"")
    order = json.loads(answer["HX-Location"])
    assert (order["path"], order["headers"]) == ("/a/?b=c%20d", {"Reloaded-For": "part"})


@pytest.mark.parametrize("where", ["", "https:", "//evil.example", "https://m.example//evil.example/x"])
def test_browser_reloads_if_the_page_has_no_address(where: str) -> None:
    answer = respond("<p></p>", {"hx-current-url": where})
    assert (answer["HX-Refresh"], "HX-Location" in answer) == ("true", False)


@pytest.mark.parametrize("headers", [{"hx-request": ""}, {"hx-target": "elsewhere"}, {"hx-trigger": ""}])
def test_other_requests_are_unchanged(headers: dict[str, str]) -> None:
    assert respond("<p></p>", headers).text == "<p></p>"


def test_every_polled_part_replaces_itself_under_an_id() -> None:
    """Otherwise the mechanism does not know it."""
    count = 0
    for template in sorted(TEMPLATES.rglob("templates/**/*.html")):
        text = template.read_text(encoding="utf-8")
        for poll in re.finditer(r'hx-trigger="[^"]*every [^"]*"[^>\n]*', text):
            if any(str(template).endswith(template_name) for template_name in ALWAYS):
                continue
            count += 1
            tag = text[text.rindex("<", 0, poll.start()) : poll.end()]
            assert re.search(r'\sid="', tag), template
            assert "hx-target" not in tag, template
            assert 'hx-swap="outerHTML"' in tag, template
    assert count == 33, "a new polled part needs a test in test_polled.py"
