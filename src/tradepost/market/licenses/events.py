"""What happened to licenses and codes, for whoever waits for it."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("license_code_activated", about=("subscription",))
class CodeActivated(Struct, frozen=True, kw_only=True):
    """The seller's software has taken a code into use."""

    subscription: int


@event("license_told", about=("subscription", "request"))
class LicenseTold(Struct, frozen=True, kw_only=True):
    """A license that a buyer applied for was delivered, or is not granted."""

    subscription: int
    request: int
