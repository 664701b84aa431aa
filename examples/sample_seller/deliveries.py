"""Licenses to upload to the market: stored until it has them, so that neither a restart nor an unreachable market loses
one. The call that announces an application is answered before the upload begins."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from database import Database

from tradepost.kit.client import MarketClient, MarketError
from tradepost.kit.uploading import upload_path, upload_resumable

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("sample_seller")

SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (event_id TEXT PRIMARY KEY, text TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
"""
WAITING, TAKEN = "waiting", "taken"
MAX_TEXT_LENGTH = 1024
RETRY_DELAY = 30.0
"""Seconds until an unreachable market is tried again."""
NO_SUCH_INTERFACE = 404


class Deliveries:
    """``as_files``: upload every license as a file, not only those that are too long for a text."""

    def __init__(self, data: Path, market: MarketClient, *, as_files: bool) -> None:
        self._kept = Database(data / "deliveries.db", SCHEMA)
        self._folder = data / "deliveries"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._market, self._as_files = market, as_files
        self._news = Event()
        self._news.set()  # unfinished uploads of an earlier process
        Thread(target=self._run, name="deliveries", daemon=True).start()

    def deliver(self, event_id: str, text: str) -> None:
        """Upload a license. A repeated event means that the market has not received it, so the same license is uploaded
        again."""
        self._kept.write(
            "INSERT INTO delivery VALUES (?, ?, ?) ON CONFLICT (event_id) DO UPDATE SET state = excluded.state",
            (event_id, text, WAITING),
        )
        self._news.set()

    def _run(self) -> None:
        while True:
            self._news.wait(RETRY_DELAY)
            self._news.clear()
            waiting = self._kept.read("SELECT event_id, text FROM delivery WHERE state = ?", (WAITING,))
            for event_id, text in waiting:
                self._try(event_id, text)

    def _try(self, event_id: str, text: str) -> None:
        try:
            self._upload(event_id, text)
        except MarketError as error:
            log.warning("the license for %s was not taken: %s", event_id, error)
            if error.code == "unreachable" or error.status >= 500 or error.retry_after is not None:
                return  # retried in the next round
            self._end(event_id, error.code)
        else:
            self._end(event_id, TAKEN)

    def _upload(self, event_id: str, text: str) -> None:
        if len(text) <= MAX_TEXT_LENGTH and not self._as_files:
            self._market.upload_text(event_id, text)
            return
        path = self._folder / f"{event_id}.lic"
        path.write_text(text, encoding="utf-8")
        try:
            state = path.with_suffix(".state")
            upload_resumable(self._market, event_id, path, state=state, progress=self._told)
        except MarketError as error:
            if error.status != NO_SUCH_INTERFACE:
                raise
            upload_path(
                self._market, event_id, path, progress=self._told
            )  # a market that only accepts files in one piece
        path.unlink(missing_ok=True)

    def _told(self, sent: int, whole: int) -> None:
        log.info("%d of %d bytes of a license are sent", sent, whole)

    def _end(self, event_id: str, state: str) -> None:
        self._kept.write("UPDATE delivery SET state = ? WHERE event_id = ?", (state, event_id))
