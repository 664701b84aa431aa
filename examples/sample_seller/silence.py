"""Pauses the seller while a file exists, so that a demo can show how the market reacts."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOK_EVERY = 0.1


class Silenced:
    """A WSGI application that delays every request while ``file`` exists and answers it afterwards."""

    def __init__(self, app: WSGIApplication, file: Path) -> None:
        self._app, self._file = app, file

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        while self._file.exists():
            time.sleep(LOOK_EVERY)
        return self._app(environ, start_response)
