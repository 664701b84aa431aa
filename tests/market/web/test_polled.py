"""Parts of pages that poll: when their work has ended in any way, the page is the same as after a reload and stops
polling."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from tests.market.web.polled_parts import OUTCOMES, WALKS, Walk


def polls(text: str, part: str) -> str:
    """The address that the part polls; empty if it does not poll."""
    tag = re.search(rf'<[a-z]+\s[^>]*\bid="{part}"[^>]*>', text)
    if tag is None or "every" not in tag[0]:
        return ""
    address = re.search(r'hx-get="([^"]+)"', tag[0])
    assert address, tag[0]
    return html.unescape(address[1])


def ask(walk: Walk, address: str) -> Any:
    """As htmx requests it."""
    return walk.client.get(
        address,
        headers={
            "hx-request": "true", "hx-trigger": walk.part, "hx-target": walk.part,
            "hx-current-url": f"http://testserver{walk.page}#here",
        },
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "outcome"), [(name, part) for name, all_ in OUTCOMES.items() for part in all_.split()]
)
def test_last_poll_loads_the_page_with_its_actions(name: str, outcome: str) -> None:
    walk = WALKS[name]()
    shown = walk.client.get(walk.page)
    assert shown.status_code == 200
    address = polls(shown.text, walk.part)
    assert address, "it does not poll while the work is under way"
    while_running = ask(walk, address)
    assert "HX-Location" not in while_running, "the work goes on"
    walk.ends[outcome]()
    last = ask(walk, address)
    order = json.loads(last["HX-Location"])
    assert order == {
        "path": walk.page, "target": "#main", "select": "#main", "swap": "outerHTML show:none", "push": "false",
        "headers": {"Reloaded-For": walk.part},
    }  # fmt: skip
    page = walk.client.get(order["path"], headers={"hx-request": "true", "hx-target": "main"})
    assert page.text.count('<main id="main"') == 1
    assert not polls(page.text, walk.part)
    assert actions(page.text) == actions(walk.client.get(walk.page).text), "as a reload shows it"
    assert walk.has[outcome] in page.text
    assert not walk.lacks or walk.lacks not in page.text


def actions(text: str) -> list[str]:
    """The actions of the page."""
    main = text[text.index('<main id="main"') : text.index("</main>")]
    return re.findall(r'(?:action|href|data-dialog)="([^"]*)"', main)
