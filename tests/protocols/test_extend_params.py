"""``saasExtendParams`` (saas-v1-license A2.1)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.extend_params import NotExtendParams, dump_extend_params, load_extend_params

SAMPLE = (
    "W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1NTU2NTYifSx7Im5hbWUiOiJ1c2VyTmFtZSIsInZhbHVlIjoiaHVhd2VpMTIzIn0s"
    "eyJuYW1lIjoiY3VzdEVtYWlsIiwidmFsdWUiOiIxMjNAaHVhd2VpLmNvbSJ9XQ=="
)
SAMPLE_PARAMS = (("idNum", "352255555555656"), ("userName", "huawei123"), ("custEmail", "123@huawei.com"))
sound = st.text(st.characters(exclude_categories=["Cs"]))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def refusal(text: str) -> str:
    with pytest.raises(NotExtendParams) as error:
        load_extend_params(text)
    return str(error.value)


def test_documented_sample_section_a2_1():
    assert dump_extend_params(SAMPLE_PARAMS) == SAMPLE
    assert load_extend_params(SAMPLE) == SAMPLE_PARAMS


@given(st.lists(st.tuples(sound.filter(str.strip), sound), max_size=3).map(tuple))
def test_any_written_list_is_read(params):
    assert load_extend_params(dump_extend_params(params)) == params


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!", "is not the Base64 of a text in UTF-8"),
        ("é", "is not the Base64 of a text in UTF-8"),
        ("/w==", "is not the Base64 of a text in UTF-8"),
        (encoded("["), "does not hold JSON"),
        (encoded("[" * 1500), "does not hold JSON"),
        (encoded("[NaN]"), "holds NaN, which is not JSON"),
        (encoded("{}"), "does not hold a JSON array"),
        (encoded('"name"'), "does not hold a JSON array"),
        (encoded("[1]"), "holds an entry that is not an object"),
        (encoded('[{"name":"a"}]'), "holds an entry without a name and a value that are texts"),
        (encoded('[{"name":"a","value":1}]'), "holds an entry without a name and a value that are texts"),
        (encoded('[{"name":" ","value":"b"}]'), "holds an entry without a name and a value that are texts"),
        (encoded('[{"name":"a","value":"b","name":"c"}]'), "holds a name twice in one entry"),
        (encoded('[{"name":"a","value":"\\ud800"}]'), "holds half of a surrogate pair"),
    ],
)
def test_invalid_list_is_named(text, reason):
    assert refusal(text) == reason


@given(
    st.text(max_size=50)
    | st.text(max_size=50).map(lambda text: base64.b64encode(text.encode(errors="replace")).decode())
)
def test_any_text_gives_a_list_or_a_reason(text):
    try:
        assert isinstance(load_extend_params(text), tuple)
    except NotExtendParams as error:
        assert str(error)  # noqa: PT017
