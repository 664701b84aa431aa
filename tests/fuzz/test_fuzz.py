"""Whatever comes from either side, no exception escapes and nothing false is accepted. A soak, or ``tests.fuzz.run``,
runs longer.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace

import pytest

from tests import sampling
from tests.check.mutants import request_signing, saas_v1_habits
from tests.fuzz.meaning import SIGNED_IN
from tests.fuzz.run import fuzz_requests, fuzz_responses
from tradepost.protocols import registry
from tradepost.protocols.commands import CallResult, Command
from tradepost.protocols.http import Response
from tradepost.protocols.saas_v2 import SaasV2

EXAMPLES = sampling.size(12_500)
"""For each version and each side: together 100,000 per side in a soak, otherwise a tenth."""
DETECTION_EXAMPLES = 5_000
"""Number of examples in which a mistake must be found. The seed is fixed, because the fuzzer is under test."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800 if sampling.SOAK else 900)]


@pytest.fixture(autouse=True)
def _quiet():
    """Silence the seller's log of refusals."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_version_is_fuzzed():
    assert set(SIGNED_IN) == set(registry.protocols())


@pytest.mark.slow
@pytest.mark.parametrize("version", registry.protocols().values(), ids=lambda version: version.name)
def test_requests_against_the_kit(version, tmp_path):
    """saas-v2 §2.4, §3.0: HTTP 200, signed JSON, a code. Only what the key's owner signed passes, fresh and once."""
    said: Counter[str] = Counter()
    assert fuzz_requests(version, EXAMPLES, sampling.SEED, tmp_path, said) >= EXAMPLES
    assert said["honest: let in"] > 0
    assert said["honest: refused"] == said["other key: let in"] == said["replay: let in"] == 0


@pytest.mark.parametrize("version", registry.protocols().values(), ids=lambda version: version.name)
def test_responses_against_the_gateway_s_decoder(version):
    """saas-v2 §2.6, §3, §4: done is what is signed over exactly its bytes and keeps to the field tables."""
    said: Counter[str] = Counter()
    assert fuzz_responses(version, EXAMPLES, sampling.SEED, said) >= EXAMPLES
    assert said["honest: Done"] > 0
    assert sum(count for way, count in said.items() if way.endswith("Unreachable")) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "gate",
    [
        request_signing.NoTokenCheck,
        request_signing.ComparesTheBeginning,
        request_signing.AcceptsFutureTimestamps,
        request_signing.AcceptsReplays,
        saas_v1_habits.NoTokenCheckV1,
        saas_v1_habits.ComparesWithoutCase,
    ],
)
def test_false_acceptance_of_a_request_would_be_found(gate, tmp_path):
    with pytest.raises(AssertionError):
        fuzz_requests(gate(), DETECTION_EXAMPLES, 1, tmp_path, Counter())


class BelievesTheBody(SaasV2):
    """Accept the response whatever its signature is."""

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = True) -> CallResult:
        unsigned = tuple(pair for pair in response.headers if pair[0].lower() != "body-sign")
        return super().decode(command, replace(response, headers=unsigned), key=key, require_body_sign=False)


def test_decoder_that_accepts_too_much_would_be_found():
    with pytest.raises(AssertionError):
        fuzz_responses(BelievesTheBody(), DETECTION_EXAMPLES, 1, Counter())
