"""Every test client makes middleware of its own, and WhiteNoise's looks through all static files then: once is enough here."""

from __future__ import annotations

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]


def look_once() -> None:
    """From now on in this process. By the prefix under which they are served, which a test may change."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    known: dict[str, dict[str, Any]] = {}

    def add(self: WhiteNoiseMiddleware) -> None:
        if self.static_prefix not in known:
            look(self)
            known[self.static_prefix] = dict(self.files)
        self.files.update(known[self.static_prefix])

    WhiteNoiseMiddleware.add_files_from_finders = add
