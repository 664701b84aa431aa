"""Grace and retention of services that were not renewed: every level, and other settings that decide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tradepost.market.base.config import Config
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import Level, User
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until, renewed_end, service_end_of
from tradepost.market.subscriptions.settings_of import levels

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
END = datetime(2027, 3, 8, 10, 30, tzinfo=ZONE)


def make_service(level: str = "", *, trial: bool = False, **fields: Any) -> Subscription:
    """Return an unsaved service of one month."""
    offer = Offer(charging_mode="PERIOD", period_type="month", trial=trial)
    values: dict[str, Any] = {"status": "active", "started_at": datetime(2027, 2, 8, 10, 30, tzinfo=ZONE)}
    return Subscription(
        buyer=User(level=level),
        product=Product(product_type="SAAS"),
        offer=offer,
        **(values | {"expires_at": END} | fields),
    )


@pytest.mark.parametrize(
    ("level", "grace", "release"),
    [
        ("V0", 1, datetime(2027, 3, 10, 10, 30, tzinfo=ZONE)),
        ("V1", 1, datetime(2027, 3, 16, 10, 30, tzinfo=ZONE)),
        ("V2", 1, datetime(2027, 3, 16, 10, 30, tzinfo=ZONE)),
        ("V3", 7, datetime(2027, 3, 22, 10, 30, tzinfo=ZONE)),
        ("V4", 7, datetime(2027, 3, 30, 10, 30, tzinfo=ZONE)),
        ("V5", 7, datetime(2027, 3, 30, 10, 30, tzinfo=ZONE)),
        ("", 1, datetime(2027, 3, 10, 10, 30, tzinfo=ZONE)),
    ],
)
def test_each_level_has_its_grace_and_retention(level: str, grace: int, release: datetime) -> None:
    """operations.md §4 "Life"; business-rules §4.4: frozen at E + grace, released at E + grace + retention."""
    ending = service_end_of(make_service(level))
    assert ending is not None
    assert (ending.freezes_at, ending.releases_at) == (END + grace * DAY, release)
    assert renewable_until(make_service(level)) == release


def test_month_bought_in_the_retention_counts_from_the_end() -> None:
    """operations.md §4 "Life": 04-08 10:30; business-rules §4.4."""
    late = make_service("V5", freeze_at=END + 7 * DAY, release_at=END + 22 * DAY, status="frozen")
    assert renewed_end(late, "month", 1) == datetime(2027, 4, 8, 10, 30, tzinfo=ZONE)


def test_changed_level_does_not_affect_a_running_grace() -> None:
    """operations.md §7."""
    late = make_service("V5", freeze_at=END + DAY, release_at=END + 2 * DAY)
    assert service_end_of(late) == service_end_of(make_service("V0"))
    assert renewable_until(late) == END + 2 * DAY


def test_trial_has_no_grace() -> None:
    """operations.md §7: trial grace 0."""
    ending = service_end_of(make_service("V3", trial=True))
    assert ending is not None
    assert (ending.freezes_at, ending.releases_at) == (END, END + 7 * DAY)
    assert renewable_until(make_service("V3", trial=True)) is None


def test_service_that_its_buyer_does_not_keep_is_released_at_its_end() -> None:
    """business-rules §4.5, but not where a renewal is paid after all."""
    unwanted = make_service("V5", at_expiry=Subscription.AtExpiry.END)
    ending = service_end_of(unwanted)
    assert ending is not None
    assert (ending.freezes_at, ending.releases_at) == (END, END)
    assert service_end_of(unwanted, renewing=True) == service_end_of(make_service("V5"))
    assert service_end_of(make_service("V5", at_expiry=Subscription.AtExpiry.RENEW)) == service_end_of(
        make_service("V5")
    )


def test_announced_release_is_never_moved_earlier() -> None:
    """operations.md §2, ``release_at``."""
    subscription = make_service("V0", release_at=END + 15 * DAY)
    ending = service_end_of(subscription)
    assert ending is not None
    assert ending.releases_at == END + 15 * DAY


def test_service_without_an_end_never_expires() -> None:
    assert service_end_of(make_service(expires_at=None)) is None
    assert renewable_until(make_service(expires_at=None)) is None
    assert renewable_until(make_service(status="released")) is None


def test_settings_override_levels_for_this_market(settings) -> None:
    settings.DEFAULT_LEVEL, settings.PERIOD_GRACE_DAYS, settings.PERIOD_RETENTION_DAYS = "V4", (0,) * 6, (15,) * 6
    ending = service_end_of(make_service())
    assert levels().level("") is Level.V4
    assert ending is not None
    assert (ending.freezes_at, ending.releases_at) == (END, END + 15 * DAY)


def test_settings_are_parsed(monkeypatch) -> None:
    """operations.md §3."""
    assert Config().subscriptions.period_grace_days == (1, 1, 1, 7, 7, 7)
    assert Config().subscriptions.period_retention_days == (1, 7, 7, 7, 15, 15)
    assert (Config().subscriptions.default_level, Config().subscriptions.remind_days) == ("V0", (15, 7, 1))
    monkeypatch.setenv("TRADEPOST_PERIOD_GRACE_DAYS", "0, 0,0,3,3,3")
    monkeypatch.setenv("TRADEPOST_REMIND_DAYS", "")
    assert Config().subscriptions.period_grace_days == (0, 0, 0, 3, 3, 3)
    assert Config().subscriptions.remind_days == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PERIOD_GRACE_DAYS", "1,1,1"), ("PERIOD_GRACE_DAYS", "1,1,1,1,1,-1"), ("PERIOD_RETENTION_DAYS", "1,1,1,1,1,366"),
        ("PERIOD_RETENTION_DAYS", "a"), ("REMIND_DAYS", "7,7"), ("REMIND_DAYS", "0"), ("DEFAULT_LEVEL", "V6"),
    ],
)  # fmt: skip
def test_meaningless_value_is_refused(monkeypatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TRADEPOST_{name}", value)
    with pytest.raises(ValidationError):
        Config()
