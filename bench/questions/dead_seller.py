"""How much later does a buyer see a service's page if the seller's server never answers?

A browser opens the same service of a running demo, with the sample seller answering and paused (saas-v2 §3.2). The page
is displayed at its load event, and complete once it shows the age of the access data.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.programs import ProgramFailed
from bench.questions.first_page import COMMAND, demo_in
from tests import machine
from tests.browser.people import browsing

BOUND = 2.0
"""Maximum seconds with a dead seller (issue 26, must show 3)."""
CONFIRMED, SILENT = "Last confirmed by the seller", "The seller's system is not responding"
EMAIL, PASSWORD = "buyer@lantian.example", "buyer-sandbox"
"""The demo prints them when it starts."""
SERVICE = "Qingxie Sign-in"
"""The demo buyer's active service of the sample seller."""


def measure(scale: Scale, say: Say) -> Answer:
    chromium = machine.find_chromium()
    if chromium is None:
        raise ProgramFailed("chromium is not installed")
    runs = Runs(say)
    with demo_in() as (url, data), browsing(chromium) as browser:
        page = browser.new_context(locale="en", base_url=url).new_page()
        page.goto("/account/login/")
        page.fill("[name=login]", EMAIL)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"{url}/")
        for _ in range(scale.repeats):
            for seller, says in (("answers", CONFIRMED), ("is silent", SILENT)):
                _run(data, "demo", "pause-seller" if says == SILENT else "resume-seller")
                _run(data, "clock", "advance", "2m")  # a service is queried once a minute
                shown, complete = _open(page, says)
                runs.add(f"page, seller {seller}", shown, "s")
                runs.add(f"complete, seller {seller}", complete, "s")
    delay = runs.value("complete, seller is silent") - runs.value("complete, seller answers")
    return Answer(
        name="dead-seller",
        title="a service's page in a browser while its seller answers, and while it accepts connections and stays silent",
        ratios=(runs.ratio("the page with an answering seller", "page, seller is silent", "page, seller answers"),),
        figures=runs.figures(),
        needs=(
            Need(text="s later complete", reached=delay, bound=BOUND, at_most=True),
            Need(
                text="s later shown",
                reached=runs.value("page, seller is silent") - runs.value("page, seller answers"),
                bound=BOUND,
                at_most=True,
            ),
        ),
    )


def _open(page: Page, says: str) -> tuple[float, float]:
    """Return the seconds until the service's page is loaded, and until it shows the age of its access data."""
    page.goto("/services/")
    link = page.get_by_role("link", name=SERVICE).first
    begun = time.monotonic()
    link.click()
    page.wait_for_load_state("load")
    page.locator("[id^=sf-access-live]").wait_for()
    shown = time.monotonic() - begun
    page.locator("[id^=sf-access-live]", has_text=says).wait_for(timeout=30_000)
    return shown, time.monotonic() - begun


def _run(data: Path, *arguments: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    kept["TRADEPOST_DATA"] = str(data)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments], env=kept, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise ProgramFailed(f"tradepost {' '.join(arguments)}: {done.stderr[-1000:]}")
