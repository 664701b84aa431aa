"""Reactions to events of ``images``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.images.events import PeriodImageBound, PeriodImageExpired, PeriodImageIdle
from tradepost.market.notifications import image_reactions as notices

REACTIONS = (
    on(PeriodImageExpired, notices.on_image_expired),
    on(PeriodImageIdle, notices.on_image_idle),
    on(PeriodImageBound, notices.on_image_bound),
)
