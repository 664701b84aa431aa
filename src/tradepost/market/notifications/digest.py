"""The daily summary: what somebody wants to read once a day waits, and goes out as one mail at the hour that the market sets.

There is a timer for each reader who has something waiting, and none for anybody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from msgspec import Struct

from tradepost.market.base import jobs
from tradepost.market.base.secrets import seal
from tradepost.market.base.values import as_dict
from tradepost.market.identity.models import User

from . import settings_of
from .categories import Channel
from .models import NoticeDelivery, Receiver
from .outgoing import DELIVER
from .why_not import UnsentReason

DIGEST = "notifications.digest"
KIND = "summary"
MAX_KEY_LENGTH = 128
MAX_NOTICES = 200
"""Notices in one summary; what is more goes into another one at once."""

Status = NoticeDelivery.Status


class Reader(Struct, frozen=True):
    """Whose summary it is: a person's own, or a receiver's."""

    user: int = 0
    receiver: int = 0
    address: str = ""
    """Under which it waits, in lower case; it goes to the address that they have by then."""

    @property
    def key(self) -> str:
        owner = f"receiver/{self.receiver}" if self.receiver else f"user/{self.user}"
        return f"{owner}/{self.address}"[:MAX_KEY_LENGTH]


def reader_of(user: int, receiver: int | None, address: str) -> Reader:
    return Reader(user=0 if receiver else user, receiver=receiver or 0, address=address.lower())


def schedule_summaries(readers: Iterable[Reader], *, now: datetime) -> None:
    """Make sure that a summary goes out to each; one that is expected keeps its time."""
    jobs.schedule_all(DIGEST, [jobs.Timer(reader.key, next_time(now), as_dict(reader)) for reader in set(readers)])


def next_time(now: datetime) -> datetime:
    """The next moment of the day at which summaries go out."""
    local = now.astimezone(timezone.get_default_timezone())
    digest_time = settings_of.digest_time()
    today = local.replace(hour=digest_time.hour, minute=digest_time.minute, second=0, microsecond=0)
    return (today if today > local else today + timedelta(days=1)).astimezone(now.tzinfo)


def send_summary(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: put what waits for one reader into a mail. Finished until something waits again."""
    reader = Reader(**payload)
    waiting_deliveries = _deferred_deliveries(reader)
    pks = list(waiting_deliveries.order_by("pk").values_list("pk", flat=True)[: MAX_NOTICES + 1])
    if not pks:
        return None
    address, language, reason = _current_address(reader)
    deliveries = NoticeDelivery.objects.filter(pk__in=pks[:MAX_NOTICES])
    if reason is not None:
        deliveries.update(status=Status.WITHHELD, reason=reason)
    else:
        summary = NoticeDelivery.objects.create(
            kind=KIND, channel=Channel.MAIL, address=address, language=language, facts={"n": str(len(pks[:MAX_NOTICES]))},
            receiver_id=reader.receiver or None, sealed_link=seal(reverse("storefront:notices")) if reader.user else "",
            created_at=now, next_at=now,
        )  # fmt: skip
        deliveries.update(status=Status.SUMMED_UP, summary=summary)
        jobs.schedule(DELIVER, str(summary.pk), due_at=now)
    return now if len(pks) > MAX_NOTICES else None


def _deferred_deliveries(reader: Reader) -> QuerySet[NoticeDelivery]:
    """By the index of addresses, however much waits for others."""
    deliveries = NoticeDelivery.objects.annotate(to=Lower("address")).filter(to=reader.address, status=Status.DEFERRED)
    if reader.receiver:
        return deliveries.filter(receiver=reader.receiver)
    return deliveries.filter(receiver=None, notice__user=reader.user)


def _current_address(reader: Reader) -> tuple[str, str, UnsentReason | None]:
    """Where it goes by now, in which language, and why it does not go at all."""
    if reader.receiver:
        receiver = Receiver.objects.filter(pk=reader.receiver).first()
        if receiver is None:
            return "", "", UnsentReason.GONE
        return receiver.email, receiver.language, None if receiver.is_confirmed else UnsentReason.UNCONFIRMED
    user = User.objects.get(pk=reader.user)
    return user.email, user.language, None if user.is_active else UnsentReason.LOCKED
