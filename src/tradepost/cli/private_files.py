"""The data folder is for the user that runs the market alone: sessions, mails, hashes of passwords and the secret key lie there.

What is new is made so by the umask that every command begins with. What was there with a wider mode, made by hand, by a
package or by an earlier version, is closed rather than refused: an upgrade must not stop a market for what ``chmod`` mends.
Refused is what cannot be closed. Only what is ours is touched: a folder that holds other things keeps its mode, and so does
what a link leads to.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tradepost.market.base.errors import Refused

OTHERS = 0o077
OURS = (
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
"""What the market makes in its data folder."""


def begin_private() -> None:
    """From now on nobody else may read what this process, or one that it starts, makes."""
    os.umask(OTHERS)


def close_to_others(folder: Path) -> None:
    """Nobody else may read or change what is ours in the data folder. Raises ``Refused`` that says what to do."""
    if sys.platform == "win32":
        return
    for path in open_to_others(folder):
        try:
            with suppress(FileNotFoundError):  # a journal that its database is done with
                path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
        except OSError as fault:
            raise Refused(
                "cli.open_to_others",
                f"{path} can be read by other users of this machine, and cannot be closed to them ({fault.strerror}). "
                f"Its owner must run: chmod go-rwx {path}",
            ) from None
    about = folder.stat()
    if about.st_mode & stat.S_IWOTH and not about.st_mode & stat.S_ISVTX:
        raise Refused(
            "cli.open_to_others",
            f"Everybody on this machine may put files into {folder}. Choose another folder with TRADEPOST_DATA, or run: "
            f"chmod go-w {folder}",
        )


def open_to_others(folder: Path) -> Iterator[Path]:
    """What is ours and others may look into: the folder when it holds nothing else, and else what lies in it."""
    if not folder.is_dir():
        return
    ours = {path for pattern in OURS for path in folder.glob(pattern) if not path.is_symlink()}
    if _is_open(folder) and folder.stat().st_uid == os.geteuid() and set(folder.iterdir()) <= ours:
        yield folder
    for path in sorted(ours):
        with suppress(FileNotFoundError):
            if _is_open(path):
                yield path


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS)
