"""Dates as digits (saas-v2 §3.2, §3.3) and fresh timestamps (saas-v2 §2.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.freshness import NONCE_KEPT, epoch_ms, is_fresh, read_epoch_ms
from tradepost.protocols.wire_time import dump_milliseconds, dump_seconds, load_digits

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_time_is_written_in_utc():
    beijing = datetime(2026, 7, 1, 20, 0, 1, 234567, tzinfo=timezone(timedelta(hours=8)))
    assert (dump_seconds(beijing), dump_milliseconds(beijing)) == ("20260701120001", "20260701120001234")


def test_early_years_keep_four_digits():
    assert dump_seconds(datetime(7, 1, 2, tzinfo=UTC)) == "00070102000000"


def test_naive_time_is_refused():
    with pytest.raises(ValueError, match="must be aware"):
        dump_seconds(datetime(2026, 7, 1))  # noqa: DTZ001


def test_expire_time_is_read_with_14_or_17_digits():
    assert load_digits("20221124023618") == datetime(2022, 11, 24, 2, 36, 18, tzinfo=UTC)
    assert load_digits("20221124023618256") == datetime(2022, 11, 24, 2, 36, 18, 256000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "2022112402361", "202211240236182", "20221324023618", "20220230000000", "20220101000060", "٢" * 14, " " * 14],
)
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError):
        load_digits(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_survive_the_wire(moment):
    assert load_digits(dump_milliseconds(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    ("offset", "fresh"), [(0, True), (-60_000, True), (60_000, True), (-60_001, False), (60_001, False)]
)
def test_timestamp_is_fresh_within_60_seconds_in_both_directions(offset, fresh):
    assert is_fresh(epoch_ms(NOON) + offset, NOON) is fresh


def test_epoch_milliseconds_are_exact():
    assert epoch_ms(datetime(2023, 4, 3, 7, 47, 46, 618999, tzinfo=UTC)) == 1680508066618


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", " 1", "１２", "9" * 20, "x"])
def test_timestamp_is_plain_digits(text):
    assert read_epoch_ms(text) is None


def test_nonce_is_kept_longer_than_its_timestamp_is_fresh():
    assert timedelta(seconds=120) < NONCE_KEPT
