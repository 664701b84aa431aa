"""issue 27, 13: every page of every role without an accessibility fault (``measuring``): two languages, two themes,
three widths.

The pages are those that a walk over the links of a market reaches (``test_walk``), with no, one or many objects, and
the responses to empty forms. ``test_pages`` checks a running market, whose pages have more states.
``scripts/accessibility.py`` runs both at full size and prints a report.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.browser.looking import windows
from tests.browser.people import browsing
from tests.browser.rendered import KeepingWalk
from tests.market.larger_world import LargerWorld
from tests.market.site_walk import LANGUAGES, OF_VISITS, ROLES
from tests.market.site_walk import world as world  # noqa: PLC0414  # a fixture
from tests.sampling import SOAK, rank, sample

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]
SHARE = 1 / 32
"""Share of a role's pages that a run outside a soak checks, each in one language."""
REPORT = "TRADEPOST_TEST_REPORT"
"""Name of the environment variable with the folder for the report."""


@pytest.mark.parametrize("role", [*ROLES, *OF_VISITS])
def test_every_page_is_accessible(world: LargerWorld, chromium: str, role: str) -> None:
    walk = KeepingWalk(world, role)
    walk.go()
    pages = sample([*walk.pages_seen.values(), *walk.refused()], family=lambda page: bool(page.state), share=SHARE)
    faults: list[str] = []
    # Only now: Playwright's event loop in this thread would give Django another connection.
    with browsing(chromium) as browser, windows(browser) as opened:
        for page in pages:
            known = [language for language in LANGUAGES if language in page.sources]
            for language in known if SOAK else [known[rank(page.name) % len(known)]]:
                faults += opened.faults(page, language, walk.fragments)
    report(role, len(pages), faults)
    assert pages
    assert not faults, "\n".join(["", *faults])


def report(role: str, looked_at: int, faults: list[str]) -> None:
    if folder := os.environ.get(REPORT):
        found = {"role": role, "pages": looked_at, "faults": faults}
        Path(folder, f"{role.replace(' ', '-')}.json").write_text(json.dumps(found, ensure_ascii=False))
