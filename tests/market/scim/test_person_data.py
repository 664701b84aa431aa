"""Data of a person in SCIM requests, as pure values (RFC 7643 §4.1, RFC 7644 §3.5.2)."""

from __future__ import annotations

import pytest

from tradepost.market.scim.errors import ScimError
from tradepost.market.scim.list_parameters import filter_of, range_of
from tradepost.market.scim.operations import Operation
from tradepost.market.scim.person_data import ENTERPRISE, Attributes, attributes_of, changes_of, name_from_attributes


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"displayName": "李雷", "formatted": "Li Lei"}, "李雷"),
        ({"formatted": "Li Lei", "givenName": "Lei"}, "Li Lei"),
        ({"givenName": "Lei", "familyName": "Li"}, "Lei Li"),
        ({"givenName": "雷", "familyName": "李"}, "李雷"),
        ({"familyName": "Li"}, "Li"),
        ({"displayName": None}, ""),
        ({}, ""),
    ],
)
def test_name_is_ordered_by_its_script(attributes: Attributes, name: str) -> None:
    assert name_from_attributes(attributes) == name


def test_part_of_a_name_does_not_replace_the_name() -> None:
    """The market stores the whole name and cannot tell which part of it is replaced."""
    assert name_from_attributes({"familyName": "Wang"}, known="Li Lei") == "Li Lei"
    assert name_from_attributes({"familyName": "Wang", "givenName": "Lei"}, known="Li Lei") == "Lei Wang"
    assert name_from_attributes({}, known="Li Lei") == "Li Lei"


def test_one_of_several_addresses_is_kept() -> None:
    home, work = {"value": "h@x.example", "type": "home"}, {"value": "w@x.example", "type": "work"}
    for emails, expected in (
        ([home, work], "w@x.example"), ([home | {"primary": True}, work], "h@x.example"), ([home], "h@x.example"), ([], None),
    ):  # fmt: skip
        assert attributes_of({"emails": emails}) == {"email": expected}
    fixed = {"value": "1234567", "type": "work", "primary": True}
    assert attributes_of({"PhoneNumbers": [fixed]}) == {"mobile": None}
    assert attributes_of({"phoneNumbers": [fixed, {"value": "tel:7654321", "type": "mobile"}]}) == {"mobile": "7654321"}


def test_later_operations_override_earlier_ones() -> None:
    operations = [
        Operation("add", "title", "A"),
        Operation("replace", "", {"title": "B", "name.formatted": "N", "unknown": {}}),
        Operation("remove", ENTERPRISE, None),
        Operation("remove", 'emails[type eq "home"]', None),
        Operation("add", "phoneNumbers", [{"value": "1234567", "type": "work"}]),
    ]
    assert changes_of(operations) == {"title": "B", "formatted": "N", "employeeNumber": None, "department": None}


def test_filters_and_attribute_paths() -> None:
    attributes = {"username": "userName"}
    assert filter_of("", attributes) is None
    assert filter_of(r'USERNAME eq "a\"b\\c"', attributes) == ("userName", 'a"b\\c')
    assert (range_of({}).start, range_of({}).count) == (1, 100)
    for wrong in ("x", "1.5", "9" * 19):
        with pytest.raises(ScimError):
            range_of({"startIndex": wrong})
