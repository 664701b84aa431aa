"""Settings of the work queue of operators."""

from __future__ import annotations

from datetime import time

from pydantic import Field

from .group import Group


class WorkQueueSettings(Group):
    """See ``Config.work_queue``."""

    queue_working_days: int = Field(
        default=1,
        ge=1,
        le=60,
        description="Working days within which operators resolve entries without a deadline of their own, such as a "
        "stopped operation or a service that differs at its seller.",
    )
    queue_morning: time = Field(
        default=time(9),
        description="Time at which entries that were postponed to a day return to the work queue, in the market's "
        "time zone.",
    )
    keep_handlings_days: int = Field(
        default=30,
        ge=0,
        description="Days after the last change when assignees and notes of work queue entries are deleted, once the "
        "entry is resolved. 0: never.",
    )
