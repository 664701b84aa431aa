"""Whether a record counts: every reason, in its order (design money.md §4; business-rules §4.8, openapi-jointkit §C.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tradepost.market.base.values import replace
from tradepost.market.metering.judge import Code, Instance, Refusal, Repeated, Rule, Stored, judge, settle
from tradepost.protocols.open_api.usage_items import BadItem, Item

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
RULE = Rule(max_age=timedelta(days=21), skew=timedelta(seconds=60))
HOUR = timedelta(hours=1)
ITEM = Item(0, "i-1", NOW - 2 * HOUR, NOW - HOUR, 10_000, "sn-1")
OPEN = Instance(
    subscription=7, product_id="OFFI1", counted=True, retired=False, started_at=datetime(2026, 1, 1, tzinfo=UTC)
)
PACKAGE = replace(OPEN, subscription=8, counted=False)


def said(item=ITEM, known=OPEN, package=None) -> str:
    refusal = judge(item, known, package, rule=RULE, now=NOW)
    return refusal.code if refusal else ""


@pytest.mark.parametrize("code", ["001", "002", "003", "004"])
def test_what_cannot_be_read_is_told_first(code: str) -> None:
    assert judge(BadItem(0, code, "f", "i-1"), None, None, rule=RULE, now=NOW) == Refusal(Code(code), "f")


@pytest.mark.parametrize(
    ("item", "known", "code"),
    [
        (ITEM, OPEN, ""),
        # §4.8: 009 not your instance; nor the product of another, nor a package that is none of this buyer's
        (ITEM, None, "009"),
        (ITEM._replace(product_id="OFFI2"), OPEN, "009"),
        (ITEM._replace(product_id="OFFI1"), OPEN, ""),
        (ITEM._replace(package_instance_id="p-1"), OPEN, "009"),
        (ITEM, replace(OPEN, counted=False), "012"),
        # C.5 rule 3: begin ≤ end ≤ now; clocks of sellers run ahead by a minute
        (ITEM._replace(begin_at=ITEM.end_at + timedelta(seconds=1)), OPEN, "011"),
        (ITEM._replace(begin_at=ITEM.end_at), OPEN, ""),
        (ITEM._replace(end_at=NOW + timedelta(seconds=60)), OPEN, ""),
        (ITEM._replace(end_at=NOW + timedelta(seconds=61)), OPEN, "011"),
        # C.5 rule 5: at most 21 days in the past
        (ITEM._replace(begin_at=NOW - timedelta(days=21)), OPEN, ""),
        (ITEM._replace(begin_at=NOW - timedelta(days=21, seconds=1)), OPEN, "007"),
        # C.5 rule 3: resource start ≤ begin, which has no microseconds
        (ITEM, replace(OPEN, started_at=ITEM.begin_at + timedelta(microseconds=999_999)), ""),
        (ITEM, replace(OPEN, started_at=ITEM.begin_at + timedelta(seconds=1)), "015"),
        # C.5 rule 3: after closing end ≤ closing time
        (ITEM, replace(OPEN, closed_at=ITEM.end_at), ""),
        (ITEM, replace(OPEN, closed_at=ITEM.end_at - timedelta(seconds=1)), "014"),
        # §4.8: 013 instance state
        (ITEM, replace(OPEN, frozen_at=ITEM.end_at), ""),
        (ITEM, replace(OPEN, frozen_at=ITEM.end_at - timedelta(seconds=1)), "013"),
        (ITEM, replace(OPEN, started_at=None), "013"),
        (ITEM, replace(OPEN, retired=True), "006"),
    ],
)
def test_each_reason_at_its_edge(item: Item, known: Instance | None, code: str) -> None:
    assert said(item, known) == code


def test_a_package_of_the_buyer_may_be_named() -> None:
    """saas-v2 §3.9: relate_pkg_instance."""
    assert said(ITEM._replace(package_instance_id="p-1"), package=PACKAGE) == ""


def test_of_several_reasons_the_first_is_told() -> None:
    """009, 012, 011, 007, 015, 014, 013, 006: each is told once those before it are mended."""
    item = ITEM._replace(begin_at=NOW - timedelta(days=30), end_at=NOW + HOUR)
    late = NOW + timedelta(days=1)
    known = replace(
        OPEN, counted=False, retired=True, started_at=late, closed_at=OPEN.started_at, frozen_at=OPEN.started_at
    )
    told = [said(item, None), said(item, known)]
    known = replace(known, counted=True)
    told.append(said(item, known))
    item = item._replace(end_at=NOW)
    told.append(said(item, known))
    item = item._replace(begin_at=NOW - HOUR)
    told.append(said(item, known))
    known = replace(known, started_at=OPEN.started_at)
    told.append(said(item, known))
    known = replace(known, closed_at=None)
    told.append(said(item, known))
    known = replace(known, frozen_at=None)
    told.append(said(item, known))
    assert told == ["009", "012", "011", "007", "015", "014", "013", "006"]


SAME = Stored(1, 7, ITEM.begin_at, ITEM.end_at, "sn-1", 10_000)


@pytest.mark.parametrize(
    ("item", "same_sn", "same_window", "expected"),
    [
        (ITEM, None, None, None),
        (ITEM, SAME, SAME, Repeated(SAME)),
        # sn reused for other usage is not a duplicate: the kit would take lost usage for accepted (money.md §9)
        (ITEM._replace(begin_at=ITEM.begin_at - HOUR), SAME, None, Refusal(Code.SN_REUSED, "metering_sn")),
        (ITEM, SAME._replace(subscription=9), None, Refusal(Code.SN_REUSED, "metering_sn")),
        # C.5 rule 4: the same instance and times again is a duplicate, only the first is processed
        (ITEM._replace(metering_sn="sn-2"), None, SAME, Refusal(Code.WINDOW_TAKEN, "begin_time")),
        (ITEM._replace(quantity=1), SAME, SAME, Refusal(Code.WINDOW_TAKEN, "begin_time", differs=True)),
        (ITEM._replace(metering_sn="sn-2", quantity=1), None, SAME, Refusal(Code.WINDOW_TAKEN, "begin_time", differs=True)),
        (ITEM._replace(metering_sn=""), None, SAME, Repeated(SAME)),
        (ITEM._replace(metering_sn="", quantity=1), None, SAME, Refusal(Code.WINDOW_TAKEN, "begin_time", differs=True)),
    ],
)  # fmt: skip
def test_beside_what_counts_already(item, same_sn, same_window, expected) -> None:
    assert settle(item, 7, same_sn, same_window) == expected


def test_codes_on_the_wire() -> None:
    """saas-v1-license A2.9: 006 … 015 behind 94060; 94060001 … 5 mean other things for the call (C.5)."""
    assert [code.on_the_wire for code in Code] == [
        "001", "002", "003", "004", "005", "94060006", "94060007", "94060009", "94060010", "94060011", "94060012",
        "94060013", "94060014", "94060015",
    ]  # fmt: skip
