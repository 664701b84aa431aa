"""What happens to period images."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("period_image_idle", about=("image",))
class PeriodImageIdle(Struct, frozen=True, kw_only=True):
    """Its server has another disk, or is gone: it covers nothing until an operator binds it again."""

    image: int
    server: int
    at: datetime


@event("period_image_bound", about=("image",))
class PeriodImageBound(Struct, frozen=True, kw_only=True):
    image: int
    server: int
    at: datetime
    by_operator: bool = False


@event("period_image_expired", about=("image",))
class PeriodImageExpired(Struct, frozen=True, kw_only=True):
    """Its paid time is over. ``server``: that runs on with the image, and is billed by the hour from then; None where none
    does."""

    image: int
    server: int | None
    at: datetime
