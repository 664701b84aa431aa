"""Keeps the data folder private to the market's system user, since it has sessions, mails, password hashes and the
secret key.

The umask of every command protects new files. Existing files with wider permissions, created by users, packages or
earlier versions, are restricted, so that an upgrade does not stop the market; only a failure to do so is refused. Only
the market's own files change: a folder with other contents keeps its mode, and so do the targets of links.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tradepost.market.base.errors import Refused

OTHERS_PERMISSIONS = 0o077
MARKET_FILES = (
    "tradepost.sqlite3*",
    "secret.key*",
    "demo.json",
    "demo.lock",
    "migrate.lock",
    "mail",
    "sms",
    "logs",
    "files",
    "uploads",
    "seller",
    "joint-seller",
)
"""Files that the market creates in its data folder."""


def begin_private() -> None:
    """From now on other users cannot read new files of this process and its children."""
    os.umask(OTHERS_PERMISSIONS)


def close_to_others(folder: Path) -> None:
    """Remove other users' access to the market's files in the data folder. Raises ``Refused`` with a remedy."""
    if sys.platform == "win32":
        return
    for path in open_to_others(folder):
        try:
            with suppress(FileNotFoundError):  # a journal that its database has removed
                path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS_PERMISSIONS)
        except OSError as fault:
            raise Refused(
                "cli.open_to_others",
                f"{path} can be read by other users of this machine, and cannot be closed to them ({fault.strerror}). "
                f"Its owner must run: chmod go-rwx {path}",
            ) from None
    folder_status = folder.stat()
    if folder_status.st_mode & stat.S_IWOTH and not folder_status.st_mode & stat.S_ISVTX:
        raise Refused(
            "cli.open_to_others",
            f"Everybody on this machine may put files into {folder}. Choose another folder with TRADEPOST_DATA, or run: "
            f"chmod go-w {folder}",
        )


def open_to_others(folder: Path) -> Iterator[Path]:
    """Yield the market's files that others can access: the folder if it contains nothing else, otherwise its files."""
    if not folder.is_dir():
        return
    market_files = {path for pattern in MARKET_FILES for path in folder.glob(pattern) if not path.is_symlink()}
    if _is_open(folder) and folder.stat().st_uid == os.geteuid() and set(folder.iterdir()) <= market_files:
        yield folder
    for path in sorted(market_files):
        with suppress(FileNotFoundError):
            if _is_open(path):
                yield path


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS_PERMISSIONS)
