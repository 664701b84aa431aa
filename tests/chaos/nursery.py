"""Keeps one worker of a name alive: forks it from a warm process, so that a hundred restarts take seconds.

Run as ``python -m tests.chaos.nursery NAME``; prints the process id of each worker that it starts.
"""

from __future__ import annotations

import os
import sys
import threading

import django

django.setup()

from tradepost.market import urls, worker  # noqa: E402  # needs Django; urls: what reactions link to is loaded before the fork
from tradepost.market.web import logs  # noqa: E402

assert urls.urlpatterns
logs.configure(form="json", level="CRITICAL")  # to stderr; a storm is full of warnings


def main(name: str) -> None:
    while True:
        pid = os.fork()
        if pid == 0:
            worker.run_worker(threading.Event(), name=name)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.waitpid(pid, 0)


main(sys.argv[1])
