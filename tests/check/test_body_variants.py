"""Bodies as JSON libraries write them again: each way once, and nothing where they all agree (saas-v2 §2.3)."""

from __future__ import annotations

import pytest

from tradepost.check.body_variants import REWRITES, escaped_otherwise, rewritten
from tradepost.check.diagnoses import NAMES


def test_every_way_is_a_mistake_that_has_a_name():
    assert {name for name, _ in REWRITES} <= NAMES


@pytest.mark.parametrize(
    ("body", "name", "written"),
    [
        (b'{"a":"<b>=1&2"}', "html_escapes", b'{"a":"\\u003cb\\u003e\\u003d1\\u00262"}'),
        (b'{"a":"<b>&2"}', "html_entities", b'{"a":"&lt;b&gt;&amp;2"}'),
        (b'{"a":"x/y"}', "slashes_escaped", b'{"a":"x\\/y"}'),
        ('{"a":"云"}'.encode(), "unicode_escaped", b'{"a":"\\u4e91"}'),
        (b'{"a":"1+1%20"}', "body_as_form", b'{"a":"1 1 "}'),
        (b'{"a":" x "}', "trims_values", b'{"a":"x"}'),
        (b'{"a":"00123","b":"x"}', "text_as_number", b'{"a":123,"b":"x"}'),
        (b'{"a":"","b":"x"}', "drops_empty_values", b'{"b":"x"}'),
        ('{"a":"🚀"}'.encode(), "emoji_fails", b'{"a":"?"}'),
        ('{"a":"云"}'.encode(), "wrong_charset", '{"a":"云"}'.encode().decode("latin-1").encode()),
    ],
)
def test_what_a_library_makes_of_a_body_is_known(body, name, written):
    assert (name, written) in list(rewritten(body))


def test_a_plain_body_is_written_by_all_alike():
    assert list(rewritten(b'{"activity":"queryInstance","instanceId":"a-1"}')) == []


def test_each_body_comes_once():
    found = [body for _, body in rewritten('{"a":"<云>/&=+%20 00"}'.encode())]
    assert len(found) == len(set(found))


def test_escapes_of_an_answer_are_added_and_taken_out():
    plain, escaped = b'{"u":"https://x/?a=1&b"}', b'{"u":"https://x/?a=1\\u0026b"}'
    assert escaped in list(escaped_otherwise(plain))
    assert plain in list(escaped_otherwise(escaped))
    assert b'{"u":"https:\\/\\/x\\/?a=1&b"}' in list(escaped_otherwise(plain))
