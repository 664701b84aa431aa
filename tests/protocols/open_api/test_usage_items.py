"""Records of a usage push, each judged separately (openapi-jointkit §C.5 rule 1; business-rules §4.8)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.open_api import usage_push
from tradepost.protocols.open_api.bodies import BadBody
from tradepost.protocols.open_api.usage_items import (
    EDITION_2018,
    NEW_EDITION,
    OLD_EDITION,
    BadItem,
    Edition,
    Item,
    load_items,
    quantity_of,
    read_time,
)

GOOD = {
    "instance_id": "i-1",
    "record_time": "20260101T010500Z",
    "begin_time": "20260101T000000Z",
    "end_time": "20260101T010000Z",
    "usage_value": "1.2500",
    "metering_sn": "m-1",
}
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)


def load(*items: object, edition: Edition = NEW_EDITION):
    return load_items(json.dumps({edition.listed: items}).encode(), edition)


def one(edition: Edition = NEW_EDITION, **changed: object):
    item = {name: value for name, value in (GOOD | changed).items() if value is not None}
    return load(item, edition=edition).items[0]


def test_valid_record_in_each_edition_sections_c_5_and_c_6() -> None:
    assert one() == Item(0, "i-1", BEGIN, END, 12_500, "m-1")
    assert one(relate_pkg_instance="p-1") == Item(0, "i-1", BEGIN, END, 12_500, "m-1", "p-1")
    assert one(OLD_EDITION, product_id="OFFI1") == Item(0, "i-1", BEGIN, END, 12_500, product_id="OFFI1")
    old = {
        "instanceId": "i-1",
        "recordTime": GOOD["record_time"],
        "beginTime": GOOD["begin_time"],
        "endTime": GOOD["end_time"],
    }
    assert load({**old, "usageEntity": {"times": "3524"}}, edition=EDITION_2018).items == (
        Item(0, "i-1", BEGIN, END, 35_240_000),
    )
    assert load({**old, "usageEntity": {"times": "1", "gb": "2"}}, edition=EDITION_2018).items[0][1:3] == (
        "003",
        "usageEntity",
    )


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"instance_id": None}, "001", "instance_id"),
        ({"instance_id": 7}, "001", "instance_id"),
        ({"instance_id": "i" * 65}, "001", "instance_id"),
        ({"instance_id": "i\x00"}, "001", "instance_id"),
        ({"instance_id": "\ud800"}, "001", "instance_id"),
        ({"relate_pkg_instance": ["p"]}, "001", "relate_pkg_instance"),
        ({"record_time": None}, "002", "record_time"),
        ({"begin_time": "2026-01-01 00:00"}, "002", "begin_time"),
        ({"begin_time": "20260101T000000"}, "002", "begin_time"),
        ({"end_time": "20261301T000000Z"}, "002", "end_time"),
        ({"end_time": "20260101T250000Z"}, "002", "end_time"),
        ({"end_time": 20260101}, "002", "end_time"),
        ({"usage_value": None}, "003", "usage_value"),
        ({"usage_value": "0"}, "003", "usage_value"),
        ({"usage_value": "-1"}, "003", "usage_value"),
        ({"usage_value": "1.00001"}, "003", "usage_value"),
        ({"usage_value": "100000000"}, "003", "usage_value"),
        ({"usage_value": "NaN"}, "003", "usage_value"),
        ({"usage_value": "1e3"}, "003", "usage_value"),
        ({"usage_value": "１"}, "003", "usage_value"),
        ({"usage_value": True}, "003", "usage_value"),
        ({"usage_value": 0.00001}, "003", "usage_value"),
        ({"usage_value": [1]}, "003", "usage_value"),
        ({"metering_sn": None}, "004", "metering_sn"),
        ({"metering_sn": " "}, "004", "metering_sn"),
        ({"metering_sn": "m" * 65}, "004", "metering_sn"),
        # The first code counts.
        ({"metering_sn": None, "usage_value": "0", "end_time": ""}, "002", "end_time"),
    ],
)
def test_invalid_record_has_its_code_and_the_others_are_accepted(changed, code, field) -> None:
    """business-rules §4.8: 001 instance missing, 002 time format, 003 usage, 004 no record ID."""
    bad = {name: value for name, value in (GOOD | changed).items() if value is not None}
    before, found, after = load(GOOD, bad, GOOD | {"metering_sn": "m-3"}).items
    assert isinstance(found, BadItem)
    assert (found.position, found.code, found.field) == (1, code, field)
    assert isinstance(before, Item)
    assert isinstance(after, Item)


@pytest.mark.parametrize("item", [None, 7, "text", [], {}])
def test_item_that_is_not_a_record_lacks_an_instance(item: object) -> None:
    loaded = load(item)
    assert loaded.items[0].code == "001"
    assert loaded.instances() == ()
    assert json.loads(loaded.as_text(0)) == item


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"usage_records":{}}', b'{"usage_records":[]}', b"\xff", b'{"usage_records":[NaN]}',
             json.dumps({"usage_records": [GOOD] * 1001}).encode(), b'{"usage_records":' + b"[" * 100_000],
)  # fmt: skip
def test_invalid_list_is_refused_as_a_whole_section_c_5(body: bytes) -> None:
    with pytest.raises(BadBody):
        load_items(body)


def test_short_item_is_stored_unchanged_with_fractions_as_texts() -> None:
    (item,) = (GOOD | {"usage_value": -1.5, "usageEntity": {"a": [1, None]}, "\x00": "\x00"},)
    kept = load(item).as_text(0)
    assert json.loads(kept) == item | {"usage_value": "-1.5"}
    assert "\x00" not in kept, "PostgreSQL has no NUL"


def test_deeply_nested_item_is_stored_without_its_depth() -> None:
    body = b'{"usage_records":[{"deep":%s%s}]}' % (b"[" * 900, b"]" * 900)
    assert json.loads(load_items(body).as_text(0)) == {"deep": "…"}


def test_stored_item_is_short_and_ascii() -> None:
    kept = load(GOOD | {"instance_id": "\ud800" + "x" * 10_000, "deep": {"a": 1}, "n": 10**60}).as_text(0)
    assert kept.isascii()
    assert len(kept) < 1_500
    assert json.loads(kept)["deep"] == "…"


@given(st.decimals(min_value="0.0001", max_value="99999999.9999", places=4))
def test_quantity_is_read_exactly_from_text_and_number(value: Decimal) -> None:
    """§C.5: a text in China, a number on the international page."""
    expected = int(value * 10_000)
    assert quantity_of(f"{value:f}") == expected
    assert quantity_of(value) == expected
    assert quantity_of(usage_push.dump_value(value)) == expected


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis adds the zone
def test_time_is_read_as_written(at: datetime) -> None:
    assert read_time(usage_push.dump_time(at)) == at.replace(microsecond=0)


@given(st.text(alphabet="0123456789TZW-:+ ", max_size=20))
def test_only_the_documented_format_is_a_time(text: str) -> None:
    found = read_time(text)
    assert found is None or usage_push.dump_time(found) == text
