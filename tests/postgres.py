"""A PostgreSQL server for one test run: made in a temporary folder, reached over loopback, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

SERVER_VARIABLE = "TRADEPOST_TEST_DATABASE_URL"
"""Where the server of this run is; set by the process that started it, inherited by the workers of xdist."""

USER = "tradepost"
START_WITHIN = 90.0
TRIES = 3

# Nothing here outlives the run, so nothing has to survive a power cut.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_min_messages": "warning",
    # It would look at tables in the middle of a test, and a plan that a test reads would depend on when.
    "autovacuum": "off",
}


class NoServer(Exception):
    """PostgreSQL is there but did not start; the message ends with what it logged."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server. ``url`` names its empty database ``tradepost``."""

    folder: Path
    process: subprocess.Popen[bytes]
    url: str

    def crash(self) -> None:
        """End the server as a power cut of the process would: no checkpoint, open connections cut."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=600)

    def start_again(self) -> Cluster:
        """The same data on the same port, recovered from its journal."""
        owner = _ordinary_user()
        process = subprocess.Popen(self.process.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, cwd=self.folder, **owner)  # fmt: skip
        if not _answers(process, self.url):
            raise NoServer("PostgreSQL did not start again")
        return replace(self, process=process)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # "fast": open connections are cut, not waited for
        try:
            self.process.wait(timeout=600)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(binaries: Path, *, where: Path | None = None, **settings: str) -> Cluster:
    """Make a cluster (in the folder ``where``) and start its server; raises ``NoServer`` when it does not come up. ``settings``
    are added."""
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
    """Create a database on the server of this run, empty unless it copies another, and return its URL: for tests that start
    whole processes."""
    server = os.environ[SERVER_VARIABLE]
    copied = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(copied)
    return f"{server.rsplit('/', 1)[0]}/{name}"


def exists(name: str) -> bool:
    """Whether the server of this run has a database of this name."""
    with psycopg.connect(os.environ[SERVER_VARIABLE], autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def rename(name: str, other: str) -> None:
    """Nobody may be connected to it."""
    renamed = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(other))
    with psycopg.connect(os.environ[SERVER_VARIABLE], autocommit=True) as connection:
        connection.execute(renamed)


def _ordinary_user() -> dict[str, Any]:
    """How to start a program as somebody else when we are root, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoServer("we are root, and there is neither a user postgres nor nobody to run the server")


def _initialise(binaries: Path, folder: Path, owner: dict[str, Any]) -> None:
    made = subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        **owner,
    )
    if made.returncode:
        raise NoServer(f"initdb failed: {made.stderr.strip()}")


def _serve(binaries: Path, folder: Path, owner: dict[str, Any], settings: dict[str, str]) -> Cluster:
    log = folder / "log"
    for _ in range(TRIES):  # another program may take the port between our look and the server's start
        port = _free_port()
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", folder / "data", "-p", str(port), *options],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                **owner,
            )
        maintenance = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        if _answers(process, maintenance):
            with psycopg.connect(maintenance, autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(USER)))
            return Cluster(folder, process, f"postgresql://{USER}@127.0.0.1:{port}/{USER}")
        if process.poll() is None:
            process.kill()
        process.wait()
    raise NoServer(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:].strip()}")


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_WITHIN
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
