"""Dates that a seller shows in its texts, compared with one that it was told: the only way to see an expiry from outside.

A memo or an address may say until when an instance runs. A date with the minute and second that the tester chose is no
accident; when only its hour differs, the way it was read is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

_DATE = re.compile(
    r"(?<!\d)(\d{4})[-/.年]?(\d\d)[-/.月]?(\d\d)日?[T ]{0,2}(\d\d)[:时]?(\d\d)[:分]?(\d\d)(?!\d{4})",
)


def dates_in(value: object) -> Iterator[datetime]:
    """Every date with a time of day in the texts of a JSON value, as it is written, without a zone."""
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


def date_mistake(shown: datetime, told: datetime) -> str:
    """The diagnosis of a shown date that stems from the one told (UTC, without a zone); empty when it is right.

    Only dates with the told minute and second count: everything else is some other date.
    """
    away = shown - told
    quarter = away % timedelta(minutes=15)
    if quarter or away == timedelta(0):
        return ""
    if abs(away) == timedelta(hours=12):
        return "twelve_hour_clock"
    return "local_time_expiry" if abs(away) <= timedelta(hours=14) else ""
