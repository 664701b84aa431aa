"""Files that are too large to be held, delivered for a market event (openapi-jointkit §C.7): read as they are sent, with word of
how far it is.

``upload_path`` is the call that the specification has, in one piece. ``upload_resumable`` goes on where it broke off, also in a
later process; it speaks the tus protocol 1.0.0, which KooGallery does not have: a Tradepost market does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin

from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import CONTENT_HASH
from tradepost.protocols.open_api.upload import file_form
from tradepost.protocols.open_api.upload import upload_path as path_of_event

from .client import MarketError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradepost.protocols.http import Response

    from .client import MarketClient

__all__ = ["upload_path", "upload_resumable"]

PIECE = 256 * 1024
ANSWER_WITHIN = 300.0
"""Seconds: the market reads a file of two gigabytes once more before it answers."""
TUS = ("Tus-Resumable", "1.0.0")
PIECE_TYPE = "application/offset+octet-stream"
RESUME = "/resumable"
LATER = frozenset(
    {HTTPStatus.LOCKED, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

type Progress = Callable[[int, int], None]
"""Bytes that were sent, and bytes of the file; called as they go out, a last time at the end."""


def upload_path(
    client: MarketClient, event_id: str, path: Path | str, *, file_name: str = "", progress: Progress | None = None
) -> None:
    """Deliver the file in one call, under ``file_name`` or its own. Raises ``MarketError``, ``OSError`` and ``ValueError``.

    Not repeated once it was sent; the same file may be sent again, the market keeps one.
    """
    file = _file(path, file_name)
    form = file_form(event_id, file.name, file.sha256, market=client.market, boundary=client.chance())
    whole = hashlib.sha256(form.before)
    for piece in _pieces(file, 0, None):
        whole.update(piece)
    whole.update(form.after)
    headers = (
        ("Content-Type", form.content_type),
        ("Content-Length", str(len(form.before) + file.size + len(form.after))),
        (CONTENT_HASH, whole.hexdigest()),
    )

    def body() -> Iterator[bytes]:
        yield form.before
        yield from _pieces(file, 0, progress)
        yield form.after

    response = client.send_once(Request("POST", form.url, headers), body=body(), timeout=ANSWER_WITHIN)
    client.told(response)


def upload_resumable(
    client: MarketClient, event_id: str, path: Path | str, *, file_name: str = "", progress: Progress | None = None,
    state: Path | str | None = None,
) -> None:  # fmt: skip
    """Deliver the file, going on where it broke off; given up when nothing came through in ``client.tries`` tries on end.

    ``state``: a small file that holds how to go on with it: give the same one to a later process. It is a secret while it is
    there, and gone when the file is delivered. Raises as ``upload_path``.
    """
    file = _file(path, file_name)
    kept = _State(None if state is None else Path(state), f"{client.market} {event_id} {file.sha256}")
    sending = _Sending(client, event_id, file, kept, progress)
    left, furthest = max(client.tries, 1), 0
    while True:
        try:
            sending.go_on()
            break
        except MarketError as error:
            if not _may_go_on(error):
                kept.drop()
                raise
            # Tries are counted from the last byte that came through: a bad line may break a hundred times.
            left = left - 1 if sending.offset <= furthest else max(client.tries, 1)
            furthest = max(furthest, sending.offset)
            if not left:
                raise
        time.sleep(client.pause)
    kept.drop()


def _may_go_on(error: MarketError) -> bool:
    if error.code == "unreachable":
        return True
    return error.status in LATER or (error.status == HTTPStatus.CONFLICT and error.code == "unreadable")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: str
    size: int
    sha256: str


def _file(path: Path | str, name: str) -> _File:
    """Looked at once, before anything is sent."""
    path = Path(path)
    with path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        return _File(path, name or path.name, os.fstat(opened.fileno()).st_size, sha256)


def _pieces(file: _File, offset: int, progress: Progress | None) -> Iterator[bytes]:
    """No more of it than it had when it was looked at. Raises ``OSError`` when it became shorter."""
    with file.path.open("rb") as opened:
        opened.seek(offset)
        while offset < file.size:
            piece = opened.read(min(PIECE, file.size - offset))
            if not piece:
                raise OSError(f"{file.path} became shorter while it was sent")
            yield piece
            offset += len(piece)
            if progress:
                progress(offset, file.size)


@dataclass(slots=True)
class _State:
    """``about``: the file and where it goes; what was kept of another is nothing."""

    path: Path | None
    about: str

    def load(self) -> str:
        """Where to go on; empty when nothing was begun."""
        if self.path is None:
            return ""
        try:
            held = json.loads(self.path.read_text(encoding="utf-8"))
            return str(held["location"]) if held["about"] == self.about else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def save(self, location: str) -> None:
        if self.path is not None:
            beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            with os.fdopen(
                os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as handle:
                json.dump({"about": self.about, "location": location}, handle)
            beside.replace(self.path)

    def drop(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class _Sending:
    """``offset``: how far it came, as the market said last."""

    client: MarketClient
    event_id: str
    file: _File
    kept: _State
    progress: Progress | None
    offset: int = 0
    location: str = ""

    def go_on(self) -> None:
        """From wherever it stands to the end. Raises ``MarketError``."""
        self.location = self.location or self.kept.load()
        if not self.location or not self._is_there():
            self._begin()
        if self.offset < self.file.size:
            self._send()

    def _begin(self) -> None:
        about = {"filename": self.file.name, "sha256": self.file.sha256}
        headers = (
            TUS,
            ("Upload-Length", str(self.file.size)),
            ("Upload-Metadata", ",".join(f"{name} {_base64(value)}" for name, value in about.items())),
            ("Content-Length", "0"),
        )
        url = self.client.market.rstrip("/") + path_of_event(self.event_id) + RESUME
        response = self.client.send_once(Request("POST", url, headers))
        location = response.header("Location")
        if response.status != HTTPStatus.CREATED or not location:
            self._refuse(response)
        self.location, self.offset = urljoin(url, location or ""), 0
        self.kept.save(self.location)

    def _is_there(self) -> bool:
        """Asks how far it is; False when the market gave it up."""
        response = self.client.send_once(Request("HEAD", self.location, (TUS,)), signed=False)
        if response.status in GONE:
            return False
        offset = response.header("Upload-Offset") or ""
        if response.status != HTTPStatus.OK or not (offset.isascii() and offset.isdigit() and len(offset) < 17):
            self._refuse(response)
        self.offset = int(offset)
        return True

    def _send(self) -> None:
        headers = (
            TUS,
            ("Upload-Offset", str(self.offset)),
            ("Content-Type", PIECE_TYPE),
            ("Content-Length", str(self.file.size - self.offset)),
        )
        request, body = Request("PATCH", self.location, headers), _pieces(self.file, self.offset, self.progress)
        response = self.client.send_once(request, signed=False, body=body, timeout=ANSWER_WITHIN)
        if response.status != HTTPStatus.NO_CONTENT:
            self._refuse(response)

    def _refuse(self, response: Response) -> NoReturn:
        self.client.told(response)
        raise MarketError("unreadable", f"HTTP status {response.status} is not of the protocol", status=response.status)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
