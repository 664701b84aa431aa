"""The market's clock. Only entry points (a request, a worker loop, a command) read it; other code takes ``now``.

A sandbox can move its clock forward. One row stores its offset from real time and the target it is moving to."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from . import rows
from .config import config
from .errors import Refused


def wall() -> datetime:
    """Return real time: for leases, durations and signatures, which a sandbox must not shift."""
    return datetime.now(UTC)


def now() -> datetime:
    """Return market time, aware and in UTC."""
    return wall() + _offset() if config().sandbox else wall()


OFFSET_LIFETIME = 0.05
"""Seconds for which the offset that this process read last may be used."""
_cached: tuple[float, timedelta] | None = None


def cached_now() -> datetime:
    """Return market time for a request or a worker's turn, from an offset that may be up to 50 ms old.

    Moves by other processes show with that delay, as if they had come later. Moves by this process show immediately.
    A production market does not query its database."""
    global _cached  # noqa: PLW0603
    if not config().sandbox:
        return wall()
    cached, read_at = _cached, time.monotonic()
    if cached is None or read_at - cached[0] > OFFSET_LIFETIME:
        cached = read_at, _offset()
        if not connection.in_atomic_block:  # a value read in a transaction may be rolled back
            _cached = cached
    return wall() + cached[1]


def _offset() -> timedelta:
    """Read often in a sandbox, so it is a raw statement: that costs a third of an ORM query."""
    records = rows.run('SELECT "offset" FROM base_sandboxclock WHERE id = 1', [])
    return _duration(records[0][0]) if records else timedelta()


def _duration(offset: timedelta | int) -> timedelta:
    return offset if isinstance(offset, timedelta) else timedelta(microseconds=offset)  # SQLite stores an integer


def forget_offset() -> None:
    """Discard the cached offset, so that the next request reads the database."""
    global _cached  # noqa: PLW0603
    _cached = None


def set_target(distance: timedelta) -> datetime:
    """Set a target ``distance`` ahead of the clock; workers then move it from one due time to the next.

    Return the target. Raises ``Refused`` in a production market, or if the distance is not positive."""
    from .models import SandboxClock

    _check_sandbox()
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
    """Return market time and the target of a sandbox's clock, or None if it is not moving. One query."""
    if not config().sandbox:
        return None
    records = rows.run('SELECT target, "offset" FROM base_sandboxclock WHERE id = 1', [])
    if not records or records[0][0] is None:
        return None
    return wall() + _duration(records[0][1]), rows.aware(records[0][0])


def target() -> datetime | None:
    """Return the target of a sandbox's clock, or None if it is not moving."""
    if not config().sandbox:
        return None
    records = rows.run("SELECT target FROM base_sandboxclock WHERE id = 1", [])
    return rows.aware(records[0][0]) if records and records[0][0] is not None else None


def jump(moment: datetime) -> None:
    """Set a sandbox's clock to ``moment`` at once; never backward. Clears the target once it is reached."""
    from .models import SandboxClock

    _check_sandbox()
    offset = moment - wall()
    if not _move_clock(offset, moment):
        SandboxClock.objects.get_or_create(pk=1)
        _move_clock(offset, moment)
    transaction.on_commit(forget_offset)


_JUMP = """
UPDATE base_sandboxclock SET "offset" = CASE WHEN "offset" < %s THEN %s ELSE "offset" END,
 target = CASE WHEN target <= %s THEN NULL ELSE target END WHERE id = 1 RETURNING id
"""


def _move_clock(offset: timedelta, moment: datetime) -> bool:
    """Move the clock; return whether its row exists.

    On PostgreSQL, it does not wait until the change is on disk: rows written with the new time are committed later,
    and their commit includes it."""
    stored_offset = offset if connection.vendor == "postgresql" else offset // timedelta(microseconds=1)
    jump: rows.Statement = (_JUMP, [stored_offset, stored_offset, rows.moment(moment)])
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        *_, records = rows.run_together(("SELECT set_config('synchronous_commit', 'off', true)", ()), jump)
    else:
        records = rows.run(*jump)
    return bool(records)


def _check_sandbox() -> None:
    if not config().sandbox:
        raise Refused("clock.real_market", "This is a real market: its clock cannot be moved. Start a sandbox to try.")
