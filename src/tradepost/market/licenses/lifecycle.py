"""The states of an application as a table. A license may arrive before the seller's answer is recorded, and after a
refusal."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import LicenseRequest

LicenseStatus = LicenseRequest.Status


class LicenseEvent(StrEnum):
    PROMISE = "promise"
    REFUSE = "refuse"
    RESTART = "restart"
    UPLOAD = "upload"
    WITHDRAW = "withdraw"


LICENSE_REQUEST: Lifecycle[LicenseStatus, LicenseEvent] = Lifecycle(
    "license request",
    {
        (LicenseStatus.ASKING, LicenseEvent.PROMISE): LicenseStatus.PROMISED,
        (LicenseStatus.ASKING, LicenseEvent.REFUSE): LicenseStatus.REFUSED,
        (LicenseStatus.PROMISED, LicenseEvent.RESTART): LicenseStatus.ASKING,
        (LicenseStatus.REFUSED, LicenseEvent.RESTART): LicenseStatus.ASKING,
        (LicenseStatus.ASKING, LicenseEvent.UPLOAD): LicenseStatus.DELIVERED,
        (LicenseStatus.PROMISED, LicenseEvent.UPLOAD): LicenseStatus.DELIVERED,
        (LicenseStatus.REFUSED, LicenseEvent.UPLOAD): LicenseStatus.DELIVERED,
        (LicenseStatus.PROMISED, LicenseEvent.WITHDRAW): LicenseStatus.WITHDRAWN,
        (LicenseStatus.REFUSED, LicenseEvent.WITHDRAW): LicenseStatus.WITHDRAWN,
        (LicenseStatus.WITHDRAWN, LicenseEvent.RESTART): LicenseStatus.ASKING,
    },
)
