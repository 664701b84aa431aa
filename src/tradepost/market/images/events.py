"""Events of period images."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("period_image_idle", about=("image",))
class PeriodImageIdle(Struct, frozen=True, kw_only=True):
    """The image's server has another disk or no longer exists. The image covers nothing until an operator binds it
    again."""

    image: int
    server: int
    at: datetime


@event("period_image_bound", about=("image",))
class PeriodImageBound(Struct, frozen=True, kw_only=True):
    """An image sold by period was bound to a server. ``by_operator``: whether an operator did it."""

    image: int
    server: int
    at: datetime
    by_operator: bool = False


@event("period_image_expired", about=("image",))
class PeriodImageExpired(Struct, frozen=True, kw_only=True):
    """The image's paid time is over. ``server``: the server that still runs the image, now billed by the hour; None if
    there is none."""

    image: int
    server: int | None
    at: datetime
