"""What the settings of all contexts share: a frozen group, and values that are written with commas."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

LEVELS = 6
"""V0 to V5 (rules §4.4)."""
MAX_DAYS = 365


class Group(BaseModel):
    """Base class of the settings of one context. A field ``fee_share`` is read from ``TRADEPOST_FEE_SHARE``, so the name of a
    field is unique in the market. Without arguments it has the defaults. Each field has an English description; the Chinese
    one is in ``scripts/settings_zh.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=True)


def split_at_commas(value: object) -> object:
    """Return the parts of a text without spaces and empty parts; return other values unchanged."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def days_of_levels(value: tuple[int, ...]) -> tuple[int, ...]:
    """Return the days for the levels V0 to V5. Raise ``ValueError`` unless there are six numbers from 0 to 365."""
    if len(value) != LEVELS or any(not 0 <= days <= MAX_DAYS for days in value):
        raise ValueError(f"six numbers of days, from V0 to V5, each from 0 to {MAX_DAYS}, such as 1,1,1,7,7,7")
    return value
