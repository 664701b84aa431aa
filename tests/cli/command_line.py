"""Run the command line in separate processes, each with its own market."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests import migrated
from tests.conftest import DATABASE
from tests.postgres import new_database

MAIN = [sys.executable, "-c", "from tradepost.cli import main; main()"]
WITHIN = 600


@dataclass(frozen=True)
class Market:
    """The data folder, and on PostgreSQL the database, for processes of one test."""

    folder: Path
    database: str = ""

    def env(self, **more: str) -> dict[str, str]:
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith("TRADEPOST_") and k not in {"PORT", "DATABASE_URL"}
        }
        return {**kept, "TRADEPOST_DATA": str(self.folder), "DATABASE_URL": self.database, "LC_ALL": "C.UTF-8", **more}

    def run(self, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MAIN, *arguments],
            env=self.env(**more),
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*MAIN, *arguments],
            env=self.env(**more),
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def make_market(folder: Path, name: str) -> Market:
    """``name`` of its database, which belongs to this test worker."""
    folder.mkdir(parents=True, exist_ok=True)
    return Market(folder, new_database(_own(name)) if DATABASE == "postgres" else "")


def migrated_market(folder: Path, name: str) -> Market:
    """Return a market whose tables exist already."""
    folder.mkdir(parents=True, exist_ok=True)
    if DATABASE == "postgres":
        return Market(folder, migrated.create_postgres(_own(name)))
    migrated.create_sqlite(folder / "tradepost.sqlite3")
    return Market(folder)


def _own(name: str) -> str:
    return f"{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def acts(market: Market, like: str) -> list[tuple[str, ...]]:
    """Return the audit log of the acts on the command line, oldest first. None of them contains the password."""
    columns = "act, outcome, object_text, actor_text, details"
    if market.database:
        with psycopg.connect(market.database) as connection:
            found = connection.execute(
                f"SELECT {columns} FROM audit_entry WHERE act LIKE %s ORDER BY id", [like]
            ).fetchall()
    else:
        with sqlite3.connect(market.folder / "tradepost.sqlite3") as file:
            found = file.execute(f"SELECT {columns} FROM audit_entry WHERE act LIKE ? ORDER BY id", [like]).fetchall()
    assert all("@" in row[3] and "horse" not in str(row) for row in found)
    return [row[:3] for row in found]
