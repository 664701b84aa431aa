"""Bodies as JSON libraries serialise them again: each variant once, and none where they agree (saas-v2 §2.3)."""

from __future__ import annotations

import pytest

from tradepost.check.body_variants import REWRITES, other_escapes, rewritten_bodies
from tradepost.check.diagnoses import NAMES


def test_every_variant_is_a_mistake_with_a_name():
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
def test_output_of_each_library_is_known(body, name, written):
    assert (name, written) in list(rewritten_bodies(body))


def test_plain_body_is_the_same_in_all_libraries():
    assert list(rewritten_bodies(b'{"activity":"queryInstance","instanceId":"a-1"}')) == []


def test_each_body_occurs_once():
    found = [body for _, body in rewritten_bodies('{"a":"<云>/&=+%20 00"}'.encode())]
    assert len(found) == len(set(found))


def test_escapes_of_an_answer_are_added_and_removed():
    plain, escaped = b'{"u":"https://x/?a=1&b"}', b'{"u":"https://x/?a=1\\u0026b"}'
    assert escaped in list(other_escapes(plain))
    assert plain in list(other_escapes(escaped))
    assert b'{"u":"https:\\/\\/x\\/?a=1&b"}' in list(other_escapes(plain))
