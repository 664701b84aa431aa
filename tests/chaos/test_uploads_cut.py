"""Issue 10, "Must show" 4: tuspy and tus-js-client, unmodified, upload over a connection that is cut three times;
memory stays flat.

24 MiB beside the other tests, 1 GiB in a soak: ``python -m tests.chaos.cut_uploads 1024``.
"""

from __future__ import annotations

import pytest

from tests import sampling
from tests.chaos.cut_uploads import CUTS, MIB, run

MAX_GROWTH = 300
"""Megabytes by which the server's processes may grow together, whatever the size of the files: 230 were measured with
four of 512 MiB.
"""


@pytest.mark.slow
@pytest.mark.timeout(900 if not sampling.SOAK else 1800)
def test_unmodified_clients_upload_over_a_breaking_connection() -> None:
    found = run(1024 if sampling.SOAK else 24, chunks=(0, 8 * MIB) if sampling.SOAK else (0,))
    figures = [each for each in found.values() if isinstance(each, dict)]
    assert len(figures) >= 1
    for each in figures:
        assert (each["cuts"], each["whole"]) == (CUTS, True), found
        assert each["megabytes_most"] <= figures[0]["megabytes_before"] + MAX_GROWTH, found
