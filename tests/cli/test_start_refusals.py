"""Issue 25, 5: "``serve`` and ``worker`` refuse, with the reason: a missing or wrong secret key over sealed data; a files folder
without the marker of this market (the guide for two machines lost half of all files); an unknown or missing migration."
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests import waiting
from tests.cli.command_line import WITHIN, Market, migrated_market
from tests.cli.running import get, wait_for
from tests.cli.stored import content, query
from tradepost.cli.serve import free_port

pytestmark = [pytest.mark.slow]

STARTS = ("serve", "worker", "up")
OTHER_KEY = "another secret key, long enough for anybody to accept it"
PROOF = (
    "INSERT INTO assets_proof (sha256, kind, name, bytes, created_at)"
    " VALUES ('{}', 'application/pdf', 'proof.pdf', 4, '2026-01-01 00:00:00')"
)
HASH = "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce"


@contextmanager
def serve(market: Market, **more: str) -> Iterator[str]:
    """Run the web process and yield its address."""
    port = str(free_port())
    web = market.start("serve", PORT=port, **more)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(lambda: web.poll() is not None or _answers(base), within=WITHIN)
        assert web.poll() is None, web.communicate(timeout=waiting.TIMEOUT)[0]
        yield base
    finally:
        web.terminate()
        web.communicate(timeout=WITHIN)


def _answers(base: str) -> bool:
    try:
        return get(f"{base}/readyz")[0] == 200
    except OSError:
        return False


@pytest.fixture
def market(tmp_path: Path, request: pytest.FixtureRequest) -> Market:
    """Return a market that ran before: it has a mode, a key check and a marked files folder."""
    made = migrated_market(tmp_path / "data", f"refusals_{abs(hash(request.node.name)) % 10**8}")
    with serve(made):
        pass
    return made


def refusal(market: Market, command: str, **more: str) -> str:
    """Return the reason. Nothing was changed or sent."""
    before, files = content(market), _files(market.folder)
    done = market.run(command, PORT=str(free_port()), **more)
    assert (done.returncode, done.stdout) == (1, "")
    assert content(market) == before
    assert _files(market.folder) == files
    return done.stderr


def _files(folder: Path) -> set[str]:
    """Return the files, without temporary ones of a database or a lock."""
    there = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in there if not name.startswith(("tradepost.sqlite3", "migrate.lock"))}


@pytest.mark.parametrize("command", STARTS)
def test_wrong_or_missing_secret_key_is_refused_and_rotation_works(market: Market, command: str) -> None:
    key = (market.folder / "secret.key").read_text()
    said = refusal(market, command, TRADEPOST_SECRET_KEY=OTHER_KEY)
    assert "The secret key is not the one that this market ran with last." in said
    assert "TRADEPOST_OLD_SECRET_KEYS" in said
    (market.folder / "secret.key").unlink()
    said = refusal(market, command)
    assert "The secret key of this market is missing." in said
    assert not (market.folder / "secret.key").exists(), "no new key takes its place"
    (market.folder / "secret.key").write_text(key)
    if command == "serve":
        with serve(market, TRADEPOST_SECRET_KEY=OTHER_KEY, TRADEPOST_OLD_SECRET_KEYS=key) as base:
            assert get(f"{base}/account/login/")[0] == 200
        assert "ran with last" in refusal(market, command), "after the change the former key alone is not enough"
        with serve(market, TRADEPOST_SECRET_KEY=OTHER_KEY):
            pass  # nothing is sealed with the former key any more


@pytest.mark.parametrize("command", STARTS)
def test_folder_of_another_machine_is_refused(market: Market, command: str) -> None:
    """Each machine has its own folder, as in the guide."""
    aside = market.folder / "elsewhere"
    shutil.move(market.folder / "files", aside)
    said = refusal(market, command)
    assert "is not the one of this market: it has no marker" in said
    (market.folder / "files").mkdir()
    (market.folder / "files/market-id").write_text("00000000000000000000000000000000 0000000000000000\n")
    assert "belongs to another market" in refusal(market, command)
    shutil.rmtree(market.folder / "files")
    shutil.move(aside, market.folder / "files")
    if command == "serve":
        with serve(market):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("command", STARTS)
def test_database_of_a_later_version_is_refused(market: Market, command: str) -> None:
    query(
        market,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '9999_later', '2026-01-01 00:00:00')",
    )
    said = refusal(market, command)
    assert "orders.9999_later is unknown to this version. Upgrade Tradepost" in said


@pytest.mark.slow
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_database_of_an_earlier_version_is_refused(market: Market, command: str) -> None:
    query(
        market,
        "DELETE FROM django_migrations WHERE app = 'account' AND name = '0009_emailaddress_unique_primary_email'",
    )
    assert "1 migrations are not applied to the database. Run: tradepost migrate" in refusal(market, command)


def test_old_market_marks_its_folder_only_if_its_files_exist(tmp_path: Path) -> None:
    market = migrated_market(tmp_path / "data", "refusals_old")
    query(market, PROOF.format(HASH))
    (market.folder / "files").mkdir(exist_ok=True)
    (market.folder / "files/notes.txt").write_text("the folder is not empty")
    market.run("clock")  # creates the key file
    for command in ("serve", "worker"):
        said = refusal(market, command)
        assert (
            f"1 of 1 files that the database refers to are missing from the files folder {market.folder / 'files'}"
            in said
        )
        assert HASH in said
    stays = market.run("files", "adopt")
    assert (stays.returncode, "--accept-missing" in stays.stderr) == (1, True)
    (market.folder / "files/4e").mkdir()
    (market.folder / "files/4e" / HASH).write_bytes(b"3")
    with serve(market):
        pass
    assert (market.folder / "files/market-id").exists()


def test_restored_folder_is_adopted(market: Market) -> None:
    """Recovery after a restore without the marker. The doctor passes again when the last file is back."""
    query(market, PROOF.format(HASH))
    (market.folder / "files/market-id").unlink()
    done = market.run("files", "adopt", "--accept-missing")
    assert (done.returncode, done.stderr) == (0, "")
    assert "is now the files folder of this market: 1 files, 1 are missing." in done.stdout
    found = _doctor(market)
    assert (found["files folder"]["level"], found["files"]["level"]) == ("ok", "fail")
    assert HASH in found["files"]["said"]
    with serve(market):
        pass
    (market.folder / "files/4e").mkdir()
    (market.folder / "files/4e" / HASH).write_bytes(b"3")
    assert _doctor(market)["files"]["level"] == "ok"
    assert [act for (act,) in query(market, "SELECT act FROM audit_entry")] == ["cli files adopt"]


def _doctor(market: Market) -> dict[str, dict[str, str]]:
    return {found["area"]: found for found in json.loads(market.run("doctor", "--json").stdout)}


def test_worker_without_database_sends_nothing_and_stops_when_told(tmp_path: Path) -> None:
    """It has not checked the market yet."""
    worker = Market(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing").start("worker", TRADEPOST_LOG_FORMAT="json")
    try:
        assert worker.stdout is not None
        wait_for(lambda: "waiting for the database" in worker.stdout.readline(), within=WITHIN)
        worker.terminate()
        assert worker.wait(WITHIN) == 0
    except subprocess.TimeoutExpired:
        worker.kill()
        raise


def test_web_process_without_database_serves_nothing_before_its_check(tmp_path: Path) -> None:
    port = str(free_port())
    web = Market(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing").start("serve", PORT=port)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(lambda: _status(f"{base}/healthz") == 200, within=WITHIN)
        for path in ("/", "/console/", "/api/mkp-openapi-public/v1/isv/order/query", "/readyz"):
            assert _status(f"{base}{path}") == 503
    finally:
        web.terminate()
        web.communicate(timeout=WITHIN)


def _status(url: str) -> int:
    try:
        return get(url)[0]
    except HTTPError as answer:
        return answer.code
    except OSError:
        return 0


def test_missing_table_is_not_reported_as_an_unreachable_database(market: Market) -> None:
    query(market, "DROP TABLE base_marketidentity")
    done = market.run("worker")
    assert done.returncode == 1
    assert "Run: tradepost migrate" in done.stderr
