"""Sellers' projects for tests, created and run as their owners do, with the code of this tree."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers import ROOT, process

TRADEPOST = [sys.executable, "-c", "from tradepost.cli import main; main()"]


NO_WAIT = ("--replay-after", "0")
"""Otherwise a run of the tester waits eleven seconds before it repeats a request."""


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SELLER_", "DJANGO_"))}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", "")))
    environment = kept | {"PYTHONPATH": str(ROOT / "src"), "PATH": path} | variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)


def path_with_tradepost(project: Path) -> str:
    programs = project.parent / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "tradepost").write_text(f"#!{sys.executable}\nfrom tradepost.cli import main\nmain()\n")
    (programs / "tradepost").chmod(0o755)
    return os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))


@contextmanager
def served(project: Path, target: str = "app:app", **variables: str) -> Iterator[str]:
    with process([*TRADEPOST, "seller", "serve", target, "--port", "0"], project, **variables) as started:
        assert started.stdout is not None
        line = started.stdout.readline()
        assert line.startswith("Seller: http://127.0.0.1:"), line
        yield line.split()[1]
