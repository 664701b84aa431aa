"""Granian: the market as ``tradepost serve`` runs it, with the given number of workers (default 1), or the bare view
that is its limit.

``python -m bench.web_server market PORT [WORKERS]``, or ``bare PORT FILE``: answers every request with the bytes of the
file.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY_FILE = "BENCH_BODY_FILE"


@cache
def _body() -> bytes:
    return Path(os.environ[BODY_FILE]).read_bytes()


def bare(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Return the same bytes without a framework, a signature or a database."""
    body = _body()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _stop_with_parent() -> None:
    # Not through sys.stdin: Granian forks, and its child would wait for the lock of this thread forever.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # not immediately: Granian has to end its own process


def main() -> None:
    threading.Thread(target=_stop_with_parent, name="parent", daemon=True).start()
    if sys.argv[1] == "market":
        os.environ["TRADEPOST_PORT"] = sys.argv[2]
        from tradepost.cli.serve import serve

        serve(workers=int(sys.argv[3]) if len(sys.argv) > 3 else 1)
        return
    os.environ[BODY_FILE] = sys.argv[3]
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "bench.web_server:bare",
        address="127.0.0.1",
        port=int(sys.argv[2]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=1,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main()
