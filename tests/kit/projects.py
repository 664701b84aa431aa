"""Sellers' projects for tests: made and run as their owners do, with the code of this tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.kit.servers import ROOT

TRADEPOST = [sys.executable, "-c", "from tradepost.cli import main; main()"]


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SELLER_", "DJANGO_"))}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", "")))
    environment = kept | {"PYTHONPATH": str(ROOT / "src"), "PATH": path} | variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=110, check=False)


def path_with_tradepost(project: Path) -> str:
    programs = project.parent / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "tradepost").write_text(f"#!{sys.executable}\nfrom tradepost.cli import main\nmain()\n")
    (programs / "tradepost").chmod(0o755)
    return os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))
