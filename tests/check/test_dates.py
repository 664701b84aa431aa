"""Dates that a seller shows are compared with those that it received (saas-v2 §3.3: expireTime is UTC and absolute)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tradepost.check.dates import date_mistake, dates_in

TOLD = datetime(2027, 1, 8, 15, 37, 53)  # noqa: DTZ001  as it is written


@pytest.mark.parametrize(
    "text",
    [
        "until 2027-01-08 15:37:53 UTC",
        "2027/01/08 15:37:53",
        "2027-01-08T15:37:53Z",
        "expires=20270108153753",
        "expires=20270108153753000",
        "到期：2027年01月08日 15时37分53秒",
    ],
)
def test_date_is_found_in_every_format(text):
    assert list(dates_in({"info": [{"appInfo": {"memo": text}}]})) == [TOLD]


@pytest.mark.parametrize("text", ["13800138000", "2027-13-45 99:99:99", "2027-01-08", "id 1234567890123456789012"])
def test_other_digits_are_not_dates(text):
    assert list(dates_in(text)) == []


@pytest.mark.parametrize(
    ("away", "name"),
    [
        (timedelta(0), ""),
        (timedelta(hours=8), "local_time_expiry"),
        (timedelta(hours=-8), "local_time_expiry"),
        (timedelta(hours=5, minutes=30), "local_time_expiry"),
        (timedelta(hours=-12), "twelve_hour_clock"),
        (timedelta(hours=8, seconds=1), ""),
        (timedelta(days=30), ""),
    ],
)
def test_only_the_sent_minute_and_second_count(away, name):
    assert date_mistake(TOLD + away, TOLD) == name
