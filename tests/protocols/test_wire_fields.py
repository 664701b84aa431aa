"""Field tables: which values are invalid, and which error is reported."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tradepost.protocols.wire_fields import Breach, Field, Kind, violations

TABLE = (
    Field("name", 3),
    Field("count", kind=Kind.INTEGER, mandatory=False),
    Field("value", 5, kind=Kind.DECIMAL, mandatory=False),
    Field("price", mandatory=False, pattern=r"^[0-9.]+$"),
    Field("mode", mandatory=False, values=("A", "B")),
    Field("items", kind=Kind.LIST, mandatory=False, members=(Field("id", 2),)),
    Field("one", kind=Kind.OBJECT, mandatory=False, members=(Field("pin", 2, secret=True, values=("12",)),)),
)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"name": "abc"}, []),
        ({"name": "abc", "more": object()}, []),
        ({"name": "abc", "mode": "", "count": None}, []),
        ({}, [("name", Breach.MISSING, "name is missing")]),
        ({"name": "\t"}, [("name", Breach.MISSING, "name is blank")]),
        ({"name": "abcd"}, [("name", Breach.LENGTH, "name has 4 characters, at most 3 are allowed")]),
        ({"name": "a", "count": "1"}, [("count", Breach.TYPE, "count must be an integer; “1” came")]),
        ({"name": "a", "count": ""}, [("count", Breach.TYPE, "count must be an integer; “” came")]),
        ({"name": "a", "count": True}, [("count", Breach.TYPE, "count must be an integer; “True” came")]),
        ({"name": "a", "value": Decimal("1.50")}, []),
        ({"name": "a", "value": "1.5"}, []),
        ({"name": "a", "value": 123456}, [("value", Breach.LENGTH, "value has 6 characters, at most 5 are allowed")]),
        ({"name": "a", "price": "1.5"}, []),
        ({"name": "a", "price": "1e2"}, [("price", Breach.VALUE, "price must match ^[0-9.]+$; “1e2” came")]),
        ({"name": "a", "mode": "C"}, [("mode", Breach.VALUE, "mode must be one of A, B; “C” came")]),
        (
            {"name": "a", "items": [{"id": "1"}, {}, "x"]},
            [
                ("items[1].id", Breach.MISSING, "items[1].id is missing"),
                ("items[2]", Breach.TYPE, "items[2] must be an object; “x” came"),
            ],
        ),
        ({"name": "a", "one": {"pin": "99"}}, [("one.pin", Breach.VALUE, "one.pin must be one of 12")]),
        (
            {"name": 1, "one": 1},
            [
                ("name", Breach.TYPE, "name must be a string; “1” came"),
                ("one", Breach.TYPE, "one must be an object; “1” came"),
            ],
        ),
    ],
)
def test_errors_are_reported_in_the_order_of_the_table(members, expected):
    found = [(violation.path, violation.breach, str(violation)) for violation in violations(TABLE, members)]
    assert found == expected
