"""Calls that a seller's program made to the market's APIs during tests (saas-v1-license C1, C2; joint.md §5).

They are queries of a mock order, and uploads for the event of a test call. A test call of getLicenseAsync names an
event for which no buyer applied. Uploads for it are checked like licenses and recorded with their hash, but not stored.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.protocols.commands import Command, GetLicenseAsync

from .models import ApiTrial

TrialKind = ApiTrial.What
MAX_EVENTS = 20
"""Maximum number of events per seller; a new event replaces the oldest."""


class TriedUpload(Struct, frozen=True, kw_only=True):
    """An upload for an event. ``file_name``: empty for a text. ``size``: bytes."""

    event_id: str
    sha256: str
    size: int
    file_name: str = ""


def open_event(seller_id: int, command: Command, *, now: datetime) -> None:
    """Accept uploads for the event of a test call from now on. Does nothing for other calls."""
    if not isinstance(command, GetLicenseAsync):
        return
    _record(seller_id, TrialKind.EVENT, command.event_id, now=now)
    events = ApiTrial.objects.filter(seller=seller_id, what=TrialKind.EVENT).order_by("-at", "-pk")
    for old_event in events[MAX_EVENTS:]:
        ApiTrial.objects.filter(seller=seller_id, about=old_event.about).exclude(what=TrialKind.ORDER_QUERY).delete()


def is_test_event(seller_id: int, event_id: str) -> bool:
    return ApiTrial.objects.filter(seller=seller_id, what=TrialKind.EVENT, about=event_id).exists()


def take_upload(seller_id: int, upload: TriedUpload, *, now: datetime) -> bool:
    """Record the upload and return True if its event belongs to a test call of this seller; otherwise return False."""
    if not is_test_event(seller_id, upload.event_id):
        return False
    _record(
        seller_id, TrialKind.FILE if upload.file_name else TrialKind.TEXT, upload.event_id, now=now,
        file_name=upload.file_name, sha256=upload.sha256, size=upload.size,
    )  # fmt: skip
    return True


def note_order_query(seller_id: int, order_id: str, *, now: datetime) -> None:
    """Record the first query of a mock order."""
    if not ApiTrial.objects.filter(seller=seller_id, what=TrialKind.ORDER_QUERY, about=order_id).exists():
        _record(seller_id, TrialKind.ORDER_QUERY, order_id, now=now)


def trials_of(seller_id: int) -> list[ApiTrial]:
    """Return the seller's records, latest first. The number is small."""
    return list(ApiTrial.objects.filter(seller=seller_id).order_by("-at", "-pk")[: 4 * MAX_EVENTS])


def _record(seller_id: int, what: TrialKind, about: str, *, now: datetime, **columns: str | int) -> None:
    trial = ApiTrial(seller_id=seller_id, what=what, about=about, at=now, **columns)
    ApiTrial.objects.bulk_create(
        [trial], update_conflicts=True, unique_fields=["seller", "what", "about"], update_fields=["at", *columns]
    )
