"""Events of licenses and codes."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("license_code_activated", about=("subscription",))
class CodeActivated(Struct, frozen=True, kw_only=True):
    """The seller's software activated a code."""

    subscription: int


@event("license_told", about=("subscription", "request"))
class LicenseTold(Struct, frozen=True, kw_only=True):
    """The license of an application was delivered or refused."""

    subscription: int
    request: int
