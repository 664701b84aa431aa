"""Tell people something once: a notice on their pages, and a row for each place outside where it goes, or does not."""

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
from .recipients import Known, known_of, own_places, shared_places, with_sellers
from .telling import Telling
from .why_not import Fate, How, Place, WhyNot, fate, why_not

__all__ = ["Telling", "tell", "tell_all"]


def tell(
    user: User, kind: str, *, facts: Mapping[str, Any], once: str, now: datetime, link: str = "", mail: bool = True
) -> bool:
    """Tell one person. Returns whether it was news."""
    return bool(tell_all([Telling(user=user, kind=kind, facts=facts, once=once, link=link, mail=mail)], now=now))


_NOTICE = {
    "user_id": "bigint", "kind": "text", "facts": "jsonb", "link": "text", "once": "text", "created_at": "timestamptz",
    "read_at": "timestamptz",
}  # fmt: skip
_DELIVERY = {
    "notice_id": "bigint", "seller_id": "bigint", "receiver_id": "bigint", "endpoint_id": "bigint", "channel": "text",
    "language": "text", "address": "text", "status": "text", "reason": "text", "attempts": "int", "created_at": "timestamptz",
    "next_at": "timestamptz", "error": "text", "to_contact": "boolean",
}  # fmt: skip
STATUS = {
    Fate.SEND: NoticeDelivery.Status.WAITING,
    Fate.DEFER: NoticeDelivery.Status.DEFERRED,
    Fate.WITHHOLD: NoticeDelivery.Status.WITHHELD,
}


def tell_all(tellings: Iterable[Telling], *, now: datetime) -> int:
    """Tell several people in few statements. Returns how many notices are new; who was told before is left out.

    Events arrive at least once, so a repeat must change nothing: the unique ``once`` says what was told, also when two
    workers have the same event at the same moment.
    """
    given = list(tellings)
    for telling in given:
        messages.check(telling.kind, telling.facts)
    if not given:
        return 0
    wanted = {f"{t.kind}/{t.once}/{t.user.pk}": t for t in with_sellers(given)}
    known = known_of(list(wanted.values()))
    with transaction.atomic():
        _keep_marks_away({telling.user.pk for telling in wanted.values()})
        new = rows.insert(
            "notifications_notice",
            _NOTICE,
            (_notice(once, telling, known, now) for once, telling in wanted.items()),
            unique="once",
            give="id, once",
        )
        _post({wanted_once: pk for pk, wanted_once in new}, wanted, known, now)
    return len(new)


def _keep_marks_away(users: Collection[int]) -> None:
    """Until these notices are committed none of their readers marks all as read: keys are given before, and a mark would cover
    what nobody saw yet. The foreign key takes the same lock, but at the commit; SQLite has one writer at a time anyway."""
    if connection.vendor == "postgresql":
        rows.run("SELECT id FROM identity_user WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [sorted(users)])


def _notice(once: str, telling: Telling, known: Known, now: datetime) -> dict[str, Any]:
    return {
        "user_id": telling.user.pk,
        "kind": telling.kind,
        "facts": telling.facts,
        "link": telling.link,
        "once": once,
        "created_at": rows.moment(now),
        "read_at": rows.moment(now) if _silent(telling, known) else None,
    }


def _silent(telling: Telling, known: Known) -> bool:
    """Switched off in the site: it stands in the list, and no bell rings."""
    what = messages.about(telling.kind)
    return known.how("user", telling.user.pk, what.category, Channel.IN_SITE) == How.OFF and not what.mandatory


class _Planned(Struct, frozen=True):
    """A place of a notice, and why nothing goes there, if so."""

    notice: int
    telling: Telling
    place: Place
    reason: WhyNot | None

    @property
    def status(self) -> NoticeDelivery.Status:
        return STATUS[fate(self.place, self.reason, mandatory=messages.about(self.telling.kind).mandatory)]

    def row(self, known: Known, now: datetime) -> dict[str, Any]:
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


def _post(new: Mapping[str, int], wanted: Mapping[str, Telling], known: Known, now: datetime) -> None:
    """A row for each place of these notices; those that are sent get a job of their channel."""
    planned = list(_planned(new, wanted, known))
    if not planned:
        return
    made = rows.insert("notifications_noticedelivery", _DELIVERY, (one.row(known, now) for one in planned))
    due: defaultdict[str, list[jobs.Timer]] = defaultdict(list)
    for (pk,), one in zip(sorted(made), planned, strict=True):  # keys grow in the order of the rows
        if one.status == NoticeDelivery.Status.WAITING:
            due[DELIVER_BY[one.place.channel]].append(jobs.Timer(str(pk), now))
    for kind, timers in due.items():
        jobs.schedule_all(kind, timers)
    deferred = [one for one in planned if one.status == NoticeDelivery.Status.DEFERRED]
    digest.expect(
        [digest.reader(one.telling.user.pk, one.place.receiver_id, one.place.address) for one in deferred], now=now
    )


def _planned(new: Mapping[str, int], wanted: Mapping[str, Telling], known: Known) -> Iterator[_Planned]:
    """What a seller's receivers get goes with the first of its people, so that it goes once."""
    set_up = settings_of.channels()
    taken: dict[tuple[str, str, int | None], set[tuple[str, str]]] = {}
    for once, telling in wanted.items():
        what = messages.about(telling.kind)
        occasion = (telling.kind, telling.once, telling.seller if what.to == Audience.SELLER else telling.user.pk)
        places = list(own_places(telling, what, known))
        if occasion not in taken:
            taken[occasion] = set()
            places += shared_places(telling, what, known)
        if once not in new:
            continue
        if _silent(telling, known):
            yield _Planned(new[once], telling, Place(channel=Channel.IN_SITE, address=""), WhyNot.SWITCHED_OFF)
        for place in places:
            out = telling.mail or place.channel == Channel.WEBHOOK  # no program has too much to read
            reason = why_not(place, wanted=out, set_up=set_up, mandatory=what.mandatory, taken=taken[occasion])
            if reason is None:
                taken[occasion].add(place.same)
            yield _Planned(new[once], telling, place, reason)
