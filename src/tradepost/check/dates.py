"""Compares dates in a seller's texts with the one that it received: the only external sign of its expiry.

A memo or an address may show until when an instance runs. A date with the tester's minute and second cannot be a
coincidence; if only the hour differs, the kind of misreading is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

_DATE = re.compile(
    r"(?<!\d)(\d{4})[-/.年]?(\d\d)[-/.月]?(\d\d)日?[T ]{0,2}(\d\d)[:时]?(\d\d)[:分]?(\d\d)(?!\d{4})",
    re.ASCII,
)


def dates_in(value: object) -> Iterator[datetime]:
    """Yield every date with a time of day in the texts of a JSON value, as written, without a zone."""
    if isinstance(value, str):
        for match in _DATE.finditer(value):
            try:
                yield datetime(*(int(part) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
            except ValueError:
                continue
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from dates_in(member)
    elif isinstance(value, list):
        for item in value:
            yield from dates_in(item)


def date_mistake(shown: datetime, expiry: datetime) -> str:
    """Return the diagnosis of a shown date that derives from ``expiry`` (UTC, without a zone); empty if it is right.

    Dates with another minute or second are unrelated.
    """
    offset = shown - expiry
    quarter = offset % timedelta(minutes=15)
    if quarter or offset == timedelta(0):
        return ""
    if abs(offset) == timedelta(hours=12):
        return "twelve_hour_clock"
    return "local_time_expiry" if abs(offset) <= timedelta(hours=14) else ""
