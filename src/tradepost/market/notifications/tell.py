"""Store notices, each once, with a delivery for each address outside the site, sent or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from msgspec import Struct

from tradepost.market.base import jobs, rows
from tradepost.market.identity.models import User

from . import digest, messages, settings_of
from .categories import Audience, Channel
from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .recipients import RecipientData, load_recipient_data, personal_destinations, shared_destinations, with_sellers
from .telling import AddressedNotice
from .why_not import DeliveryChoice, DeliveryDecision, Destination, UnsentReason, decide_delivery, unsent_reason

__all__ = ["AddressedNotice", "send_notice", "send_notices"]


def send_notice(
    user: User, kind: str, *, facts: Mapping[str, Any], once: str, now: datetime, link: str = "", mail: bool = True
) -> bool:
    """Store a notice for one person. Return whether it is new."""
    return bool(
        send_notices([AddressedNotice(user=user, kind=kind, facts=facts, once=once, link=link, mail=mail)], now=now)
    )


_NOTICE_COLUMNS = {
    "user_id": "bigint", "kind": "text", "facts": "jsonb", "link": "text", "once": "text", "created_at": "timestamptz",
    "read_at": "timestamptz",
}  # fmt: skip
_DELIVERY_COLUMNS = {
    "notice_id": "bigint", "seller_id": "bigint", "receiver_id": "bigint", "endpoint_id": "bigint", "channel": "text",
    "language": "text", "address": "text", "status": "text", "reason": "text", "attempts": "int", "created_at": "timestamptz",
    "next_at": "timestamptz", "error": "text", "to_contact": "boolean",
}  # fmt: skip
STATUS_OF_DECISION = {
    DeliveryDecision.SEND: NoticeDelivery.Status.WAITING,
    DeliveryDecision.DEFER: NoticeDelivery.Status.DEFERRED,
    DeliveryDecision.WITHHOLD: NoticeDelivery.Status.WITHHELD,
}


def send_notices(tellings: Iterable[AddressedNotice], *, now: datetime) -> int:
    """Store notices for several people in few statements. Return how many are new.

    Events arrive at least once, so a repeated event must change nothing: ``once`` is unique, also when two workers react
    to the same event at the same moment.
    """
    batch = list(tellings)
    for telling in batch:
        messages.check_facts(telling.kind, telling.facts)
    if not batch:
        return 0
    by_once = {f"{telling.kind}/{telling.once}/{telling.user.pk}": telling for telling in with_sellers(batch)}
    known = load_recipient_data(list(by_once.values()))
    with transaction.atomic():
        _block_read_marks({telling.user.pk for telling in by_once.values()})
        new_rows = rows.insert(
            "notifications_notice",
            _NOTICE_COLUMNS,
            (_notice_row(once, telling, known, now) for once, telling in by_once.items()),
            unique="once",
            give="id, once",
        )
        _store_deliveries({once: pk for pk, once in new_rows}, by_once, known, now)
    return len(new_rows)


def _block_read_marks(users: Collection[int]) -> None:
    """Prevent these readers from marking all notices as read until the new ones are committed.

    A mark covers all keys up to the newest. Keys are given before the commit, so it would cover notices that no page has
    shown. The foreign key takes the same lock, but at the commit. SQLite has one writer at a time.
    """
    if connection.vendor == "postgresql":
        rows.run("SELECT id FROM identity_user WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [sorted(users)])


def _notice_row(once: str, telling: AddressedNotice, known: RecipientData, now: datetime) -> dict[str, Any]:
    return {
        "user_id": telling.user.pk,
        "kind": telling.kind,
        "facts": telling.facts,
        "link": telling.link,
        "once": once,
        "created_at": rows.moment(now),
        "read_at": rows.moment(now) if _is_silenced(telling, known) else None,
    }


def _is_silenced(telling: AddressedNotice, known: RecipientData) -> bool:
    """Whether the reader switched this category off in the site: the notice is listed, but not counted as unread."""
    about = messages.policy_of(telling.kind)
    return (
        known.how("user", telling.user.pk, about.category, Channel.IN_SITE) == DeliveryChoice.OFF
        and not about.mandatory
    )


class _PlannedDelivery(Struct, frozen=True):
    """A delivery of a notice to one place, with the reason if it is not sent."""

    notice: int
    telling: AddressedNotice
    place: Destination
    reason: UnsentReason | None

    @property
    def status(self) -> NoticeDelivery.Status:
        return STATUS_OF_DECISION[
            decide_delivery(self.place, self.reason, mandatory=messages.policy_of(self.telling.kind).mandatory)
        ]

    def row(self, known: RecipientData, now: datetime) -> dict[str, Any]:
        place, waits = self.place, self.status == NoticeDelivery.Status.WAITING
        return {
            "notice_id": self.notice,
            "seller_id": self.telling.seller,
            "receiver_id": place.receiver_id,
            "endpoint_id": place.endpoint_id,
            "channel": place.channel.value,
            "language": known.languages.get((place.receiver_id, place.endpoint_id), ""),
            "address": place.address,
            "status": self.status.value,
            "reason": self.reason.value if self.reason else "",
            "attempts": 0,
            "created_at": rows.moment(now),
            "next_at": rows.moment(now) if waits else None,
            "error": "",
            "to_contact": place.to_contact,
        }


def _store_deliveries(
    new_pks: Mapping[str, int], by_once: Mapping[str, AddressedNotice], known: RecipientData, now: datetime
) -> None:
    """Store the deliveries of these notices, and schedule those that are sent."""
    deliveries = list(_planned_deliveries(new_pks, by_once, known))
    if not deliveries:
        return
    new_rows = rows.insert(
        "notifications_noticedelivery", _DELIVERY_COLUMNS, (delivery.row(known, now) for delivery in deliveries)
    )
    timers_by_kind: defaultdict[str, list[jobs.Timer]] = defaultdict(list)
    for (pk,), delivery in zip(sorted(new_rows), deliveries, strict=True):  # keys grow in the order of the rows
        if delivery.status == NoticeDelivery.Status.WAITING:
            timers_by_kind[DELIVER_BY[delivery.place.channel]].append(jobs.Timer(str(pk), now))
    for kind, timers in timers_by_kind.items():
        jobs.schedule_all(kind, timers)
    deferred = [delivery for delivery in deliveries if delivery.status == NoticeDelivery.Status.DEFERRED]
    digest.schedule_summaries(
        [
            digest.reader_of(delivery.telling.user.pk, delivery.place.receiver_id, delivery.place.address)
            for delivery in deferred
        ],
        now=now,
    )


def _planned_deliveries(
    new_pks: Mapping[str, int], by_once: Mapping[str, AddressedNotice], known: RecipientData
) -> Iterator[_PlannedDelivery]:
    """Plan the deliveries. A seller's receivers get theirs with the first of its people, so that each gets one."""
    channels = settings_of.enabled_channels()
    taken: dict[tuple[str, str, int | None], set[tuple[str, str]]] = {}
    for once, telling in by_once.items():
        about = messages.policy_of(telling.kind)
        occasion = (telling.kind, telling.once, telling.seller if about.to == Audience.SELLER else telling.user.pk)
        places = list(personal_destinations(telling, about, known))
        if occasion not in taken:
            taken[occasion] = set()
            places += shared_destinations(telling, about, known)
        if once not in new_pks:
            continue
        if _is_silenced(telling, known):
            yield _PlannedDelivery(
                new_pks[once], telling, Destination(channel=Channel.IN_SITE, address=""), UnsentReason.SWITCHED_OFF
            )
        for place in places:
            outside = telling.mail or place.channel == Channel.WEBHOOK  # no program has too much to read
            reason = unsent_reason(
                place, wanted=outside, set_up=channels, mandatory=about.mandatory, taken=taken[occasion]
            )
            if reason is None:
                taken[occasion].add(place.same)
            yield _PlannedDelivery(new_pks[once], telling, place, reason)
