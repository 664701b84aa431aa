"""Validation of a record: every reason for a refusal, in its order (design money.md §4; business-rules §4.8, openapi-jointkit §C.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tradepost.market.base.values import replace
from tradepost.market.metering.judge import Code, Instance, Refusal, Repeated, Rule, Stored, check_item, find_conflict
from tradepost.protocols.open_api.usage_items import BadItem, Item

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
RULE = Rule(max_age=timedelta(days=21), skew=timedelta(seconds=60))
HOUR = timedelta(hours=1)
ITEM = Item(0, "i-1", NOW - 2 * HOUR, NOW - HOUR, 10_000, "sn-1")
OPEN_INSTANCE = Instance(
    subscription=7, product_id="OFFI1", counted=True, retired=False, started_at=datetime(2026, 1, 1, tzinfo=UTC)
)
PACKAGE = replace(OPEN_INSTANCE, subscription=8, counted=False)


def refusal_code(item=ITEM, known=OPEN_INSTANCE, package=None) -> str:
    refusal = check_item(item, known, package, rule=RULE, now=NOW)
    return refusal.code if refusal else ""


@pytest.mark.parametrize("code", ["001", "002", "003", "004"])
def test_unreadable_record_is_refused_first(code: str) -> None:
    assert check_item(BadItem(0, code, "f", "i-1"), None, None, rule=RULE, now=NOW) == Refusal(Code(code), "f")


@pytest.mark.parametrize(
    ("item", "known", "code"),
    [
        (ITEM, OPEN_INSTANCE, ""),
        # §4.8: 009 not your instance; also for another product, and for a package of another buyer
        (ITEM, None, "009"),
        (ITEM._replace(product_id="OFFI2"), OPEN_INSTANCE, "009"),
        (ITEM._replace(product_id="OFFI1"), OPEN_INSTANCE, ""),
        (ITEM._replace(package_instance_id="p-1"), OPEN_INSTANCE, "009"),
        (ITEM, replace(OPEN_INSTANCE, counted=False), "012"),
        # C.5 rule 3: begin ≤ end ≤ now; clocks of sellers run ahead by a minute
        (ITEM._replace(begin_at=ITEM.end_at + timedelta(seconds=1)), OPEN_INSTANCE, "011"),
        (ITEM._replace(begin_at=ITEM.end_at), OPEN_INSTANCE, ""),
        (ITEM._replace(end_at=NOW + timedelta(seconds=60)), OPEN_INSTANCE, ""),
        (ITEM._replace(end_at=NOW + timedelta(seconds=61)), OPEN_INSTANCE, "011"),
        # C.5 rule 5: at most 21 days in the past
        (ITEM._replace(begin_at=NOW - timedelta(days=21)), OPEN_INSTANCE, ""),
        (ITEM._replace(begin_at=NOW - timedelta(days=21, seconds=1)), OPEN_INSTANCE, "007"),
        # C.5 rule 3: resource start ≤ begin, which has no microseconds
        (ITEM, replace(OPEN_INSTANCE, started_at=ITEM.begin_at + timedelta(microseconds=999_999)), ""),
        (ITEM, replace(OPEN_INSTANCE, started_at=ITEM.begin_at + timedelta(seconds=1)), "015"),
        # C.5 rule 3: after closing end ≤ closing time
        (ITEM, replace(OPEN_INSTANCE, closed_at=ITEM.end_at), ""),
        (ITEM, replace(OPEN_INSTANCE, closed_at=ITEM.end_at - timedelta(seconds=1)), "014"),
        # §4.8: 013 instance state
        (ITEM, replace(OPEN_INSTANCE, frozen_at=ITEM.end_at), ""),
        (ITEM, replace(OPEN_INSTANCE, frozen_at=ITEM.end_at - timedelta(seconds=1)), "013"),
        (ITEM, replace(OPEN_INSTANCE, started_at=None), "013"),
        (ITEM, replace(OPEN_INSTANCE, retired=True), "006"),
    ],
)
def test_each_reason_at_its_boundary(item: Item, known: Instance | None, code: str) -> None:
    assert refusal_code(item, known) == code


def test_package_of_the_buyer_can_be_named() -> None:
    """saas-v2 §3.9: relate_pkg_instance."""
    assert refusal_code(ITEM._replace(package_instance_id="p-1"), package=PACKAGE) == ""


def test_first_of_several_reasons_is_reported() -> None:
    """009, 012, 011, 007, 015, 014, 013, 006: each is reported when the reasons before it are corrected."""
    item = ITEM._replace(begin_at=NOW - timedelta(days=30), end_at=NOW + HOUR)
    late = NOW + timedelta(days=1)
    known = replace(
        OPEN_INSTANCE,
        counted=False,
        retired=True,
        started_at=late,
        closed_at=OPEN_INSTANCE.started_at,
        frozen_at=OPEN_INSTANCE.started_at,
    )
    codes = [refusal_code(item, None), refusal_code(item, known)]
    known = replace(known, counted=True)
    codes.append(refusal_code(item, known))
    item = item._replace(end_at=NOW)
    codes.append(refusal_code(item, known))
    item = item._replace(begin_at=NOW - HOUR)
    codes.append(refusal_code(item, known))
    known = replace(known, started_at=OPEN_INSTANCE.started_at)
    codes.append(refusal_code(item, known))
    known = replace(known, closed_at=None)
    codes.append(refusal_code(item, known))
    known = replace(known, frozen_at=None)
    codes.append(refusal_code(item, known))
    assert codes == ["009", "012", "011", "007", "015", "014", "013", "006"]


STORED_RECORD = Stored(1, 7, ITEM.begin_at, ITEM.end_at, "sn-1", 10_000)


@pytest.mark.parametrize(
    ("item", "same_sn", "same_window", "expected"),
    [
        (ITEM, None, None, None),
        (ITEM, STORED_RECORD, STORED_RECORD, Repeated(STORED_RECORD)),
        # sn reused for other usage is not a duplicate: the kit would treat lost usage as accepted (money.md §9)
        (ITEM._replace(begin_at=ITEM.begin_at - HOUR), STORED_RECORD, None, Refusal(Code.SN_REUSED, "metering_sn")),
        (ITEM, STORED_RECORD._replace(subscription=9), None, Refusal(Code.SN_REUSED, "metering_sn")),
        # C.5 rule 4: the same instance and times again is a duplicate, only the first is processed
        (ITEM._replace(metering_sn="sn-2"), None, STORED_RECORD, Refusal(Code.WINDOW_TAKEN, "begin_time")),
        (ITEM._replace(quantity=1), STORED_RECORD, STORED_RECORD, Refusal(Code.WINDOW_TAKEN, "begin_time", differs=True)),
        (ITEM._replace(metering_sn="sn-2", quantity=1), None, STORED_RECORD, Refusal(Code.WINDOW_TAKEN, "begin_time", differs=True)),
        (ITEM._replace(metering_sn=""), None, STORED_RECORD, Repeated(STORED_RECORD)),
        (ITEM._replace(metering_sn="", quantity=1), None, STORED_RECORD, Refusal(Code.WINDOW_TAKEN, "begin_time", differs=True)),
    ],
)  # fmt: skip
def test_record_is_compared_with_stored_records(item, same_sn, same_window, expected) -> None:
    assert find_conflict(item, 7, same_sn, same_window) == expected


def test_codes_on_the_wire() -> None:
    """saas-v1-license A2.9: 006 … 015 behind 94060; 94060001 … 5 mean other things for the call (C.5)."""
    assert [code.on_the_wire for code in Code] == [
        "001", "002", "003", "004", "005", "94060006", "94060007", "94060009", "94060010", "94060011", "94060012",
        "94060013", "94060014", "94060015",
    ]  # fmt: skip
