"""Let WhiteNoise scan the static files once per process: every test client creates its own middleware."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.handlers import StaticFilesHandler
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]


def scan_once() -> None:
    """Cache the files that WhiteNoise finds, by folder and URL prefix."""
    scan = WhiteNoiseMiddleware.add_files
    cache: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self: WhiteNoiseMiddleware, root: str, prefix: str = "") -> None:
        if (key := (str(root), prefix)) not in cache:
            before = set(self.files)
            scan(self, root, prefix)
            cache[key] = {name: file for name, file in self.files.items() if name not in before}
        self.files.update(cache[key])

    WhiteNoiseMiddleware.add_files = add


def serve_with_whitenoise() -> None:
    """Let live servers of the tests serve static files with WhiteNoise: Django's handler does not know hashed names."""

    def should_handle(self: StaticFilesHandler, path: str) -> bool:
        del self, path
        return False

    StaticFilesHandler._should_handle = should_handle  # type: ignore[assignment, method-assign]
