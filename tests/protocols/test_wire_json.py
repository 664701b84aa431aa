"""The strict JSON reader and the signed forms (saas-v2 §2.3)."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.wire_json import (
    NotJsonObject,
    dump_ascii,
    dump_sorted,
    first_matching_form,
    load_array,
    load_object,
    signed_forms,
)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"{", "not JSON: Expecting property name enclosed in double quotes at character 1"),
        (b"\xef\xbb\xbf{}", "it starts with a byte order mark"),
        (b'{"a":"\xff"}', "byte 6 is not UTF-8"),
        (b"[]", "a JSON array instead of an object"),
        (b'"a"', "a JSON string instead of an object"),
        (b"1", "a JSON number instead of an object"),
        (b"1.5", "a JSON number instead of an object"),
        (b"true", "a JSON boolean instead of an object"),
        (b"null", "a JSON null instead of an object"),
        (b'{"a":1,"a":2}', "a name appears twice in one object"),
        (b'{"a":{"b":1,"b":1}}', "a name appears twice in one object"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b'{"a":%s}' % (b"9" * 5000), "a number of 5000 characters"),
        (b'{"a":1e999999999}', "a number out of range"),
        (b'{"a":1e99999999999999999999}', "a number out of range"),
        (b'{"a":"\\ud800"}', "a text holds half of a surrogate pair"),
        (b'{"\\udfff":1}', "a text holds half of a surrogate pair"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper than 32 levels"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 32 levels"),
        (b'{"a":"\x01"}', "not JSON: Invalid control character at at character 6"),
    ],
    ids=range(22),
)
def test_invalid_object_is_refused_with_its_reason(body, why):
    with pytest.raises(NotJsonObject) as refusal:
        load_object(body)
    assert str(refusal.value) == why


def test_object_is_read_with_exact_fractions():
    assert load_object(b'{"a":0.1,"b":[1,null,"\\u4e2d\xe6\x96\x87"]}') == {"a": Decimal("0.1"), "b": [1, None, "中文"]}


def test_thirty_two_levels_are_accepted_and_no_more():
    deepest = load_object(b'{"a":' * 32 + b"1" + b"}" * 32)
    assert json.dumps(deepest).count("{") == 32
    with pytest.raises(NotJsonObject):
        load_object(b'{"a":' * 32 + b"[]" + b"}" * 32)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_the_one_error(body):
    try:
        assert isinstance(load_object(body), dict)
    except NotJsonObject as error:
        assert str(error)  # noqa: PT017


def test_signed_form_of_a_market_is_sorted_compact_and_raw_utf8():
    assert dump_sorted({"b": {"d": 1, "c": "测试/"}, "a": "1"}) == '{"a":"1","b":{"c":"测试/","d":1}}'.encode()


def test_answer_of_a_seller_is_ascii_in_the_given_order():
    assert dump_ascii({"b": "中", "a": 1}) == b'{"b":"\\u4e2d","a":1}'


def test_signed_forms_are_top_sorted_then_deep_sorted_then_scalars_as_strings():
    body = b'{ "b": {"z": null, "y": 2, "x": 1}, "n": null, "a": 5, "t": true, "f": 1.50, "s": "\xe4\xb8\xad" }'
    assert [form.decode() for form in signed_forms(body)] == [
        '{"a":5,"b":{"z":null,"y":2,"x":1},"f":1.5,"s":"中","t":true}',
        '{"a":5,"b":{"x":1,"y":2},"f":1.5,"s":"中","t":true}',
        '{"a":"5","b":{"z":null,"y":2,"x":1},"f":"1.5","s":"中","t":"true"}',
    ]


def test_signed_forms_sort_names_by_utf16_units_as_java_does():
    first = next(signed_forms('{"\uff5e":1,"\U0001f600":2}'.encode()))
    assert first == '{"\U0001f600":2,"\uff5e":1}'.encode()


def test_invalid_body_has_no_signed_forms():
    assert list(signed_forms(b'{"a":1,"a":2}')) == []


def test_each_form_occurs_once():
    """A push whose names are sorted except for blanks has one other form, and without blanks none."""
    assert list(signed_forms(b'{"a": [{"b": 1, "c": 2}]}')) == [b'{"a":[{"b":1,"c":2}]}']
    assert list(signed_forms(b'{"a":[{"b":1,"c":2}]}')) == []


MEMBERS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
    | st.text(max_size=4),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)


def deep(value):
    if isinstance(value, dict):
        kept = sorted((name for name in value if value[name] is not None), key=lambda name: name.encode("utf-16-be"))
        return {name: deep(value[name]) for name in kept}
    return [deep(one) for one in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(max_size=3), MEMBERS, max_size=4), st.booleans())
def test_form_sorted_at_every_level_is_the_same_in_both_implementations(value, as_ascii):
    """A faster one is used for plain ASCII without nulls (saas-v2 §2.3)."""
    body = json.dumps(value, ensure_ascii=as_ascii).encode()
    written = json.dumps(deep(value), ensure_ascii=False, separators=(",", ":")).encode()
    assert written in [body, *signed_forms(body)]


def test_received_bytes_are_tried_first_and_an_invalid_body_has_no_other_form():
    def over(asked, right):
        def answer(form):
            asked.append(form)
            return form == right

        return answer

    body, asked = b'{"b":1,"a":2}', list[bytes]()
    assert first_matching_form(body, over(asked, body)) is True
    assert asked == [body]
    assert first_matching_form(body, over([], b'{"a":2,"b":1}')) is True
    assert first_matching_form(body, over([], b"another")) is None
    twice = b'{"b":1,"a":2,"a":2}'
    asked.clear()
    assert first_matching_form(twice, over(asked, b'{"a":2,"b":1}')) is None
    assert len(asked) > 1, "it was asked for, and signed, but two readers would not agree about it"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "a JSON object instead of an array"),
        (b"[", "not JSON: Expecting value at character 1"),
        (b'[{"a":1,"a":2}]', "a name appears twice in one object"),
        (b"[" * 40 + b"]" * 40, "nested deeper than 32 levels"),
    ],
)
def test_invalid_array_is_refused(body, why):
    with pytest.raises(NotJsonObject) as refusal:
        load_array(body)
    assert str(refusal.value) == why


def test_array_is_read_like_an_object():
    assert load_array('[{"名":1.50},null]'.encode()) == [{"名": Decimal("1.50")}, None]
