"""Whatever comes in from either side, no exception escapes and nothing false is believed; the long run is ``tests.fuzz.run``."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fuzz.meaning import SIGNED_IN
from tests.fuzz.run import fuzz_requests, fuzz_responses
from tradepost.protocols import registry

EXAMPLES = 250
"""Of each version: 2,000 of each side together."""


def test_every_version_is_fuzzed():
    assert set(SIGNED_IN) == set(registry.protocols())


@pytest.mark.parametrize("name", registry.protocols())
def test_requests_against_the_kit(name, tmp_path):
    """saas-v2 §2.4, §3.0: HTTP 200, signed JSON, a code; past the gate only what the key's owner signed, fresh and once."""
    said: Counter[str] = Counter()
    assert fuzz_requests(name, EXAMPLES, 1, tmp_path, said) >= EXAMPLES
    assert said["honest: let in"] > 0
    assert said["honest: refused"] == said["other key: let in"] == said["replay: let in"] == 0


@pytest.mark.parametrize("name", registry.protocols())
def test_responses_against_the_gateways_decoder(name):
    """saas-v2 §2.6, §3, §4: done is what is signed over exactly its bytes and keeps to the field tables."""
    said: Counter[str] = Counter()
    assert fuzz_responses(name, EXAMPLES, 1, said) >= EXAMPLES
    assert said["honest: Done"] > 0
    assert sum(count for way, count in said.items() if way.endswith("Unreachable")) > 0
