"""Let WhiteNoise look through the static files once in a process: every test client makes middleware of its own."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.handlers import StaticFilesHandler
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]


def look_once() -> None:
    """Keep what WhiteNoise found, by the folder and the prefix under which it serves it."""
    look = WhiteNoiseMiddleware.add_files
    known: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self: WhiteNoiseMiddleware, root: str, prefix: str = "") -> None:
        if (key := (str(root), prefix)) not in known:
            before = set(self.files)
            look(self, root, prefix)
            known[key] = {name: file for name, file in self.files.items() if name not in before}
        self.files.update(known[key])

    WhiteNoiseMiddleware.add_files = add


def serve_as_a_market_does() -> None:
    """Let a live server of the tests take static files from WhiteNoise: Django's own handler knows no hashed names."""

    def should_handle(self: StaticFilesHandler, path: str) -> bool:
        del self, path
        return False

    StaticFilesHandler._should_handle = should_handle  # type: ignore[assignment, method-assign]
