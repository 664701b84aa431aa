"""A code in the customer's software: queried once a day, and running while the market is down (saas-v1-license §B2.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tradepost.kit.client import MarketError
from tradepost.kit.license_code import LicensedCode
from tradepost.protocols.open_api.license_calls import LicenseInfo
from tradepost.protocols.open_api.software_usage import SoftwareUsage

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
END = START + 30 * DAY


@dataclass
class Shop:
    """A market with one code. ``trouble``: the error that it answers instead."""

    status: str = "TAKEN"
    trouble: str = ""
    asked: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    now: datetime = START

    def _may(self, what: str) -> None:
        self.asked.append(what)
        if self.trouble:
            raise MarketError(self.trouble, "not now", status=200)

    def activate_license(self, code: str) -> LicenseInfo:
        self._may("activate")
        if self.status == "ISSUED":
            raise MarketError("92020004", "can not active before user received.", status=200)
        if self.status != "TAKEN":
            raise MarketError("92020003", "illegal state", status=200)
        self.status = "ALIVE"
        return self.license(code)

    def license(self, code: str) -> LicenseInfo:
        self._may("query")
        if self.status in {"ISSUED", "TAKEN"}:
            raise MarketError("92020011", "license code has been not activated.", status=200)
        return LicenseInfo(license_code=code, status=self.status, expires_at=END)

    def report_software_usage(self, usages: Sequence[SoftwareUsage]) -> tuple[str, ...]:
        self._may("report")
        self.clients += usages[0].clients
        return ()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def started(shop: Shop, tmp_path: Path) -> Callable[[], LicensedCode]:
    """Return the software after a restart."""
    return lambda: LicensedCode(shop, "PL1", tmp_path / "license.json", clock=lambda: shop.now)


def test_code_is_activated_once_and_queried_once_a_day(shop: Shop, started: Callable[[], LicensedCode]) -> None:
    standing = started().check()
    assert (standing.usable, standing.status, standing.expires_at) == (True, "ALIVE", END)
    assert shop.asked.count("activate") == 1
    shop.asked.clear()
    shop.now += timedelta(hours=3)
    assert started().check().usable
    assert shop.asked == []
    shop.now += DAY
    assert started().check().usable
    assert shop.asked == ["query"]


def test_expired_code_stops_and_runs_again_after_the_renewal(shop: Shop, started: Callable[[], LicensedCode]) -> None:
    started().check()
    shop.now, shop.status = shop.now + DAY, "EXPIRED"
    assert (started().check().usable, started().check().status) == (False, "EXPIRED")
    shop.status = "ALIVE"
    assert started().check().usable, "of what is not alive it asks each time"
    shop.now, shop.status = shop.now + DAY, "RELEASED"
    assert not started().check().usable


@pytest.mark.parametrize(("days", "usable"), [(6, True), (7, True), (8, False)])
def test_software_runs_for_a_week_without_the_market(
    days: int, usable: bool, shop: Shop, started: Callable[[], LicensedCode]
) -> None:
    started().check()
    shop.now, shop.trouble = shop.now + days * DAY, "unreachable"
    standing = started().check()
    assert (standing.usable, "not now" in standing.trouble) == (usable, True)


def test_unknown_or_untaken_code_does_not_run(shop: Shop, started: Callable[[], LicensedCode]) -> None:
    shop.status = "ISSUED"
    assert (started().check().usable, "user received" in started().check().trouble) == (False, True)
    shop.status = "TAKEN"
    assert started().check().usable
    shop.now, shop.trouble = shop.now + DAY, "92020005"
    assert not started().check().usable, "the market knows no such code any more"


def test_activation_with_a_lost_response_shows_in_the_query(shop: Shop, started: Callable[[], LicensedCode]) -> None:
    shop.status = "ALIVE"
    assert started().check().usable
    assert "activate" not in shop.asked


def test_clients_are_reported_once_a_day_and_later_after_an_outage(
    shop: Shop, started: Callable[[], LicensedCode]
) -> None:
    started().used_by("a", "b", "a", "")
    started().used_by("a")
    assert shop.clients == ["a", "b"]
    shop.trouble = "unreachable"
    assert started().used_by("c").usable
    shop.trouble = ""
    started().used_by("a")
    assert shop.clients == ["a", "b", "c"]
    shop.now += DAY
    started().used_by("a")
    assert shop.clients == ["a", "b", "c", "a"]
    shop.now, shop.status = shop.now + DAY, "EXPIRED"
    started().used_by("z")
    assert "z" not in shop.clients


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"code": "PL2", "status": "ALIVE"}', '{"code": "PL1", "asked_at": "x"}', '{"other": 1}']
)
def test_invalid_file_is_queried_again(
    text: str, shop: Shop, started: Callable[[], LicensedCode], tmp_path: Path
) -> None:
    (tmp_path / "license.json").write_text(text)
    assert started().check().usable
    assert "activate" in shop.asked
