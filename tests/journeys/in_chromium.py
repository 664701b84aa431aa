"""A market inside of the test, looked at with chromium by people who have signed in at its page: no processes to start, and the test sees
the rows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.browser.people import Person, browsing
from tests.browser.running import Market
from tests.factories.people import PASSWORD
from tests.factories.pictures import PDF
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import User

SHOTS = os.environ.get("TRADEPOST_TEST_SHOTS", "")
"""A folder for pictures of what people see. The browser complains of what it puts on the page for a picture, so that a walk that is
photographed fails at its end."""
EVIDENCE: Any = {"name": "done.pdf", "mimeType": "application/pdf", "buffer": PDF}


@contextmanager
def chromium_beside_django(chromium: str) -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread; the database is used between its calls, never within them."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with browsing(chromium) as browser:
            yield browser
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def here(live_server: Any, folder: Path, **people: User) -> Market:
    """The market of the test, with people of the factories by their roles."""
    made = {role: user.email for role, user in people.items()}
    made |= {f"{role} password": PASSWORD for role in people}
    port = urlsplit(live_server.url).port
    assert port is not None
    return Market(folder, "", cast("Any", None), port=port, made=made)


def look(person: Person, name: str) -> None:
    """Take a picture where somebody asked for pictures."""
    if SHOTS:
        number = len(list(Path(SHOTS).glob("*.png"))) + 1
        person.page.screenshot(path=Path(SHOTS) / f"{number:02}-{name}.png", full_page=True)


def buys(buyer: Person, product: Product, plan: str) -> str:
    """By the form and the pay button; the number of the order."""
    buyer.go(f"/checkout/{product.pk}/?plan={plan}")
    buyer.page.locator("#agreed").check()
    buyer.press("Place the order")
    expect(buyer.page).to_have_url(re.compile("/orders/CS"))
    buyer.press("Pay")
    found = re.search("/orders/([^/]+)/", buyer.page.url)
    assert found is not None
    return found[1]


def acts(person: Person, act: str, *, evidence: bool = False, **said: str) -> None:
    """Fill in the form of this act on the open page of a delivery, and send it."""
    for code, words in said.items():
        person.page.locator(f"#{act}-{code}").fill(words)
    look(person, act)
    button = person.page.locator(f'button[name="act"][value="{act}"]')
    if evidence:
        form = person.page.locator("form").filter(has=button)
        form.locator('[name="proof_0_file"]').set_input_files(EVIDENCE)
    button.click()
    expect(person.page.locator("body")).to_contain_text("Done. Both sides see it here.")
