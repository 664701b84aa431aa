"""Numbers on the wire (saas-v2 §3.2, §11, 25): what JSON allows, in quotes or not, and nothing that only Python reads."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.check.dates import dates_in
from tradepost.protocols.commands import Fault, UsageInfo
from tradepost.protocols.instance_info import load_usage
from tradepost.protocols.open_api.bodies import BadValue
from tradepost.protocols.open_api.usage_push import load_value
from tradepost.protocols.wire_number import MAX_TEXT_LENGTH, decimal_of

TIME = "20260701120000"
NOT_NUMBERS = [
    "1_0",
    "１２",
    "٣",
    " 1",
    "1 ",
    "+1",
    ".5",
    "5.",
    "",
    "0x1",
    "1e",
    "NaN",
    "Infinity",
    "-inf",
    True,
    False,
    None,
    [],
    {},
]


def read(value: object) -> object:
    found = load_usage({"usageValue": value, "statisticalTime": TIME}, "usageInfo")
    return found.value if isinstance(found, UsageInfo) else found[0]


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_invalid_number_is_refused(value: object) -> None:
    assert decimal_of(value) is None
    assert read(value) is Fault.BAD_FIELD
    with pytest.raises(BadValue):
        load_value({"usage_value": value})


@given(st.text(max_size=12) | st.text(alphabet="0123456789._-+eE１٣ \n", max_size=12))
def test_text_is_only_read_as_json_reads_it(text: str) -> None:
    number = decimal_of(text)
    if number is None:
        return
    assert re.fullmatch(r"[-0-9.eE+]+", text)
    assert text.isascii()
    assert Decimal(json.loads(re.sub(r"^(-?)0+(?=\d)", r"\1", text), parse_float=Decimal)) == number


@given(st.decimals(min_value=0, max_value=99_999_999, places=4))
def test_plain_number_is_the_same_with_and_without_quotes(value: Decimal) -> None:
    assert read(value) == read(f"{value:f}") == value
    assert load_value({"usage_value": f"{value:f}"}) == value


def test_long_text_is_not_a_number() -> None:
    assert decimal_of("1" * (MAX_TEXT_LENGTH + 1)) is None


def test_dates_in_digits_of_other_scripts_are_refused() -> None:
    assert not list(dates_in("２０２６-０７-０１ １２:００:００"))
    assert len(list(dates_in("2026-07-01 12:00:00"))) == 1
