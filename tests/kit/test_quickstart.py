"""The five-minute guide, followed literally: each code block in order, as a seller's engineer types it.

The package comes from the wheel of this checkout, in a separate virtual environment. Other requirements come from the
environment of the tests, since a test run downloads nothing; a soak takes them from the index. Port 9000 is replaced by
a free one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests import waiting
from tests.kit.guides import blocks
from tests.kit.market import SK, open_market
from tests.kit.servers import ROOT, free_port, process, wait_until_open
from tests.kit.wire import real_now
from tradepost.kit.scaffold import FRAMEWORKS, write_project
from tradepost.protocols.open_api import usage_push

WITHIN = 600
OWN = {name for name in os.environ if name.startswith(("SELLER_", "DJANGO_", "TRADEPOST_"))} | {"PYTHONPATH", "PORT"}
WAYS = (("quickstart.md", "flask", "saas_v2"), ("quickstart.zh-CN.md", "fastapi", "saas_v1"))
OTHERS = tuple(
    ("quickstart.md", framework, protocol)
    for framework, protocol in product(FRAMEWORKS, ("saas_v2", "saas_v1", "license_online"))
    if (framework, protocol) not in {way[1:] for way in WAYS}
)


@dataclass(frozen=True)
class Terminal:
    """``env``: of a machine with Python and without this tree. ``python``: its own."""

    env: dict[str, str]
    python: Path

    def run_block(self, block: str, folder: Path, **variables: str) -> Path:
        """Run a block in bash. Return the folder in which it ends."""
        where = self.python.parents[1] / "where"
        ended = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{block}\npwd > '{where}'"],
            cwd=folder, env=self.env | variables, capture_output=True, text=True, timeout=WITHIN, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, f"{block}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
        return Path(where.read_text().strip())


def new_terminal(folder: Path, *, deps: bool) -> Terminal:
    """``deps``: the requirements are installed already, as on a machine that has used them."""
    made = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(made)], check=True, timeout=WITHIN)
    python = made / "bin" / "python"
    env = {name: value for name, value in os.environ.items() if name not in OWN}
    env |= {"PATH": f"{made / 'bin'}:{env['PATH']}", "HOME": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # The folder for the wheel of the first step, instead of the checkout's own dist/.
    env |= {"DIST": str(folder / "dist"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "UV_CACHE_DIR": uv_cache()}
    if deps:
        lent = folder / "lent"
        lent.mkdir()
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            if not entry.name.startswith(("tradepost", "_editable", "pip")) and entry.suffix != ".pth":
                (lent / entry.name).symlink_to(entry)
        (next((made / "lib").iterdir()) / "site-packages" / "lent.pth").write_text(f"{lent}\n")
        env["PIP_NO_INDEX"] = "1"
    return Terminal(env, python)


def uv_cache() -> str:
    """Return this machine's cache, although the terminal has another home: it contains the build tools."""
    return os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")


def install(terminal: Terminal, guide: str) -> None:
    """Run the first step in the checkout, with another folder for the wheel."""
    terminal.run_block(blocks(guide, "bash")[0].replace("dist/", f"{terminal.env['DIST']}/"), ROOT)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Return a terminal with the package installed from its wheel."""
    made = new_terminal(tmp_path_factory.mktemp("machine"), deps=True)
    install(made, "quickstart.md")
    return made


def follow(terminal: Terminal, folder: Path, guide: str, framework: str, protocol: str) -> None:
    """Run all steps after the first."""
    port = free_port()

    def ours(block: str) -> str:
        chosen = block.replace("--framework flask", f"--framework {framework} --protocol {protocol}")
        return chosen.replace("--protocol saas_v2", f"--protocol {protocol}").replace("9000", str(port)).strip()

    make, serve, check, own_tests, ci = (ours(block) for block in blocks(guide, "bash")[1:])
    shop = terminal.run_block(make, folder)
    assert shop == folder / "my-shop"
    with process(["bash", "-c", f"exec {serve}"], shop, **terminal.env, PYTHONPATH="") as server:
        wait_until_open(port, server)
        terminal.run_block(check, shop)
        assert "<html" in (shop / "report.html").read_text(encoding="utf-8")
        terminal.run_block(own_tests, shop)
    terminal.run_block(ci, shop, PORT=str(free_port()))
    assert "<testsuite" in (shop / "report.xml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("guide", "framework", "protocol"), WAYS)
def test_guide_leads_to_a_server_that_passes(terminal, tmp_path, guide, framework, protocol):
    follow(terminal, tmp_path, guide, framework, protocol)


@pytest.mark.soak
@pytest.mark.parametrize(("guide", "framework", "protocol"), OTHERS)
def test_guide_works_in_every_framework(terminal, tmp_path, guide, framework, protocol):
    follow(terminal, tmp_path, guide, framework, protocol)


@pytest.mark.soak
def test_guide_works_on_a_machine_that_has_only_python(tmp_path):
    bare = new_terminal(tmp_path, deps=False)
    install(bare, "quickstart.zh-CN.md")
    follow(bare, tmp_path, "quickstart.zh-CN.md", "flask", "saas_v2")


@pytest.mark.slow
def test_wheel_is_what_runs(terminal, tmp_path):
    code = "import tradepost; print(tradepost.__file__)"
    said = subprocess.run([terminal.python, "-c", code], cwd=tmp_path, env=terminal.env, capture_output=True, text=True, check=True, timeout=waiting.PROGRAM_TIMEOUT)  # fmt: skip
    assert Path(said.stdout.strip()).is_relative_to(terminal.python.parents[1])


def test_both_languages_have_the_same_blocks():
    for language in ("bash", "python"):
        assert blocks("quickstart.md", language) == blocks("quickstart.zh-CN.md", language)
        assert blocks("usage.md", language) == blocks("usage.zh-CN.md", language)


def test_code_in_the_guide_is_the_code_of_the_project(tmp_path):
    (shown,) = blocks("quickstart.md", "python")
    write_project(tmp_path / "my-shop", "flask", key="k", version="1")
    assert shown in (tmp_path / "my-shop" / "seller.py").read_text()


def test_code_of_the_usage_guide_runs(tmp_path):
    """openapi-jointkit §C.5."""
    (code,) = blocks("usage.md", "python")
    with open_market(real_now) as market:
        market.answers = [usage_push.push_response()]
        settings = {"MARKET": market.url, "AK": "AK1", "SK": SK, "SELLER_KEY": "base key"}
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")} | settings,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert (ended.stdout, ended.stderr) == ("1 accepted, 0 refused, 0 waiting \n", "")
        (asked,) = market.asked
    (record,) = usage_push.open_push(asked, key="base key", now=real_now(), nonce_seen=lambda _nonce, _until: False)
    assert (record.instance_id, str(record.value)) == ("instance-1", "99.5")
