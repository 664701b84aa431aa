"""The console can move the clock of a sandbox, but not of a real market."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_operator
from tradepost.market.base import clock, config
from tradepost.market.base.models import SandboxClock

pytestmark = pytest.mark.django_db

PAGE = "console:clock"


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


@pytest.fixture
def real_market(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRADEPOST_SANDBOX", "false")
    config.config.cache_clear()
    yield
    monkeypatch.undo()
    config.config.cache_clear()


@pytest.mark.parametrize(
    ("typed", "distance"),
    [
        ("1h", timedelta(hours=1)), ("1d", timedelta(days=1)), ("30d", timedelta(days=30)), (" 90 M ", timedelta(minutes=90)),
        ("2w", timedelta(weeks=2)),
    ],
)  # fmt: skip
def test_clock_advances_by_the_distance(console: Client, typed: str, distance: timedelta) -> None:
    before = clock.now()
    assert console.post(reverse(PAGE), {"distance": typed}).status_code == 302
    target = clock.target()
    assert target is not None
    assert timedelta() <= target - before - distance < timedelta(seconds=30)


@pytest.mark.parametrize("typed", ["", "0d", "-1d", "tomorrow", "30", "999999d", "1d; drop"])
def test_invalid_distance_is_refused_and_moves_nothing(console: Client, typed: str) -> None:
    page = console.post(reverse(PAGE), {"distance": typed})
    assert page.status_code == 422
    assert page.context["form"].errors
    assert clock.target() is None


def test_page_polls_until_the_clock_has_arrived(console: Client) -> None:
    console.post(reverse(PAGE), {"distance": "1d"})
    start = clock.now()
    hands = reverse("console:clock_hands")
    moving = console.get(hands, {"from": str(start.timestamp())}).content.decode()
    assert "Moving to" in moving
    assert 'hx-trigger="every 1s"' in moving
    assert 'value="0"' in moving

    clock.jump(start + timedelta(hours=12))
    assert 'value="50"' in console.get(hands, {"from": str(start.timestamp())}).content.decode()

    clock.jump(start + timedelta(days=1, minutes=1))
    arrived = console.get(hands, {"from": "nonsense"}).content.decode()
    assert "hx-get" not in arrived
    assert "<progress" not in arrived


def test_real_market_refuses_and_says_why(console: Client, real_market: None) -> None:
    page = console.get(reverse(PAGE))
    assert "The clock of a production market cannot be moved" in page.content.decode()
    assert 'name="distance"' not in page.content.decode()

    refused = console.post(reverse(PAGE), {"distance": "1d"})
    assert refused.status_code == 422
    assert "This is a real market" in refused.content.decode()
    assert not SandboxClock.objects.exists()
