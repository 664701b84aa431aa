"""Signatures with one wrong position: each part that a comparison omits is revealed by one of them."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from tests.check.mutants.compared_in_part import PARTIAL
from tradepost.check.dialects import HEADERS, QUERY, TOKEN_HEADER, URL
from tradepost.check.forgeries import nearly_right_signatures
from tradepost.check.samples import Samples
from tradepost.check.target import target_of
from tradepost.protocols import registry

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
SIGNATURES = [hashlib.sha256(bytes([number])).digest() for number in range(60)]


def written(raw: bytes) -> tuple[str, str]:
    return raw.hex().upper(), base64.b64encode(raw).decode()


@pytest.mark.parametrize("raw", SIGNATURES)
def test_each_differs_from_the_right_one_even_when_decoded(raw):
    hexadecimal, coded = written(raw)
    for _, wrong in nearly_right_signatures(hexadecimal):
        assert wrong.lower() != hexadecimal.lower()
    for _, wrong in nearly_right_signatures(coded):
        assert wrong.swapcase() != coded
        try:
            assert base64.b64decode(wrong) != raw
        except ValueError:
            continue


@pytest.mark.parametrize("name", PARTIAL)
def test_every_partial_comparison_accepts_one_of_them(name):
    for raw in SIGNATURES:
        for right in written(raw):
            assert any(PARTIAL[name](wrong, right) for _, wrong in nearly_right_signatures(right)), right


@pytest.mark.parametrize("name", registry.protocols())
def test_dialect_computes_the_right_signature_of_a_request(name):
    """The signature that a seller must not reveal is the one that the market sends."""
    target = target_of(name)
    samples = Samples(lambda: NOW, lambda: "a1" * 16)
    for kind in target.protocol.activities:
        command = samples.of(kind, "an-instance", test=True)
        assert command is not None
        request = target.protocol.encode(command, address="http://x/", key="the key", now=NOW, nonce="n1")
        right = target.dialect.right_signature(request, "the key")
        sent = target.dialect.get(request, target.dialect.token)
        assert sent in {right.hex().upper(), base64.b64encode(right).decode()}


def test_every_dialect_is_covered():
    assert {target_of(name).dialect for name in registry.protocols()} == {URL, QUERY, HEADERS, TOKEN_HEADER}
