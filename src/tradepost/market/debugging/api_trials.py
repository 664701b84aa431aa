"""What a seller's program tried at the market's own APIs: the query of a mock order, and uploads for the event of a test call
(saas-v1-license C1, C2; joint.md §5).

A test call of getLicenseAsync names an event that no buyer applied for. What is uploaded for it is judged as a license would be, is
noted with its hash, and is not kept.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.protocols.commands import Command, GetLicenseAsync

from .models import ApiTrial

What = ApiTrial.What
MOST_EVENTS = 20
"""Of one seller; the oldest goes when another is named."""


class TriedUpload(Struct, frozen=True, kw_only=True):
    """What came for an event. ``file_name``: empty for a text. ``size``: bytes."""

    event_id: str
    sha256: str
    size: int
    file_name: str = ""


def open_event(seller_id: int, command: Command, *, now: datetime) -> None:
    """A test call goes out: from now on its event takes uploads. Nothing for a call that names none."""
    if not isinstance(command, GetLicenseAsync):
        return
    _note(seller_id, What.EVENT, command.event_id, now=now)
    events = ApiTrial.objects.filter(seller=seller_id, what=What.EVENT).order_by("-at", "-pk")
    for old in events[MOST_EVENTS:]:
        ApiTrial.objects.filter(seller=seller_id, about=old.about).exclude(what=What.ORDER_QUERY).delete()


def is_test_event(seller_id: int, event_id: str) -> bool:
    return ApiTrial.objects.filter(seller=seller_id, what=What.EVENT, about=event_id).exists()


def take_upload(seller_id: int, upload: TriedUpload, *, now: datetime) -> bool:
    """Note it where its event is one of a test call of this seller; else nothing, and False."""
    if not is_test_event(seller_id, upload.event_id):
        return False
    _note(
        seller_id, What.FILE if upload.file_name else What.TEXT, upload.event_id, now=now,
        file_name=upload.file_name, sha256=upload.sha256, size=upload.size,
    )  # fmt: skip
    return True


def note_order_query(seller_id: int, order_id: str, *, now: datetime) -> None:
    """A mock order was asked for. Written the first time alone: programs ask often."""
    if not ApiTrial.objects.filter(seller=seller_id, what=What.ORDER_QUERY, about=order_id).exists():
        _note(seller_id, What.ORDER_QUERY, order_id, now=now)


def trials_of(seller_id: int) -> list[ApiTrial]:
    """All, the latest first; a few."""
    return list(ApiTrial.objects.filter(seller=seller_id).order_by("-at", "-pk")[: 4 * MOST_EVENTS])


def _note(seller_id: int, what: What, about: str, *, now: datetime, **columns: str | int) -> None:
    made = ApiTrial(seller_id=seller_id, what=what, about=about, at=now, **columns)
    ApiTrial.objects.bulk_create(
        [made], update_conflicts=True, unique_fields=["seller", "what", "about"], update_fields=["at", *columns]
    )
