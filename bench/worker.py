"""Tradepost: one worker process as ``tradepost worker`` runs it, with all features enabled."""

from __future__ import annotations

import sys
import threading

from .programs import say_ready, wait_for_go


def main() -> None:
    import django

    django.setup()
    import uvloop  # noqa: F401  # loaded here, so that its import is not measured

    from tradepost.market import worker
    from tradepost.market.base.config import config
    from tradepost.market.web import logs

    worker.load()  # the bare loop has also loaded its code
    logs.configure(form="json", level=config().log_level)
    stop = threading.Event()
    say_ready()
    wait_for_go()

    def until_parent_ends() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=until_parent_ends, name="parent", daemon=True).start()
    worker.run_worker(stop, name=sys.argv[1])


if __name__ == "__main__":
    main()
