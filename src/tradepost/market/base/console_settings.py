"""Settings of the operators' work: until when it is promised, what no rule promises, and mornings; a part of ``Config``."""

from __future__ import annotations

from datetime import time

from pydantic import Field
from pydantic_settings import BaseSettings


class ConsoleSettings(BaseSettings):
    """See ``config``."""

    review_working_days: int = Field(
        default=3,
        ge=1,
        le=60,
        description="Working days within which operators decide what sellers hand in (rules §2.4).",
    )
    review_busy_from: int = Field(
        default=10, ge=1, description="From so many product applications of a seller a day on, deciding takes longer."
    )
    review_busy_extra: int = Field(default=2, ge=0, le=60, description="Working days that it then takes more.")
    review_day_ends: time = Field(
        default=time(18), description="When a working day of the operators ends, in the market's time zone."
    )
    queue_working_days: int = Field(
        default=1,
        ge=1,
        le=60,
        description="Working days within which operators deal with what no rule sets a time for: an operation that stopped, "
        "a service that differs at its seller.",
    )
    queue_morning: time = Field(
        default=time(9),
        description="When what was put off to a day is back in the work queue, in the market's time zone.",
    )
    keep_handlings_days: int = Field(
        default=30,
        ge=0,
        description="Who had an entry of the work queue, and its note, are deleted these days after the last change, once the "
        "entry is gone; 0: never.",
    )
    keep_audit_days: int = Field(
        default=1826,
        ge=0,
        description="Acts of operators are deleted from the log after these days, five years; 0: never.",
    )
