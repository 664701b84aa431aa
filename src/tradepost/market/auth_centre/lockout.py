"""Policy: how long nobody may try after wrong passwords in a row. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

FORGOTTEN = timedelta(days=1)
"""After a lock nobody is reminded of older failures."""


class Lockout(Struct, frozen=True, kw_only=True):
    """``free`` wrong passwords in a row cost nothing but the last, which locks for ``first``; each further one doubles it, up
    to ``most``."""

    free: int
    first: timedelta
    most: timedelta

    def after(self, failures: int) -> timedelta:
        """How long nobody may try after so many failures in a row."""
        if failures < self.free:
            return timedelta()
        return min(self.first * (1 << min(failures - self.free, 20)), self.most)


def still_counted(failures: int, locked_until: datetime, now: datetime) -> int:
    """Of so many failures those that still count."""
    return 0 if locked_until + FORGOTTEN <= now else failures
