"""SMS as files in the data folder: for a sandbox, and to see what would go out. The console shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tradepost.market.notifications.sending import Sent, TemporaryFailure
from tradepost.market.notifications.sms import Sms


class FileSms:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Sms) -> Sent | TemporaryFailure:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{message.delivery}.txt"
            path.touch(mode=0o600)
            path.write_text(f"To: {message.phone}\n\n{message.whole}\n", encoding="utf-8")
        except OSError as error:
            return TemporaryFailure(f"{type(error).__name__}: {error}")
        return Sent()

    def written(self, delivery: int) -> str:
        """The file of a delivery; empty when there is none."""
        try:
            return (self._folder / f"{delivery}.txt").read_text(encoding="utf-8")
        except OSError:
            return ""


def make(settings: Mapping[str, Any]) -> FileSms:
    return FileSms(Path(settings["folder"]))
