"""Commands for a market's database: migrate, clock, accounts, up."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from tests.cli.command_line import WITHIN, Market, acts, make_market, migrated_market
from tests.cli.running import alive, command_of, family, read_until, wait_for
from tests.conftest import DATABASE
from tradepost.cli.migrate import LOCK
from tradepost.cli.serve import free_port

REVERTED_MIGRATION = "account.0009_emailaddress_unique_primary_email"


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Market:
    """Return a market that lacks one migration, so that the command creates what all tests start with
    (``tests/migrated.py``)."""
    made = migrated_market(tmp_path_factory.mktemp("market"), "cli_market")
    _revert_migration(made)
    done = made.run("migrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Applying {REVERTED_MIGRATION}\nApplied 1 migrations.\n"
    return made


@pytest.mark.slow
def test_second_migrate_does_nothing(market):
    assert market.run("migrate").stdout == "The database is at this version already.\n"


@pytest.mark.slow
def test_parallel_migrate_waits_for_the_first(market):
    if DATABASE == "postgres":
        with psycopg.connect(market.database) as holder:
            holder.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            waiting = market.start("migrate")
            read_until(waiting, "Another process is migrating this database; waiting for it.")
    else:
        import fcntl

        with (market.folder / "migrate.lock").open("w") as holder:
            fcntl.flock(holder, fcntl.LOCK_EX)
            waiting = market.start("migrate")
            read_until(waiting, "Another process is migrating this database; waiting for it.")
    assert waiting.communicate(timeout=WITHIN)[0] == "The database is at this version already.\n"
    assert waiting.returncode == 0


@pytest.mark.slow
def test_clock_of_a_real_market_cannot_be_moved(market):
    refused = market.run("clock", "advance", "30d")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == ("tradepost: This is a real market: its clock cannot be moved. Start a sandbox to try.\n")
    assert "A real market" in market.run("clock").stdout


@pytest.mark.slow
def test_clock_of_a_sandbox_without_a_worker_is_set_at_once(tmp_path):
    market = migrated_market(tmp_path, "cli_sandbox")
    moved = market.run("clock", "advance", "1d12h", TRADEPOST_SANDBOX="1")
    assert moved.returncode == 0
    assert moved.stdout.startswith("No worker is running, so the clock was set at once. It is now ")
    assert "Ahead by     1 day 12 hours" in market.run("clock", TRADEPOST_SANDBOX="1").stdout
    found = json.loads(market.run("doctor", "--json").stdout)
    assert {
        "area": "clock",
        "level": "fail",
        "said": "This database was a sandbox, with its clock 1 day 12 hours ahead, so rows lie in the future.",
        "todo": "Start a production market with an empty database.",
    } in found


def test_invalid_duration_is_refused(tmp_path):
    market = migrated_market(tmp_path, "cli_span")
    refused = market.run("clock", "advance", "soon", TRADEPOST_SANDBOX="1")
    assert (refused.returncode, refused.stderr) == (
        1,
        "tradepost: 'soon' is no span of time: write 90s, 15m, 4h, 30d, 2w, 1y or 1d12h.\n",
    )


@pytest.mark.slow
def test_operators_are_created_and_removed(market):
    weak = market.run("operator", "create", "anna@market.example", "--password-stdin", stdin="short\n")
    assert weak.returncode == 1
    assert "too short" in weak.stderr
    made = market.run("operator", "create", "anna@market.example", "--password-stdin", stdin="correct horse battery\n")
    assert (made.returncode, made.stderr) == (0, "")
    again = market.run("operator", "create", "Anna@Market.example", "--password-stdin", stdin="correct horse battery\n")
    assert again.returncode == 1
    assert "has an account already" in again.stderr
    last = market.run("operator", "revoke", "anna@market.example")
    assert (last.returncode, "last owner" in last.stderr) == (1, True)
    fin = ("fin@market.example", "--password-stdin", "--role", "finance")
    assert market.run("operator", "create", *fin, stdin="correct horse battery\n").returncode == 0
    assert market.run("operator", "grant", "fin@market.example", "--role", "king").returncode == 1
    assert market.run("operator", "grant", "fin@market.example", "--role", "auditor").returncode == 0
    assert "auditor active" in market.run("operator", "list").stdout
    assert market.run("operator", "lock", "fin@market.example", "--reason", "left").returncode == 0
    assert "auditor locked" in market.run("operator", "list").stdout
    assert market.run("operator", "unlock", "fin@market.example", "--reason", "back").returncode == 0
    assert market.run("operator", "revoke", "fin@market.example").returncode == 0
    unknown = market.run("operator", "grant", "nobody@market.example")
    assert (unknown.returncode, unknown.stderr) == (1, "tradepost: There is no account nobody@market.example.\n")
    assert "nothing was changed" in market.run("operator", "reset-second-step", "anna@market.example").stderr
    change(
        market,
        "INSERT INTO identity_secondfactor (user_id, sealed, last_step, created_at)"
        " SELECT id, 'x', 1, CURRENT_TIMESTAMP FROM identity_user WHERE email = 'anna@market.example'",
    )
    assert market.run("operator", "reset-second-step", "anna@market.example").returncode == 0
    assert acts(market, "cli operator %") == [
        ("cli operator create", "refused", ""), ("cli operator create", "done", "anna@market.example"),
        ("cli operator create", "refused", ""), ("cli operator revoke", "refused", ""),
        *((f"cli operator {act}", "done", "fin@market.example") for act in ("create", "grant", "lock", "unlock", "revoke")),
        ("cli operator grant", "refused", ""),
        ("cli operator reset-second-step", "refused", ""),
        ("cli operator reset-second-step", "done", "anna@market.example"),
    ]  # fmt: skip


def change(market: Market, statement: str) -> None:
    if market.database:
        with psycopg.connect(market.database) as connection:
            connection.execute(statement)
    else:
        with sqlite3.connect(market.folder / "tradepost.sqlite3") as file:
            file.execute(statement)


@pytest.mark.slow
def test_owner_of_a_seller_is_created(market):
    arguments = ("seller", "create", "yunfan", "--name", "云帆软件", "--owner", "owner@yunfan.example")
    made = market.run(*arguments, "--password-stdin", stdin="correct horse battery\n")
    assert (made.returncode, made.stdout) == (
        0,
        "owner@yunfan.example owns 云帆软件 and may now enter the seller center.\n",
    )
    again = market.run(*arguments)
    assert (again.returncode, again.stderr) == (1, "tradepost: There is a seller yunfan already.\n")
    assert acts(market, "cli seller %") == [
        ("cli seller create", "done", "云帆软件"), ("cli seller create", "refused", ""),
    ]  # fmt: skip


@pytest.mark.slow
def test_missing_database_is_reported_in_one_line(tmp_path):
    refused = Market(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing").run("migrate")
    assert refused.returncode == 1
    assert refused.stderr.startswith("tradepost: The database does not work: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.slow
def test_wrong_setting_is_named(tmp_path):
    refused = Market(tmp_path).run("serve", PORT="70000")
    assert (refused.returncode, refused.stderr) == (
        1,
        "tradepost: Settings are wrong. TRADEPOST_PORT: Input should be less than or equal to 65535\n",
    )


@pytest.mark.slow
def test_up_runs_a_market_and_leaves_nothing_behind(tmp_path):
    market, port = migrated_market(tmp_path, "cli_up"), str(free_port())
    _revert_migration(market)
    up = market.start("up", PORT=port, TRADEPOST_LOG_LEVEL="WARNING")
    try:
        read_until(up, f"Applying {REVERTED_MIGRATION}")
        read_until(up, f"Tradepost is running at http://127.0.0.1:{port}")
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=WITHIN) as response:
            assert response.status == 200
        _check_killed_processes_restart(up, port)
        everyone = family(up.pid)
        assert len(everyone) >= 4
        up.send_signal(signal.SIGTERM)
        rest, _ = up.communicate(timeout=WITHIN)
        assert (up.returncode, rest) == (
            0,
            "Stopping: calls in flight are finished first. Ctrl-C again to leave at once.\n",
        )
        wait_for(lambda: not any(map(alive, everyone)))
    finally:
        up.kill()


def _revert_migration(market: Market) -> None:
    """Revert the migration of a missing index. The others need not be applied again."""
    lacks = (
        "DROP INDEX unique_primary_email",
        f"DELETE FROM django_migrations WHERE name = '{REVERTED_MIGRATION.partition('.')[2]}'",
    )
    if DATABASE == "postgres":
        with psycopg.connect(market.database) as database:
            for statement in lacks:
                database.execute(statement.encode())
        return
    with closing(sqlite3.connect(market.folder / "tradepost.sqlite3")) as file, file:
        for statement in lacks:
            file.execute(statement)


def _check_killed_processes_restart(up: subprocess.Popen[str], port: str) -> None:
    """No part of a market stays down. The process that answers is a child of the one that is killed here."""

    def running(command: str) -> int:
        return next((pid for pid in family(up.pid) if pid != up.pid and command in command_of(pid)), 0)

    def answers() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=WITHIN) as response:
                return json.loads(response.read())["workers"] == 1
        except OSError:
            return False

    wait_for(answers)
    for name, command in (("web", "main() serve"), ("worker", "main() worker")):
        killed = running(command)
        os.kill(killed, signal.SIGKILL)
        read_until(up, f"The {name} process was ended by SIGKILL; starting it again in 0.5 s.")
        wait_for(lambda killed=killed, command=command: running(command) not in {0, killed} and answers())


@pytest.mark.slow
def test_worker_with_another_secret_key_does_not_start(market):
    """It could call no seller, so every order would be refunded after hours. This market has not run yet;
    test_start_refusals.py has one that has."""
    add = (
        "from tradepost.cli.opening import open_market; open_market()\n"
        "from tests.factories import make_seller; make_seller(slug='tangli')\n"
    )
    env = {**market.env(), "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", add], env=env, cwd=market.folder, check=True, timeout=WITHIN)
    refused = market.run("worker", TRADEPOST_SECRET_KEY="another secret key, long enough for anybody to accept it")
    assert refused.returncode == 1
    assert "Sealed data of this market cannot be opened (1 of 1 tried)" in refused.stderr
    assert "TRADEPOST_OLD_SECRET_KEYS" in refused.stderr


@pytest.mark.slow
def test_worker_without_tables_says_what_to_run(tmp_path):
    bare = make_market(tmp_path, "cli_bare")
    if DATABASE == "sqlite":
        (tmp_path / "tradepost.sqlite3").touch()
    refused = bare.run("worker")
    assert refused.returncode == 1
    assert refused.stderr.endswith("Run: tradepost migrate\n")
