"""What a code is worth now, and what a seller's program may do with it: pure rules (openapi-jointkit §C.8, §C.9, business-rules
§2.10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.license_calls import LicenseStatus

from .code_models import LicenseCode

INVALID, ILLEGAL_STATE, NOT_RECEIVED, NO_SUCH = "92020002", "92020003", "92020004", "92020005"
NOT_ACTIVATED, IN_LIST = "92020011", "92020020"
FUTURE = timedelta(minutes=5)
"""How far a seller's clock may be ahead."""

_OF_SERVICE = {
    Subscription.Status.ACTIVE: LicenseStatus.ALIVE,
    Subscription.Status.FROZEN: LicenseStatus.EXPIRED,
    Subscription.Status.RELEASING: LicenseStatus.RELEASED,
    Subscription.Status.RELEASED: LicenseStatus.RELEASED,
    Subscription.Status.FAILED: LicenseStatus.RELEASED,
}


class Trouble(Struct, frozen=True):
    """A row of the interface's error table, and what was wrong in words for the seller's log."""

    code: str
    detail: str


def license_status(status: str, service: str | None) -> LicenseStatus | None:
    """None for a code that was never activated. ``service``: status of its service, None for a test code.

    A service in its grace is in use, so that the code is alive: it expires with the freeze (saas-v1-license §B2.2).
    """
    if status != LicenseCode.Status.ACTIVE:
        return None
    return LicenseStatus.ALIVE if service is None else _OF_SERVICE.get(Subscription.Status(service))


def not_activable(status: str, *, ordered_at: datetime, since: datetime | None, now: datetime) -> Trouble | None:
    """Why a code that is the caller's cannot be activated."""
    match status:
        case LicenseCode.Status.ISSUED:
            return Trouble(NOT_RECEIVED, "the buyer has not taken this code yet")
        case LicenseCode.Status.ACTIVE:
            return Trouble(ILLEGAL_STATE, "this code was activated before")
        case LicenseCode.Status.WITHDRAWN:
            return Trouble(ILLEGAL_STATE, "the order of this code was paid back")
    if since is not None and not ordered_at.replace(microsecond=0) <= since <= now + FUTURE:
        return Trouble(INVALID, "real_effect_time must be between the time of the order and now")
    return None


def of_a_list(troubles: Iterable[tuple[str, Trouble]]) -> Trouble | None:
    """One code of a list that is wrong makes the list wrong, and nothing is activated. What is wrong with the time is wrong with
    the call, not with a code."""
    found = list(troubles)
    if not found:
        return None
    for _code, trouble in found:
        if trouble.code == INVALID:
            return trouble
    named = ", ".join(f"{code} ({trouble.detail})" for code, trouble in found[:5])
    return Trouble(IN_LIST, named)


def daily_clients(clients: int, greatest: int | None) -> int:
    """How many used the software on a day: ids that differ, or a number that was reported, whichever is more."""
    return max(clients, greatest or 0)
