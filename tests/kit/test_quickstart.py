"""The guide of five minutes, followed literally: each code block in its order, as a seller's engineer types it.

Two things differ from paper: ``pip`` only looks whether what is asked for is installed, since a test run loads nothing, and port
9000 is a free one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kit.guides import blocks
from tests.kit.market import SK, open_market
from tests.kit.servers import ROOT, free_port, process, wait_until_open
from tests.kit.wire import real_now
from tradepost.kit.scaffold import write_project
from tradepost.protocols.open_api import usage_push

FIVE_MINUTES = 300
PIP = f"""#!{sys.executable}
import sys
from importlib.metadata import version
from pathlib import Path
from packaging.requirements import Requirement

assert sys.argv[1] == "install", sys.argv
asked = [name for name in sys.argv[2:] if name != "-r"]
lines = Path(asked[0]).read_text().split() if "-r" in sys.argv else asked
for line in lines:
    requirement = Requirement(line)
    assert requirement.specifier.contains(version(requirement.name), prereleases=True), line
"""


@pytest.fixture
def terminal(tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh machine on which Python is."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pip").write_text(PIP)
    (programs / "tradepost").write_text(f"#!{sys.executable}\nfrom tradepost.cli import main\nmain()\n")
    for name in ("pip", "tradepost"):
        (programs / name).chmod(0o755)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SELLER_", "DJANGO_", "TRADEPOST_"))
    }
    return kept | {
        "PATH": f"{programs}:{Path(sys.executable).parent}:{kept['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HOME": str(programs),
    }


def typed(block: str, folder: Path, terminal: dict[str, str]) -> Path:
    """Run a block in bash; gives the folder that it ends in."""
    where = Path(terminal["HOME"]) / "where"
    ended = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{block}\npwd > '{where}'"],
        cwd=folder,
        env=terminal,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, f"{block}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return Path(where.read_text().strip())


@pytest.mark.slow
@pytest.mark.parametrize("guide", ["quickstart.md", "quickstart.zh-CN.md"])
def test_the_path_leads_to_a_server_that_passes(tmp_path, terminal, guide):
    begun = time.monotonic()
    port = free_port()
    make, serve, check, own_tests, ci = (block.replace("9000", str(port)).strip() for block in blocks(guide, "bash"))
    shop = typed(make, tmp_path, terminal)
    assert shop == tmp_path / "my-shop"
    with process(["bash", "-c", f"exec {serve}"], shop, **terminal) as server:
        wait_until_open(port, server)
        typed(check, shop, terminal)
        assert "<html" in (shop / "report.html").read_text(encoding="utf-8")
        typed(own_tests, shop, terminal)
    typed(ci, shop, terminal | {"PORT": str(free_port())})
    assert "<testsuite" in (shop / "report.xml").read_text(encoding="utf-8")
    assert time.monotonic() - begun < FIVE_MINUTES


def test_both_languages_give_the_same_blocks():
    for language in ("bash", "python"):
        assert blocks("quickstart.md", language) == blocks("quickstart.zh-CN.md", language)
        assert blocks("usage.md", language) == blocks("usage.zh-CN.md", language)


def test_the_code_that_is_shown_is_the_code_of_the_project(tmp_path):
    (shown,) = blocks("quickstart.md", "python")
    write_project(tmp_path / "my-shop", "flask", key="k", version="1")
    assert shown in (tmp_path / "my-shop" / "seller.py").read_text()


def test_the_code_of_the_usage_guide_runs(tmp_path, terminal):
    """openapi-jointkit §C.5."""
    (code,) = blocks("usage.md", "python")
    with open_market(real_now) as market:
        market.answers = [usage_push.pushed()]
        settings = {"MARKET": market.url, "AK": "AK1", "SK": SK, "SELLER_KEY": "base key"}
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=terminal | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.stdout, ended.stderr) == ("1 accepted, 0 refused, 0 waiting \n", "")
        (asked,) = market.asked
    (record,) = usage_push.open_push(asked, key="base key", now=real_now(), nonce_seen=lambda _nonce, _until: False)
    assert (record.instance_id, str(record.value)) == ("instance-1", "99.5")
