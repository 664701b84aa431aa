"""The marker that ties a files folder to its market.

Each process that serves a market reads and writes the same files folder. On a machine where that folder is another one, half of
the files would be missing. So the folder holds a marker, and the database knows which one. The first start with a complete
folder writes it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from .file_check import FileCheck
from .models import MarketIdentity

NAME = "market-id"
TOKEN_BYTES = 8


class Marker(Struct, frozen=True):
    """``token`` tells two folders apart that were marked for one market."""

    market_id: str
    token: str


class FolderState(StrEnum):
    OK = "ok"
    UNMARKED = "unmarked"
    """No folder of this market has a marker yet."""
    MISSING = "missing"
    """Another folder has it."""
    FOREIGN = "foreign"
    """The marker is that of another market, or of another folder of this one."""


def read_marker(folder: Path) -> Marker | None:
    """None where there is no marker. A file that is no marker belongs to no market."""
    try:
        lines = (folder / NAME).read_text(encoding="ascii").split()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return Marker("", "")
    return Marker(*lines) if len(lines) == 2 else Marker("", "")


def folder_state(folder: Path, known: MarketIdentity | None) -> FolderState:
    marker = read_marker(folder)
    if known is None:
        return FolderState.UNMARKED if marker is None else FolderState.FOREIGN
    if marker is None:
        return FolderState.MISSING if known.files_token else FolderState.UNMARKED
    if marker.market_id != known.market_id:
        return FolderState.FOREIGN
    if not known.files_token:  # a start that was interrupted wrote it
        return FolderState.UNMARKED
    return FolderState.OK if marker.token == known.files_token else FolderState.FOREIGN


def claim(folder: Path, known: MarketIdentity) -> FolderState:
    """Mark the folder as this market's unless another folder was first. Safe for processes that start at the same time."""
    if folder_state(folder, known) is FolderState.OK:
        return FolderState.OK
    marker = read_marker(folder) or _write(folder, Marker(known.market_id, secrets.token_hex(TOKEN_BYTES)))
    rows = MarketIdentity.objects.filter(pk=MarketIdentity.ONLY)
    if marker.market_id == known.market_id:
        rows.filter(files_token="").update(files_token=marker.token)
    known.files_token = rows.values_list("files_token", flat=True).get()
    state = folder_state(folder, known)
    if state is FolderState.FOREIGN and marker.market_id == known.market_id:
        (folder / NAME).unlink(missing_ok=True)  # ours, and too late: this folder stays as it was
        return FolderState.MISSING
    return state


def mark_anew(folder: Path, known: MarketIdentity) -> None:
    """Make this the files folder of the market; any other folder is refused from now on."""
    (folder / NAME).unlink(missing_ok=True)
    marker = _write(folder, Marker(known.market_id, secrets.token_hex(TOKEN_BYTES)))
    MarketIdentity.objects.filter(pk=MarketIdentity.ONLY).update(files_token=marker.token)


def _write(folder: Path, marker: Marker) -> Marker:
    """Write it unless another process was first; the marker that is there then."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = folder / f".{NAME}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(f"{marker.market_id} {marker.token}\n")
            handle.flush()
            os.fsync(handle.fileno())
        try:
            (folder / NAME).hardlink_to(aside)
        except FileExistsError:
            pass
        except OSError:  # a network share without hard links
            aside.replace(folder / NAME)
    finally:
        aside.unlink(missing_ok=True)
    return read_marker(folder) or marker


def problem(folder: Path, state: FolderState, check: Callable[[], FileCheck]) -> str:
    """Why a market must not run with this folder, and what to do; empty when it may. ``check`` runs before the first marker."""
    where = folder.absolute()
    if state is FolderState.OK:
        return ""
    if state is FolderState.MISSING:
        return (
            f"The files folder {where} is not the one of this market: it has no marker ({NAME}). Mount the folder that the "
            "other machines use, or put back its backup. To use this folder from now on: tradepost files adopt"
        )
    if state is FolderState.FOREIGN:
        return (
            f"The files folder {where} belongs to another market, or to another folder of this one: its marker ({NAME}) "
            "differs. Choose the right folder with TRADEPOST_DATA. To use this folder from now on: tradepost files adopt"
        )
    found = check()
    if found.complete:
        return ""
    return (
        f"{found.missing} of {found.checked} files that the database refers to are missing from the files folder {where}: "
        f"{found.names()}. Put all files of this market into one folder that every machine mounts. To start without "
        "them: tradepost files adopt --accept-missing"
    )
