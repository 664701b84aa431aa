"""A market inside the test, used with chromium by people who sign in on its page. No process is started, and the test
sees the rows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from unittest import mock
from urllib.parse import urlsplit

from django.http import HttpResponse
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, browsing
from tests.browser.running import Market
from tests.factories.people import PASSWORD
from tests.factories.pictures import PDF
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import User
from tradepost.market.web import sending_files

SHOTS = os.environ.get("TRADEPOST_TEST_SHOTS", "")
"""A folder for screenshots. The browser reports the script that takes them, so a journey with screenshots fails at its
end.
"""
_AS_DOWNLOAD = sending_files._as_download
EVIDENCE: Any = {"name": "done.pdf", "mimeType": "application/pdf", "buffer": PDF}


@contextmanager
def chromium_beside_django(chromium: str) -> Iterator[Browser]:
    """Allow database use next to Playwright, whose event loop runs in this thread: the database is used between its
    calls, never within them."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with browsing(chromium) as browser, mock.patch.object(sending_files, "_as_download", _with_content):
            yield browser
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def _with_content(answer: HttpResponse, path: Path, name: str) -> HttpResponse:
    """Return a download with its content: Django's own server does not send files from the disk as the market's does."""
    answer = _AS_DOWNLOAD(answer, path, name)
    answer.content = path.read_bytes()
    del answer[sending_files.HEADER]
    return answer


def market_of_test(live_server: Any, folder: Path, **people: User) -> Market:
    """Return the market of the test, with people of the factories by their roles."""
    made = {role: user.email for role, user in people.items()}
    made |= {f"{role} password": PASSWORD for role in people}
    port = urlsplit(live_server.url).port
    assert port is not None
    return Market(folder, "", cast("Any", None), port=port, made=made)


def take_screenshot(person: Person, name: str) -> None:
    """Take a screenshot if a folder for them is set."""
    if SHOTS:
        number = len(list(Path(SHOTS).glob("*.png"))) + 1
        person.page.screenshot(path=Path(SHOTS) / f"{number:02}-{name}.png", full_page=True)


def buy(buyer: Person, product: Product, plan: str) -> str:
    """Buy through the form and the pay button. Return the number of the order."""
    buyer.go(f"/checkout/{product.pk}/?plan={plan}")
    buyer.page.locator("#agreed").check()
    buyer.press("Place the order")
    expect(buyer.page).to_have_url(re.compile("/orders/CS"))
    buyer.press("Pay")
    found = re.search("/orders/([^/]+)/", buyer.page.url)
    assert found is not None
    return found[1]


def submit_act(person: Person, act: str, *, evidence: bool = False, **said: str) -> None:
    """Fill in and submit the form of this act on the open page of a delivery."""
    for code, words in said.items():
        person.page.locator(f"#{act}-{code}").fill(words)
    take_screenshot(person, act)
    button = person.page.locator(f'button[name="act"][value="{act}"]')
    if evidence:
        form = person.page.locator("form").filter(has=button)
        form.locator('[name="proof_0_file"]').set_input_files(EVIDENCE)
    button.click()
    expect(person.page.locator("body")).to_contain_text("Saved. Both parties can see it here.")
