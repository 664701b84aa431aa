"""Times in the format of the marketplace, digits only and UTC: ``yyyyMMddHHmmss`` with or without milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?", re.ASCII)


def dump_seconds(moment: datetime) -> str:
    """Return 14 digits, UTC. Raises ``ValueError`` for a naive time, which would be taken as the machine's time
    zone."""
    if moment.tzinfo is None:
        raise ValueError("a time on the wire must be aware")
    utc = moment.astimezone(UTC)
    # Not strftime: %Y does not pad years below 1000 on Linux.
    return f"{utc.year:04}{utc.month:02}{utc.day:02}{utc.hour:02}{utc.minute:02}{utc.second:02}"


def dump_milliseconds(moment: datetime) -> str:
    """Return 17 digits, UTC."""
    return f"{dump_seconds(moment)}{moment.microsecond // 1000:03}"


def load_digits(text: str) -> datetime:
    """Parse a UTC time with 14 or 17 digits. Raises ``ValueError`` for any other text."""
    match = _DIGITS.fullmatch(text)
    if match is None:
        raise ValueError("a time has 14 digits yyyyMMddHHmmss or 17 digits yyyyMMddHHmmssSSS")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    return datetime(year, month, day, hour, minute, second, int(match[7] or 0) * 1000, tzinfo=UTC)
