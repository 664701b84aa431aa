"""The states and transitions of a period image (business-rules §5; design money.md §2)."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import PeriodImage

S = PeriodImage.Status


class ImageEvent(StrEnum):
    BIND = "bind"
    UNBIND = "unbind"
    EXPIRE = "expire"
    REFUND = "refund"


PERIOD_IMAGE: Lifecycle[PeriodImage.Status, ImageEvent] = Lifecycle(
    "period image",
    {
        (S.IDLE, ImageEvent.BIND): S.BOUND,
        (S.BOUND, ImageEvent.UNBIND): S.IDLE,
        (S.BOUND, ImageEvent.EXPIRE): S.EXPIRED,
        (S.IDLE, ImageEvent.EXPIRE): S.EXPIRED,
        (S.IDLE, ImageEvent.REFUND): S.REFUNDED,
    },
)

ACTIVE_STATUSES = (S.BOUND, S.IDLE)
