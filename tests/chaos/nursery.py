"""Keep one worker with a name running: fork it from a warm process, so that a hundred restarts take seconds.

Run as ``python -m tests.chaos.nursery NAME [SECONDS]``; prints the process id of each worker that it starts.
``SECONDS`` is a shorter lease of jobs, so that those of a dead worker are taken over soon.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import timedelta

import django

django.setup()

from tradepost.market import urls, worker  # noqa: E402  # needs Django; urls: what reactions link to is loaded before the fork
from tradepost.market.web import logs  # noqa: E402

assert urls.urlpatterns
logs.configure(form="json", level="CRITICAL")  # to stderr; a storm logs many warnings


def main(name: str, lease: str = "") -> None:
    if lease:
        from tradepost.market.base import leased_jobs
        from tradepost.market.compute import tasks

        leased_jobs.LEASE = timedelta(seconds=float(lease))
        leased_jobs.HEARTBEAT = leased_jobs.LEASE / 4
        tasks.OBSERVE_INTERVAL = 0.2
    while True:
        pid = os.fork()
        if pid == 0:
            worker.run_worker(threading.Event(), name=name)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.waitpid(pid, 0)


main(*sys.argv[1:])
