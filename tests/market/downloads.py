"""What a client gets of an answer whose content the web server sends from the disk (``web/sending_files``)."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpResponse

from tradepost.market.web.sending_files import HEADER


def sent(answer: HttpResponse) -> bytes:
    assert answer.content == b"", "an answer in one piece stays in memory until its client has read it"
    return Path(answer[HEADER]).read_bytes()
