"""A worker that writes one export: ``python -m bench.exporting FOLDER``, in the market of this environment.

It prints ``ready`` after loading a worker's modules. When started, it processes the due exports and prints ``done``
with the maximum growth of its memory in bytes.
"""

from __future__ import annotations

import re
from pathlib import Path

from .programs import say_done, say_ready, wait_for_go

PROC_SELF = Path("/proc/self")
RESET_PEAK = "5"
"""Makes Linux reset a process's peak memory."""


def main() -> None:
    import django

    django.setup()
    from tradepost.market import worker
    from tradepost.market.base import clock, leased_jobs
    from tradepost.market.base.collector import freeze_loaded_objects
    from tradepost.market.exports.models import Export
    from tradepost.market.web.pages import export_job

    worker.load()
    Export.objects.exists()
    freeze_loaded_objects()
    say_ready()
    wait_for_go()
    (PROC_SELF / "clear_refs").write_text(RESET_PEAK)
    before = _memory("VmRSS")
    leased_jobs.run_due(export_job.tasks(), now=clock.now, wall=clock.wall, owner="bench-export")
    say_done(_memory("VmHWM") - before)


def _memory(name: str) -> int:
    """Return bytes of this process: ``VmRSS`` now, ``VmHWM`` at most."""
    match = re.search(rf"^{name}:\s+(\d+) kB$", (PROC_SELF / "status").read_text(), re.MULTILINE)
    if match is None:
        raise SystemExit("this system does not tell the memory of a process")
    return 1024 * int(match[1])


if __name__ == "__main__":
    main()
