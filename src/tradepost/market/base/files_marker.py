"""The marker that ties a files folder to its market.

All processes of a market share one files folder. If a machine has mounted a different folder, half of the files would
be missing. So the folder holds a marker file, and the database stores its token. The first start with a complete
folder writes the marker."""

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
    """``token`` distinguishes two folders that were marked for the same market."""

    market_id: str
    token: str


class FolderState(StrEnum):
    OK = "ok"
    UNMARKED = "unmarked"
    """No folder of this market has a marker yet."""
    MISSING = "missing"
    """The folder has no marker, but another folder of this market has."""
    FOREIGN = "foreign"
    """The marker belongs to another market, or to another folder of this market."""


def read_marker(folder: Path) -> Marker | None:
    """Return the marker, or None if there is none. A malformed file gives a marker that matches no market."""
    try:
        lines = (folder / NAME).read_text(encoding="ascii").split()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return Marker("", "")
    return Marker(*lines) if len(lines) == 2 else Marker("", "")


def folder_state(folder: Path, identity: MarketIdentity | None) -> FolderState:
    marker = read_marker(folder)
    if identity is None:
        return FolderState.UNMARKED if marker is None else FolderState.FOREIGN
    if marker is None:
        return FolderState.MISSING if identity.files_token else FolderState.UNMARKED
    if marker.market_id != identity.market_id:
        return FolderState.FOREIGN
    if not identity.files_token:  # left by an interrupted start
        return FolderState.UNMARKED
    return FolderState.OK if marker.token == identity.files_token else FolderState.FOREIGN


def claim(folder: Path, identity: MarketIdentity) -> FolderState:
    """Mark the folder as this market's unless another folder already is. Safe for processes that start at the same
    time."""
    if folder_state(folder, identity) is FolderState.OK:
        return FolderState.OK
    marker = read_marker(folder) or _write(folder, Marker(identity.market_id, secrets.token_hex(TOKEN_BYTES)))
    rows = MarketIdentity.objects.filter(pk=MarketIdentity.ONLY)
    if marker.market_id == identity.market_id:
        rows.filter(files_token="").update(files_token=marker.token)
    identity.files_token = rows.values_list("files_token", flat=True).get()
    state = folder_state(folder, identity)
    if state is FolderState.FOREIGN and marker.market_id == identity.market_id:
        (folder / NAME).unlink(missing_ok=True)  # written by this process, but another folder was first
        return FolderState.MISSING
    return state


def mark(folder: Path, identity: MarketIdentity) -> None:
    """Make this the files folder of the market; any other folder is refused from now on."""
    (folder / NAME).unlink(missing_ok=True)
    marker = _write(folder, Marker(identity.market_id, secrets.token_hex(TOKEN_BYTES)))
    MarketIdentity.objects.filter(pk=MarketIdentity.ONLY).update(files_token=marker.token)


def _write(folder: Path, marker: Marker) -> Marker:
    """Write the marker unless another process was first. Return the marker that is stored."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".{NAME}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(f"{marker.market_id} {marker.token}\n")
            handle.flush()
            os.fsync(handle.fileno())
        try:
            (folder / NAME).hardlink_to(temporary)
        except FileExistsError:
            pass
        except OSError:  # a network share without hard links
            temporary.replace(folder / NAME)
    finally:
        temporary.unlink(missing_ok=True)
    return read_marker(folder) or marker


def problem(folder: Path, state: FolderState, check: Callable[[], FileCheck]) -> str:
    """Return why the market must not run with this folder and how to correct it; empty if it may. ``check`` runs
    before the first marker is written."""
    path = folder.absolute()
    if state is FolderState.OK:
        return ""
    if state is FolderState.MISSING:
        return (
            f"The files folder {path} is not the one of this market: it has no marker ({NAME}). Mount the folder that the "
            "other machines use, or put back its backup. To use this folder from now on: tradepost files adopt"
        )
    if state is FolderState.FOREIGN:
        return (
            f"The files folder {path} belongs to another market, or to another folder of this one: its marker ({NAME}) "
            "differs. Choose the right folder with TRADEPOST_DATA. To use this folder from now on: tradepost files adopt"
        )
    result = check()
    if result.complete:
        return ""
    return (
        f"{result.missing} of {result.checked} files that the database refers to are missing from the files folder {path}: "
        f"{result.names()}. Put all files of this market into one folder that every machine mounts. To start without "
        "them: tradepost files adopt --accept-missing"
    )
