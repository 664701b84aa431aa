"""Upload of large files for a market event (openapi-jointkit §C.7), read while sending, with progress.

``upload_path`` makes the specified call in one piece. ``upload_resumable`` continues an interrupted upload, even in a
later process. It uses the tus protocol 1.0.0, which Tradepost markets support and KooGallery does not.
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

PIECE_BYTES = 256 * 1024
ANSWER_TIMEOUT = 300.0
"""In seconds: the market reads a file of two gigabytes again before it answers."""
TUS = ("Tus-Resumable", "1.0.0")
PIECE_TYPE = "application/offset+octet-stream"
RESUMABLE_SUFFIX = "/resumable"
RETRY_STATUSES = frozenset(
    {HTTPStatus.LOCKED, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
GONE_STATUSES = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

type Progress = Callable[[int, int], None]
"""Called with the bytes sent and the file's bytes, while sending and at the end."""


def upload_path(
    client: MarketClient, event_id: str, path: Path | str, *, file_name: str = "", progress: Progress | None = None
) -> None:
    """Upload the file in one call, under ``file_name`` or its own name. Raises ``MarketError``, ``OSError`` and
    ``ValueError``.

    Never retried after it was sent. You may send the same file again; the market stores one.
    """
    file = _file(path, file_name)
    form = file_form(event_id, file.name, file.sha256, market=client.market, boundary=client.chance())
    body_hash = hashlib.sha256(form.before)
    for piece in _pieces(file, 0, None):
        body_hash.update(piece)
    body_hash.update(form.after)
    headers = (
        ("Content-Type", form.content_type),
        ("Content-Length", str(len(form.before) + file.size + len(form.after))),
        (CONTENT_HASH, body_hash.hexdigest()),
    )

    def body() -> Iterator[bytes]:
        yield form.before
        yield from _pieces(file, 0, progress)
        yield form.after

    response = client.send_once(Request("POST", form.url, headers), body=body(), timeout=ANSWER_TIMEOUT)
    client.parse_answer(response)


def upload_resumable(
    client: MarketClient, event_id: str, path: Path | str, *, file_name: str = "", progress: Progress | None = None,
    state: Path | str | None = None,
) -> None:  # fmt: skip
    """Upload the file with resumption; it gives up after ``client.tries`` consecutive attempts without progress.

    ``state``: a small file for resumption; pass the same one to a later process. It is secret while it exists, and is
    deleted after the delivery. Raises like ``upload_path``.
    """
    file = _file(path, file_name)
    stored_state = _State(None if state is None else Path(state), f"{client.market} {event_id} {file.sha256}")
    sending = _Sending(client, event_id, file, stored_state, progress)
    tries_left, furthest = max(client.tries, 1), 0
    while True:
        try:
            sending.resume()
            break
        except MarketError as error:
            if not _is_resumable(error):
                stored_state.drop()
                raise
            # Attempts are counted since the last progress, since a bad line may break many times.
            tries_left = tries_left - 1 if sending.offset <= furthest else max(client.tries, 1)
            furthest = max(furthest, sending.offset)
            if not tries_left:
                raise
        time.sleep(client.pause)
    stored_state.drop()


def _is_resumable(error: MarketError) -> bool:
    if error.code == "unreachable":
        return True
    return error.status in RETRY_STATUSES or (error.status == HTTPStatus.CONFLICT and error.code == "unreadable")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: str
    size: int
    sha256: str


def _file(path: Path | str, name: str) -> _File:
    """Read the file's hash and size before sending."""
    path = Path(path)
    with path.open("rb") as opened_file:
        sha256 = hashlib.file_digest(opened_file, "sha256").hexdigest()
        return _File(path, name or path.name, os.fstat(opened_file.fileno()).st_size, sha256)


def _pieces(file: _File, offset: int, progress: Progress | None) -> Iterator[bytes]:
    """Yield at most the bytes that the file had when it was hashed. Raises ``OSError`` if it became shorter."""
    with file.path.open("rb") as opened_file:
        opened_file.seek(offset)
        while offset < file.size:
            piece = opened_file.read(min(PIECE_BYTES, file.size - offset))
            if not piece:
                raise OSError(f"{file.path} became shorter while it was sent")
            yield piece
            offset += len(piece)
            if progress:
                progress(offset, file.size)


@dataclass(slots=True)
class _State:
    """``about``: the file and its target; a state of another upload is ignored."""

    path: Path | None
    about: str

    def load(self) -> str:
        """Return the address of the upload; empty if none was started."""
        if self.path is None:
            return ""
        try:
            stored_state = json.loads(self.path.read_text(encoding="utf-8"))
            return str(stored_state["location"]) if stored_state["about"] == self.about else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def save(self, location: str) -> None:
        if self.path is not None:
            temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            with os.fdopen(
                os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as handle:
                json.dump({"about": self.about, "location": location}, handle)
            temporary.replace(self.path)

    def drop(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class _Sending:
    """``offset``: number of bytes that the market has confirmed."""

    client: MarketClient
    event_id: str
    file: _File
    kept: _State
    progress: Progress | None
    offset: int = 0
    location: str = ""

    def resume(self) -> None:
        """Send the remaining bytes. Raises ``MarketError``."""
        self.location = self.location or self.kept.load()
        if not self.location or not self._is_there():
            self._begin()
        if self.offset < self.file.size:
            self._send()

    def _begin(self) -> None:
        metadata = {"filename": self.file.name, "sha256": self.file.sha256}
        headers = (
            TUS,
            ("Upload-Length", str(self.file.size)),
            ("Upload-Metadata", ",".join(f"{name} {_base64(value)}" for name, value in metadata.items())),
            ("Content-Length", "0"),
        )
        url = self.client.market.rstrip("/") + path_of_event(self.event_id) + RESUMABLE_SUFFIX
        response = self.client.send_once(Request("POST", url, headers))
        location = response.header("Location")
        if response.status != HTTPStatus.CREATED or not location:
            self._refuse(response)
        self.location, self.offset = urljoin(url, location or ""), 0
        self.kept.save(self.location)

    def _is_there(self) -> bool:
        """Query the offset; return False if the market has discarded the upload."""
        response = self.client.send_once(Request("HEAD", self.location, (TUS,)), signed=False)
        if response.status in GONE_STATUSES:
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
        response = self.client.send_once(request, signed=False, body=body, timeout=ANSWER_TIMEOUT)
        if response.status != HTTPStatus.NO_CONTENT:
            self._refuse(response)

    def _refuse(self, response: Response) -> NoReturn:
        self.client.parse_answer(response)
        raise MarketError("unreadable", f"HTTP status {response.status} is not of the protocol", status=response.status)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
