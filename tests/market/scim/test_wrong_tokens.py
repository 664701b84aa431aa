"""Wrong tokens of a directory are limited by network; a valid token is never refused because of them (issue 25, item
9).
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.market.scim.directory import make_directory
from tradepost.market.base import clock
from tradepost.market.identity.limits import WRONG_TOKENS

pytestmark = pytest.mark.django_db


def test_wrong_tokens_of_one_network_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "wall", lambda: at)
    directory = make_directory()
    statuses = [directory.ask("GET", "Users", secret=f"tps_{n}").status_code for n in range(WRONG_TOKENS.most + 5)]
    assert statuses == [401] * WRONG_TOKENS.most + [429] * 5
    assert directory.ask("GET", "Users").status_code == 200
