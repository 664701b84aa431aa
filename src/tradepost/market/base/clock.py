"""The market's clock. Only composition roots (a request, a worker loop, a command) read it; the rest takes ``now``.

A sandbox can move its clock forward: the distance to real time and the moment it is heading for are one row.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from . import rows
from .config import config
from .errors import Refused


def wall() -> datetime:
    """Real time: for leases, durations and signatures, which no sandbox may move."""
    return datetime.now(UTC)


def now() -> datetime:
    """Market time, aware and in UTC."""
    return wall() + _offset() if config().sandbox else wall()


KEPT = 0.05
"""Seconds for which one may go by the offset that another of this process read."""
_known: tuple[float, timedelta] | None = None


def lately() -> datetime:
    """Market time for a request or a turn of a worker: where another process moves the clock, at most 50 ms behind, as if it
    had come before. What this process moves itself counts at once. A real market asks nothing of its database either way."""
    global _known  # noqa: PLW0603
    if not config().sandbox:
        return wall()
    known, read_at = _known, time.monotonic()
    if known is None or read_at - known[0] > KEPT:
        known = read_at, _offset()
        if not connection.in_atomic_block:  # what is read there may be taken back
            _known = known
    return wall() + known[1]


def _offset() -> timedelta:
    """Asked many times a second in a sandbox: as a plain statement, which costs a third of the ORM's."""
    found = rows.run('SELECT "offset" FROM base_sandboxclock WHERE id = 1', [])
    return _duration(found[0][0]) if found else timedelta()


def _duration(stored: timedelta | int) -> timedelta:
    return stored if isinstance(stored, timedelta) else timedelta(microseconds=stored)  # SQLite keeps an integer


def forget() -> None:
    """Ask the database at the next request."""
    global _known  # noqa: PLW0603
    _known = None


def aim(distance: timedelta) -> datetime:
    """Ask that the clock move forward by ``distance``; workers then move it from one due moment to the next.

    Returns the moment aimed at. Raises ``Refused`` in a real market or for a distance that is not forward.
    """
    from .models import SandboxClock

    _only_in_a_sandbox()
    if distance <= timedelta():
        raise Refused("clock.forward_only", "The clock only moves forward: give a positive distance, such as 30d.")
    with transaction.atomic():
        clock, _ = SandboxClock.objects.select_for_update().get_or_create(pk=1)
        start = wall() + clock.offset
        target = max(clock.target or start, start) + distance
        clock.target = target
        clock.save(update_fields=["target"])
        return target


def heading() -> tuple[datetime, datetime] | None:
    """Market time and the moment that a sandbox's clock is heading for; None when it is not moving. One question."""
    if not config().sandbox:
        return None
    found = rows.run('SELECT target, "offset" FROM base_sandboxclock WHERE id = 1', [])
    if not found or found[0][0] is None:
        return None
    return wall() + _duration(found[0][1]), rows.aware(found[0][0])


def target() -> datetime | None:
    """The moment that a sandbox's clock is heading for, or None when it is not moving."""
    if not config().sandbox:
        return None
    found = rows.run("SELECT target FROM base_sandboxclock WHERE id = 1", [])
    return rows.aware(found[0][0]) if found and found[0][0] is not None else None


def jump(moment: datetime) -> None:
    """Set a sandbox's clock to ``moment`` at once; never back. The target is cleared when it is reached."""
    from .models import SandboxClock

    _only_in_a_sandbox()
    offset = moment - wall()
    if not _moved(offset, moment):
        SandboxClock.objects.get_or_create(pk=1)
        _moved(offset, moment)
    transaction.on_commit(forget)


_JUMP = """
UPDATE base_sandboxclock SET "offset" = CASE WHEN "offset" < %s THEN %s ELSE "offset" END,
 target = CASE WHEN target <= %s THEN NULL ELSE target END WHERE id = 1 RETURNING id
"""


def _moved(offset: timedelta, moment: datetime) -> bool:
    """Whether there was a row. A step is not waited for until it is on disk: whatever is written by the new time is committed
    after it, and takes it along."""
    plain = offset if connection.vendor == "postgresql" else offset // timedelta(microseconds=1)
    jump: rows.Statement = (_JUMP, [plain, plain, rows.moment(moment)])
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        *_, found = rows.run_together(("SELECT set_config('synchronous_commit', 'off', true)", ()), jump)
    else:
        found = rows.run(*jump)
    return bool(found)


def _only_in_a_sandbox() -> None:
    if not config().sandbox:
        raise Refused("clock.real_market", "This is a real market: its clock cannot be moved. Start a sandbox to try.")
