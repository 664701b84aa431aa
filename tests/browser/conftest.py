"""One running market and one browser for the tests of a module.

Imports are inside the functions: pytest may read this file before the data folder of the tests is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.running import Market


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Market]:
    from tests.browser import running
    from tests.conftest import DATABASE
    from tests.postgres import new_database

    name = request.module.__name__.rpartition(".")[2]
    database = new_database(f"browser_{name}") if DATABASE == "postgres" else ""
    with running.market(tmp_path_factory.mktemp("market"), database) as started:
        yield started


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    from tests.browser.people import browsing

    with browsing(chromium) as started:
        yield started
