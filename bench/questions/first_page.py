"""How long does it take from ``make run`` to the first page, installed and with an empty data folder?"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.places import folder
from bench.programs import ProgramFailed
from tradepost.cli.serve import free_port

START = "ours"
SOMETHING_FOR_SALE = b'href="/products/'
"""The page must contain the demo's products; an empty store would appear earlier but be useless."""
PATIENCE = 60.0
COMMAND = "from tradepost.cli import main; main()"


def measure(scale: Scale, say: Say) -> Answer:
    runs = Runs(say)
    for _ in range(scale.repeats):
        runs.add(START, _seconds(), "s")
    return Answer(
        name="first-page",
        title="tradepost demo on an empty folder, until its products are on the page: migrated, seeded, SQLite",
        ratios=(),
        figures=runs.figures(),
        needs=(Need(text="s", reached=runs.value(START), bound=3, at_most=True),),
        notes=("make adds the time in which it finds that all is up to date.",),
    )


def _seconds() -> float:
    begun = time.monotonic()
    with demo():
        return time.monotonic() - begun


@contextmanager
def demo() -> Iterator[str]:
    """Run ``tradepost demo`` on an empty folder and yield its address once the page shows its products."""
    with demo_in() as (url, _data):
        yield url


@contextmanager
def demo_in() -> Iterator[tuple[str, Path]]:
    """Run the demo and also yield the data folder."""
    port = free_port()
    with folder() as data:
        environment = {
            n: v for n, v in os.environ.items() if not n.startswith("TRADEPOST_") and n not in {"DATABASE_URL", "PORT"}
        }
        environment |= {"TRADEPOST_DATA": str(data / "market"), "PORT": str(port)}
        begun = time.monotonic()
        with (data / "said").open("w+") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, "demo"], env=environment, stdout=said, stderr=said, cwd=data
            )
            try:
                while not _answers(port):
                    if process.poll() is not None or time.monotonic() - begun > PATIENCE:
                        said.seek(0)
                        raise ProgramFailed(f"tradepost demo shows no page: {said.read()[-1000:]}")
                    time.sleep(0.02)
                yield f"http://127.0.0.1:{port}", data / "market"
            finally:
                _stop(process)


def _answers(port: int) -> bool:
    """Return True once the page has contents; not for a refused connection or an answer to retry later."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and SOMETHING_FOR_SALE in answer.read()
    except OSError:
        return False
    finally:
        connection.close()


def _stop(demo: subprocess.Popen[bytes]) -> None:
    demo.send_signal(signal.SIGINT)
    try:
        demo.wait(20)
    except subprocess.TimeoutExpired:
        demo.kill()  # its children end with it
        demo.wait()
