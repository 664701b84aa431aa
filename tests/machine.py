"""Find the programs that some tests need and a machine may lack: PostgreSQL, chromium and the web proxies."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
POSTGRES_FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt", "/usr/local/opt")
POSTGRES_LEAST = 15
PROXIES = ("nginx", "haproxy", "caddy")
SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
"""Debian installs nginx and haproxy where the PATH of most users does not look."""


def find_chromium() -> str | None:
    """The browser that tests drive."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def find_proxy(name: str) -> str | None:
    """Path of one of ``PROXIES``."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)


def missing_proxies() -> list[str]:
    return [name for name in PROXIES if find_proxy(name) is None]


def find_postgres() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: on PATH, else the newest where packages put it off PATH."""
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).parent
    found = [
        program.parent
        for folder in POSTGRES_FOLDERS
        for program in Path(folder).glob("**/bin/postgres")
        if (program.parent / "initdb").exists() and _version(program) >= POSTGRES_LEAST
    ]
    return max(found, key=_version, default=None)


def _version(program: Path) -> int:
    numbers = re.findall(r"\d+", str(program))
    return int(numbers[0]) if numbers else POSTGRES_LEAST


def missing_programs() -> list[str]:
    """Say what this machine lacks and which tests are left out because of it."""
    missing = []
    if find_postgres() is None:
        missing.append("tests on PostgreSQL: PostgreSQL 15 or later is not installed")
    if find_chromium() is None:
        missing.append("tests in a browser: chromium is not installed")
    if proxies := missing_proxies():
        missing.append(f"tests behind a web proxy: not installed: {', '.join(proxies)}")
    return missing
