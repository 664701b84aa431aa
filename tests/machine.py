"""Find the programs that some tests need and a machine may lack: PostgreSQL, chromium and the web proxies."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
POSTGRES_FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt", "/usr/local/opt")
MIN_POSTGRES_VERSION = 15
PROXIES = ("nginx", "haproxy", "caddy")
SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
"""Debian installs nginx and haproxy in folders that are not on the PATH of most users."""


def find_chromium() -> str | None:
    """Return the path of the browser for tests."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def find_proxy(name: str) -> str | None:
    """Return the path of one of ``PROXIES``."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)


def missing_proxies() -> list[str]:
    return [name for name in PROXIES if find_proxy(name) is None]


def find_postgres() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``: from PATH, else the newest one in the folders of packages."""
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).parent
    folders = [
        program.parent
        for folder in POSTGRES_FOLDERS
        for program in Path(folder).glob("**/bin/postgres")
        if (program.parent / "initdb").exists() and _version(program) >= MIN_POSTGRES_VERSION
    ]
    return max(folders, key=_version, default=None)


def find_pg_dump() -> Path:
    """Return the ``pg_dump`` beside the server program, which has the same version. Raises ``LookupError`` if it is
    missing."""
    folder = find_postgres()
    for program in (folder and (folder / "postgres").resolve().with_name("pg_dump"), shutil.which("pg_dump")):
        if program and Path(program).is_file():
            return Path(program)
    raise LookupError("pg_dump is not installed")


def _version(program: Path) -> int:
    numbers = re.findall(r"\d+", str(program))
    return int(numbers[0]) if numbers else MIN_POSTGRES_VERSION


def missing_programs() -> list[str]:
    """List the programs that are missing, and the tests that are skipped without them."""
    missing = []
    if find_postgres() is None:
        missing.append("tests on PostgreSQL: PostgreSQL 15 or later is not installed")
    if find_chromium() is None:
        missing.append("tests in a browser: chromium is not installed")
    if proxies := missing_proxies():
        missing.append(f"tests behind a web proxy: not installed: {', '.join(proxies)}")
    return missing
