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
from .why_not import WhyNot

DIGEST = "notifications.digest"
KIND = "summary"
LONGEST_KEY = 128
MOST = 200
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
        whose = f"receiver/{self.receiver}" if self.receiver else f"user/{self.user}"
        return f"{whose}/{self.address}"[:LONGEST_KEY]


def reader(user: int, receiver: int | None, address: str) -> Reader:
    return Reader(user=0 if receiver else user, receiver=receiver or 0, address=address.lower())


def expect(readers: Iterable[Reader], *, now: datetime) -> None:
    """Make sure that a summary goes out to each; one that is expected keeps its time."""
    jobs.schedule_all(DIGEST, [jobs.Timer(one.key, next_time(now), as_dict(one)) for one in set(readers)])


def next_time(now: datetime) -> datetime:
    """The next moment of the day at which summaries go out."""
    local = now.astimezone(timezone.get_default_timezone())
    at = settings_of.digest_at()
    today = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (today if today > local else today + timedelta(days=1)).astimezone(now.tzinfo)


def send_summary(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: put what waits for one reader into a mail. Finished until something waits again."""
    whose = Reader(**payload)
    own = _waiting(whose)
    parts = list(own.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if not parts:
        return None
    address, language, reason = _address(whose)
    mine = NoticeDelivery.objects.filter(pk__in=parts[:MOST])
    if reason is not None:
        mine.update(status=Status.WITHHELD, reason=reason)
    else:
        summary = NoticeDelivery.objects.create(
            kind=KIND, channel=Channel.MAIL, address=address, language=language, facts={"n": str(len(parts[:MOST]))},
            receiver_id=whose.receiver or None, sealed_link=seal(reverse("storefront:notices")) if whose.user else "",
            created_at=now, next_at=now,
        )  # fmt: skip
        mine.update(status=Status.SUMMED_UP, summary=summary)
        jobs.schedule(DELIVER, str(summary.pk), due_at=now)
    return now if len(parts) > MOST else None


def _waiting(whose: Reader) -> QuerySet[NoticeDelivery]:
    """By the index of addresses, however much waits for others."""
    there = NoticeDelivery.objects.annotate(to=Lower("address")).filter(to=whose.address, status=Status.DEFERRED)
    if whose.receiver:
        return there.filter(receiver=whose.receiver)
    return there.filter(receiver=None, notice__user=whose.user)


def _address(whose: Reader) -> tuple[str, str, WhyNot | None]:
    """Where it goes by now, in which language, and why it does not go at all."""
    if whose.receiver:
        receiver = Receiver.objects.filter(pk=whose.receiver).first()
        if receiver is None:
            return "", "", WhyNot.GONE
        return receiver.email, receiver.language, None if receiver.is_confirmed else WhyNot.UNCONFIRMED
    user = User.objects.get(pk=whose.user)
    return user.email, user.language, None if user.is_active else WhyNot.LOCKED
