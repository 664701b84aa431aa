"""Run a PostgreSQL server for one test run: in a temporary folder, on loopback, removed afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests import waiting

SERVER_VARIABLE = "TRADEPOST_TEST_DATABASE_URL"
"""URL of the server of this run. The process that starts the server sets it; the workers of xdist inherit it."""

USER = "tradepost"
START_TIMEOUT = 90.0
MAX_STARTS = 3

# The data does not outlive the run, so it need not survive a power cut.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_min_messages": "warning",
    # Autovacuum would analyze tables in the middle of a test and change the query plans that the test reads.
    "autovacuum": "off",
}


class ServerStartError(Exception):
    """PostgreSQL is installed but did not start. The message ends with its log."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server. ``url`` is that of its empty database ``tradepost``."""

    folder: Path
    process: subprocess.Popen[bytes]
    command: Sequence[str | Path]
    url: str

    def crash(self) -> None:
        """Stop the server as a crash does: without a checkpoint, with open connections cut."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=600)

    def start_again(self, *, under: Sequence[str] = ()) -> Cluster:
        """Start the server on the same data and port, with recovery. ``under`` is a command that runs the server, such
        as ``nice``."""
        owner = _ordinary_user()
        process = subprocess.Popen([*under, *self.command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, cwd=self.folder, **owner)  # fmt: skip
        if not _accepts_connections(process, self.url):
            raise ServerStartError("PostgreSQL did not start again")
        return replace(self, process=process)

    def shut_down(self) -> None:
        self.process.send_signal(signal.SIGINT)  # "fast" shutdown: cuts open connections instead of waiting for them
        try:
            self.process.wait(timeout=600)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(waiting.TIMEOUT)

    def stop(self) -> None:
        self.shut_down()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(binaries: Path, *, where: Path | None = None, **settings: str) -> Cluster:
    """Create a cluster in the folder ``where`` and start its server with ``settings`` added. Raises
    ``ServerStartError``."""
    folder = Path(tempfile.mkdtemp(prefix="tradepost-postgres-", dir=where))
    owner = _ordinary_user()
    if owner:
        shutil.chown(folder, owner["user"], owner["group"])
    try:
        _initialise(binaries, folder, owner)
        return _serve(binaries, folder, owner, SETTINGS | settings)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def new_database(name: str, *, template: str = "template1") -> str:
    """Create a database on the server of this run and return its URL. It is empty unless it copies a template."""
    server = os.environ[SERVER_VARIABLE]
    creation = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(creation)
    return f"{server.rsplit('/', 1)[0]}/{name}"


def exists(name: str) -> bool:
    """Return whether the server of this run has a database of this name."""
    with psycopg.connect(os.environ[SERVER_VARIABLE], autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def rename(name: str, other: str) -> None:
    """Rename a database that has no connections."""
    statement = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(other))
    with psycopg.connect(os.environ[SERVER_VARIABLE], autocommit=True) as connection:
        connection.execute(statement)


def _ordinary_user() -> dict[str, Any]:
    """Return the arguments of ``Popen`` for another user if this process is root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise ServerStartError("we are root, and there is neither a user postgres nor nobody to run the server")


def _initialise(binaries: Path, folder: Path, owner: dict[str, Any]) -> None:
    result = subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        **owner,
        timeout=waiting.PROGRAM_TIMEOUT,
    )
    if result.returncode:
        raise ServerStartError(f"initdb failed: {result.stderr.strip()}")


def _serve(binaries: Path, folder: Path, owner: dict[str, Any], settings: dict[str, str]) -> Cluster:
    log = folder / "log"
    for _ in range(MAX_STARTS):  # another program may take the port before the server binds it
        port = _free_port()
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            command: list[str | Path] = [binaries / "postgres", "-D", folder / "data", "-p", str(port), *options]
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                **owner,
            )
        maintenance = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        if _accepts_connections(process, maintenance):
            with psycopg.connect(maintenance, autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(USER)))
            return Cluster(folder, process, command, f"postgresql://{USER}@127.0.0.1:{port}/{USER}")
        if process.poll() is None:
            process.kill()
        process.wait(waiting.TIMEOUT)
    raise ServerStartError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:].strip()}")


def _accepts_connections(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
