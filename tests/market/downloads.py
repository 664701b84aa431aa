"""Content of a response that the web server sends from the disk (``web/sending_files``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tradepost.market.web.sending_files import HEADER


def sent_file(answer: Any) -> bytes:
    assert answer.content == b"", "an answer in one piece stays in memory until its client has read it"
    return Path(answer[HEADER]).read_bytes()
