"""Issue 25, 4: "A database remembers its mode (sandbox or production) and a market id. Starting it in the other mode is refused." """

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.cli.command_line import WITHIN, Market, migrated_market
from tests.cli.running import get, wait_for
from tests.cli.stored import content, identity, query
from tradepost.cli.serve import free_port

pytestmark = [pytest.mark.slow]

CLI = Path(__file__).parents[2] / "src/tradepost/cli"
ACTING = (
    ("migrate",),
    ("serve",),
    ("worker",),
    ("up",),
    ("clock",),
    ("clock", "advance", "1d"),
    ("operator", "create", "anna@market.example", "--password-stdin"),
    ("operator", "grant", "anna@market.example"),
    ("operator", "reset-second-step", "anna@market.example"),
    ("seller", "create", "yunfan", "--name", "云帆", "--owner", "owner@yunfan.example"),
    ("reconcile",),
    ("probe", "--forecast"),
    ("files", "adopt"),
    ("secrets", "reseal"),
)
WAITING_MAIL = (
    (
        "INSERT INTO notifications_noticedelivery (id, kind, facts, address, to_contact, status, reason, attempts, error,"
        " channel, language, sealed_link, created_at, next_at)"
        " VALUES (1, 'account_exists', '{}', 'anna@market.example', false, 'waiting', '', 0, '', 'mail', 'en', '',"
        " '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
    ),
    (
        "INSERT INTO base_job (state, due_at, lease_owner, attempts, kind, key, payload, error)"
        " VALUES (0, '2026-01-01 00:00:00', '', 0, 'notifications.deliver', '1', '{}', '')"
    ),
)
"""Sent within a second if a worker runs."""


def started_market(folder: Path, name: str, **mode: str) -> Market:
    """Return a market that stored its mode, with a mail that waits."""
    market = migrated_market(folder, name)
    assert market.run("migrate", **mode).returncode == 0
    for statement in WAITING_MAIL:
        query(market, statement)
    return market


@pytest.fixture(scope="module")
def production(tmp_path_factory) -> Market:
    return started_market(tmp_path_factory.mktemp("production"), "mode_production")


@pytest.mark.slow
@pytest.mark.parametrize("command", ACTING, ids=" ".join)
def test_no_command_opens_a_production_market_as_a_sandbox(production: Market, command: tuple[str, ...]) -> None:
    """A copy of production that was started as a sandbox called live sellers 81 times."""
    [(market_id, mode)] = identity(production)
    assert mode == "production"
    before = content(production)
    refused = production.run(*command, stdin="correct horse battery\n", TRADEPOST_SANDBOX="1", PORT=str(free_port()))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.search(f"holds a production market .id {market_id}., but sandbox mode was requested", refused.stderr)
    assert "unset TRADEPOST_SANDBOX" in refused.stderr
    assert content(production) == before
    assert not (production.folder / "mail").exists()
    assert not (production.folder / "files").exists()


@pytest.mark.parametrize(
    "command", [("demo",), ("dev", "--address", "http://127.0.0.1:9/produce", "--key", "k" * 16)], ids=lambda c: c[0]
)
@pytest.mark.sqlite  # where the database is in the folder; dev never uses another one
def test_demo_and_dev_do_not_start_in_a_production_market(production: Market, command: tuple[str, ...]) -> None:
    before = content(production)
    refused = production.run(*command, PORT=str(free_port()))
    assert refused.returncode == 1
    assert "holds a production market" in refused.stderr
    assert content(production) == before
    assert not (production.folder / "demo.json").exists()


def test_sandbox_cannot_become_a_production_market(tmp_path: Path) -> None:
    sandbox = started_market(tmp_path, "mode_sandbox", TRADEPOST_SANDBOX="1")
    [(market_id, mode)] = identity(sandbox)
    assert mode == "sandbox"
    before = content(sandbox)
    for command in (("worker",), ("serve",), ("up",), ("migrate",), ("clock",)):
        refused = sandbox.run(*command, PORT=str(free_port()))
        assert refused.returncode == 1
        assert f"holds a sandbox (id {market_id}), but production mode was requested" in refused.stderr
        assert "TRADEPOST_SANDBOX=1" in refused.stderr
    assert content(sandbox) == before


@pytest.mark.slow
def test_doctor_runs_and_reports_both_modes(production: Market) -> None:
    [(market_id, _mode)] = identity(production)
    right = {found["area"]: found for found in json.loads(production.run("doctor", "--json").stdout)}
    assert right["market"] == {
        "area": "market", "level": "ok", "said": f"Production market, id {market_id}.", "todo": "",
    }  # fmt: skip
    wrong = production.run("doctor", "--json", TRADEPOST_SANDBOX="1")
    assert wrong.returncode == 1
    found = {one["area"]: one for one in json.loads(wrong.stdout)}
    assert found["market"]["level"] == "fail"
    assert market_id in found["market"]["said"]
    assert {"disk", "workers", "ledger", "files", "mail"} <= found.keys(), "the other checks still run"


def test_old_market_stores_its_mode_once_at_parallel_starts(tmp_path: Path) -> None:
    """opening.md §3: "A market from before this rule stores its mode at its first start with the new version." """
    market, port = migrated_market(tmp_path, "mode_old"), str(free_port())
    assert identity(market) == []
    running = [market.start("worker", "--name", f"w{number}") for number in range(3)]
    running.append(market.start("serve", PORT=port))
    try:
        wait_for(lambda: _ready_workers(port) == 3, within=WITHIN)
        assert [mode for _id, mode in identity(market)] == ["production"]
        [(token,)] = query(market, "SELECT files_token FROM base_marketidentity")
        assert (tmp_path / "files/market-id").read_text().split() == [identity(market)[0][0], token]
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.communicate(timeout=WITHIN)
    refused = market.run("worker", TRADEPOST_SANDBOX="1")
    assert refused.returncode == 1
    assert "holds a production market" in refused.stderr


def _ready_workers(port: str) -> int:
    try:
        return int(json.loads(get(f"http://127.0.0.1:{port}/readyz")[1])["workers"])
    except OSError:
        return -1


@pytest.mark.slow
def test_old_sandbox_with_a_moved_clock_never_starts_as_production(tmp_path: Path) -> None:
    market = migrated_market(tmp_path, "mode_moved")
    ahead = "interval '1 day'" if market.database else "86400000000"
    query(market, f'INSERT INTO base_sandboxclock (id, "offset") VALUES (1, {ahead})')
    for command in ("worker", "migrate"):
        refused = market.run(command)
        assert refused.returncode == 1
        assert "This database holds a sandbox: its clock was moved." in refused.stderr
    assert identity(market) == []


def test_every_command_that_opens_a_market_checks_its_mode() -> None:
    """New commands check it too: ``open_market`` does so by default."""
    unchecked = set()
    for path in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open_market":
                unchecked |= {(path.stem, word.arg) for word in node.keywords if word.arg in {"only_look", "any_mode"}}
    assert unchecked == {
        ("doctor", "only_look"),  # reports the mode
        ("explain", "only_look"),  # changes nothing
        ("serve", "any_mode"),  # starting.begin checks it, also when the database becomes reachable later
        ("worker", "any_mode"),  # the same
        ("simulate", "any_mode"),  # uses temporary databases
    }
