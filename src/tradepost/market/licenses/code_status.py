"""Rules for the validity of codes and for their use by sellers' programs. No I/O (openapi-jointkit §C.8, §C.9,
business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.license_calls import LicenseStatus

from .code_models import LicenseCode

INVALID, ILLEGAL_STATE, NOT_RECEIVED, UNKNOWN_CODE = "92020002", "92020003", "92020004", "92020005"
NOT_ACTIVATED, IN_LIST = "92020011", "92020020"
MAX_CLOCK_LEAD = timedelta(minutes=5)
"""Maximum time by which a seller's clock may be ahead."""

_OF_SERVICE = {
    Subscription.Status.ACTIVE: LicenseStatus.ALIVE,
    Subscription.Status.FROZEN: LicenseStatus.EXPIRED,
    Subscription.Status.RELEASING: LicenseStatus.RELEASED,
    Subscription.Status.RELEASED: LicenseStatus.RELEASED,
    Subscription.Status.FAILED: LicenseStatus.RELEASED,
}


class CodeError(Struct, frozen=True):
    """An error code of the interface, with details for the seller's log."""

    code: str
    detail: str


def license_status(status: str, service: str | None) -> LicenseStatus | None:
    """Return the status of a code; None if it was never activated.

    ``service``: status of its service; None for a test code. A service in its grace period is in use, so its code is
    valid until the freeze (saas-v1-license §B2.2).
    """
    if status != LicenseCode.Status.ACTIVE:
        return None
    return LicenseStatus.ALIVE if service is None else _OF_SERVICE.get(Subscription.Status(service))


def activation_error(status: str, *, ordered_at: datetime, since: datetime | None, now: datetime) -> CodeError | None:
    """Return why one of the caller's codes cannot be activated, or None."""
    match status:
        case LicenseCode.Status.ISSUED:
            return CodeError(NOT_RECEIVED, "the buyer has not taken this code yet")
        case LicenseCode.Status.ACTIVE:
            return CodeError(ILLEGAL_STATE, "this code was activated before")
        case LicenseCode.Status.WITHDRAWN:
            return CodeError(ILLEGAL_STATE, "the order of this code was paid back")
    if since is not None and not ordered_at.replace(microsecond=0) <= since <= now + MAX_CLOCK_LEAD:
        return CodeError(INVALID, "real_effect_time must be between the time of the order and now")
    return None


def error_of_list(troubles: Iterable[tuple[str, CodeError]]) -> CodeError | None:
    """Return the error for a list of codes. One wrong code refuses the whole list.

    An invalid time is an error of the call, not of a code.
    """
    failures = list(troubles)
    if not failures:
        return None
    for _code, error in failures:
        if error.code == INVALID:
            return error
    message = ", ".join(f"{code} ({error.detail})" for code, error in failures[:5])
    return CodeError(IN_LIST, message)


def daily_clients(clients: int, greatest: int | None) -> int:
    """Return the clients of a day: the number of distinct ids or the reported number, whichever is greater."""
    return max(clients, greatest or 0)
