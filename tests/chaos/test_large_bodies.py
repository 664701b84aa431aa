"""A body of 200 MB is refused with a message, and neither its bytes nor its connection are kept (issue 12)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests import sampling
from tests.architecture.source import ROOT
from tests.chaos.large_bodies import FORMS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MAX_GROWTH = 60
"""Megabytes by which the server may grow: the buffer of one client, and room for other pages."""


def test_body_of_200_megabytes_is_refused_with_a_message() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.large_bodies", str(sampling.size(200, least=60))],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert len(found["answers"]) == 2 * len(FORMS)
    for one in found["answers"]:
        assert (one["status"], one["words"], one["closed"]) == (413, True, True), one
        assert one["sent_megabytes"] < 40, one
    assert found["megabytes_most"] <= found["megabytes_before"] + MAX_GROWTH, found
