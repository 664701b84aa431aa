"""The lifecycle of a seller (business-rules §1.4): an applicant is admitted, may be suspended, and may leave
permanently."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Seller

SellerStatus = Seller.Status


class SellerEvent(StrEnum):
    ADMIT = "admit"
    SUSPEND = "suspend"
    RESUME = "resume"
    LEAVE = "leave"


SELLER: Lifecycle[SellerStatus, SellerEvent] = Lifecycle(
    "seller",
    {
        (SellerStatus.APPLICANT, SellerEvent.ADMIT): SellerStatus.ACTIVE,
        (SellerStatus.ACTIVE, SellerEvent.SUSPEND): SellerStatus.SUSPENDED,
        (SellerStatus.ACTIVE, SellerEvent.LEAVE): SellerStatus.EXITED,
        (SellerStatus.SUSPENDED, SellerEvent.RESUME): SellerStatus.ACTIVE,
    },
)
