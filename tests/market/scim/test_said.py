"""What a directory says of a person, as pure values (RFC 7643 §4.1, RFC 7644 §3.5.2)."""

from __future__ import annotations

import pytest

from tradepost.market.scim.asked import filter_of, part_of
from tradepost.market.scim.errors import ScimError
from tradepost.market.scim.operations import Operation
from tradepost.market.scim.said import ENTERPRISE, Said, name_of, of_operations, of_resource


@pytest.mark.parametrize(
    ("said", "name"),
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
def test_a_name_in_the_order_of_its_script(said: Said, name: str) -> None:
    assert name_of(said) == name


def test_one_part_of_a_name_replaces_no_name() -> None:
    """The market keeps a name whole: it does not know which part of it the other one is."""
    assert name_of({"familyName": "Wang"}, known="Li Lei") == "Li Lei"
    assert name_of({"familyName": "Wang", "givenName": "Lei"}, known="Li Lei") == "Lei Wang"
    assert name_of({}, known="Li Lei") == "Li Lei"


def test_of_several_addresses_one_is_kept() -> None:
    home, work = {"value": "h@x.example", "type": "home"}, {"value": "w@x.example", "type": "work"}
    for emails, kept in (
        ([home, work], "w@x.example"), ([home | {"primary": True}, work], "h@x.example"), ([home], "h@x.example"), ([], None),
    ):  # fmt: skip
        assert of_resource({"emails": emails}) == {"email": kept}
    fixed = {"value": "1234567", "type": "work", "primary": True}
    assert of_resource({"PhoneNumbers": [fixed]}) == {"mobile": None}
    assert of_resource({"phoneNumbers": [fixed, {"value": "tel:7654321", "type": "mobile"}]}) == {"mobile": "7654321"}


def test_later_operations_go_over_earlier_ones() -> None:
    operations = [
        Operation("add", "title", "A"),
        Operation("replace", "", {"title": "B", "name.formatted": "N", "unknown": {}}),
        Operation("remove", ENTERPRISE, None),
        Operation("remove", 'emails[type eq "home"]', None),
        Operation("add", "phoneNumbers", [{"value": "1234567", "type": "work"}]),
    ]
    assert of_operations(operations) == {"title": "B", "formatted": "N", "employeeNumber": None, "department": None}


def test_filters_and_parts() -> None:
    known = {"username": "userName"}
    assert filter_of("", known) is None
    assert filter_of(r'USERNAME eq "a\"b\\c"', known) == ("userName", 'a"b\\c')
    assert (part_of({}).start, part_of({}).count) == (1, 100)
    for wrong in ("x", "1.5", "9" * 19):
        with pytest.raises(ScimError):
            part_of({"startIndex": wrong})
