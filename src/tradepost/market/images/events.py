"""What happens to period images."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base.events import event


@event("period_image_idle", about=("image",))
@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodImageIdle:
    """Its server has another disk, or is gone: it covers nothing until an operator binds it again."""

    image: int
    server: int
    at: datetime


@event("period_image_bound", about=("image",))
@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodImageBound:
    image: int
    server: int
    at: datetime
    by_operator: bool = False


@event("period_image_expired", about=("image",))
@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodImageExpired:
    """Its paid time is over. ``server``: that runs on with the image, and is billed by the hour from then; None where none
    does."""

    image: int
    server: int | None
    at: datetime
