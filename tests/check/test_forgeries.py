"""Signatures that are wrong at one place only: whatever part of them is left out of a comparison, one of these shows it."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from tests.check.mutants.compared_in_part import PARTIAL
from tradepost.check.dialects import HEADERS, QUERY, TOKEN_HEADER, URL
from tradepost.check.forgeries import misshapen
from tradepost.check.samples import Samples
from tradepost.check.target import target_of
from tradepost.protocols import registry

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
SIGNATURES = [hashlib.sha256(bytes([number])).digest() for number in range(60)]


def written(raw: bytes) -> tuple[str, str]:
    return raw.hex().upper(), base64.b64encode(raw).decode()


@pytest.mark.parametrize("raw", SIGNATURES)
def test_each_differs_from_the_right_one_even_when_it_is_decoded(raw):
    hexadecimal, coded = written(raw)
    for _, wrong in misshapen(hexadecimal):
        assert wrong.lower() != hexadecimal.lower()
    for _, wrong in misshapen(coded):
        assert wrong.swapcase() != coded
        try:
            assert base64.b64decode(wrong) != raw
        except ValueError:
            continue


@pytest.mark.parametrize("name", PARTIAL)
def test_every_partial_comparison_takes_one_of_them(name):
    for raw in SIGNATURES:
        for right in written(raw):
            assert any(PARTIAL[name](wrong, right) for _, wrong in misshapen(right)), right


@pytest.mark.parametrize("name", registry.protocols())
def test_a_dialect_knows_the_right_signature_of_a_request(name):
    """What a seller must not tell is what the market sends."""
    target = target_of(name)
    samples = Samples(lambda: NOW, lambda: "a1" * 16)
    for kind in target.protocol.activities:
        command = samples.of(kind, "an-instance", test=True)
        assert command is not None
        request = target.protocol.encode(command, address="http://x/", key="the key", now=NOW, nonce="n1")
        right = target.dialect.right_signature(request, "the key")
        sent = target.dialect.get(request, target.dialect.token)
        assert sent in {right.hex().upper(), base64.b64encode(right).decode()}


def test_every_dialect_is_asked():
    assert {target_of(name).dialect for name in registry.protocols()} == {URL, QUERY, HEADERS, TOKEN_HEADER}
