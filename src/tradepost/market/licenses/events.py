"""What happened to licenses and codes, for whoever waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("license_code_activated", about=("subscription",))
@dataclass(frozen=True, slots=True, kw_only=True)
class CodeActivated:
    """The seller's software has taken a code into use."""

    subscription: int


@event("license_told", about=("subscription", "request"))
@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseTold:
    """A license that a buyer applied for was delivered, or is not granted."""

    subscription: int
    request: int
