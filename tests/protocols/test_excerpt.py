"""Quotations in reports: short, printable, without secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.excerpt import excerpt


def test_short_text_is_quoted_completely():
    assert excerpt("Bad Gateway") == "“Bad Gateway”"


def test_long_text_is_cut_with_an_ellipsis():
    assert excerpt("x" * 200) == f"“{'x' * 120}…”"


def test_control_characters_and_broken_bytes_are_escaped():
    assert excerpt(b"a\r\n\x1b[31m\xff") == r"“a\r\n\x1b[31m\xff”"


def test_given_secrets_are_masked():
    assert excerpt("key=SECRET!", secrets=("SECRET", "")) == "“key=***!”"


@pytest.mark.parametrize(
    "body", ['{"password": "hun\\"ter2"}', '{"password":"hun\\"ter2', '{"adminPassword":"hun\\"ter2"}']
)
def test_members_with_secrets_are_masked(body):
    shown = excerpt(body)
    assert "hun" not in shown
    assert "ter2" not in shown
    assert "***" in shown


@given(st.binary(max_size=400))
def test_every_excerpt_is_printable_and_short(raw):
    shown = excerpt(raw)
    assert shown.isprintable()
    assert len(shown) <= 123
