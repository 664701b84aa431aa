"""Tell people something once: a notice on their pages, and a mail that the worker delivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from tradepost.market.base import jobs, rows
from tradepost.market.identity.models import User

from . import messages
from .models import Mail

DELIVER = "notifications.deliver"
"""Kind of the job that delivers one mail; its key is the mail's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One message to one person. ``once`` names the occasion: the same kind, occasion and person are told once."""

    user: User
    kind: str
    facts: Mapping[str, Any]
    once: str
    link: str = ""
    mail: bool = True
    contact: str = ""
    """A seller's contact address that gets the mail too, unless the person reads it themselves."""


def tell(
    user: User, kind: str, *, facts: Mapping[str, Any], once: str, now: datetime, link: str = "", mail: bool = True
) -> bool:
    """Tell one person. Returns whether it was news."""
    return bool(tell_all([Telling(user=user, kind=kind, facts=facts, once=once, link=link, mail=mail)], now=now))


_NOTICE = {
    "user_id": "bigint", "kind": "text", "facts": "jsonb", "link": "text", "once": "text", "created_at": "timestamptz",
}  # fmt: skip
_MAIL = {
    "notice_id": "bigint", "address": "text", "status": "text", "attempts": "int", "next_at": "timestamptz",
    "error": "text", "to_contact": "boolean",
}  # fmt: skip


def tell_all(tellings: Iterable[Telling], *, now: datetime) -> int:
    """Tell several people in few statements. Returns how many notices are new; who was told before is left out.

    Events arrive at least once, so a repeat must change nothing: the unique ``once`` says what was told, also when two
    workers have the same event at the same moment.
    """
    wanted = {f"{t.kind}/{t.once}/{t.user.pk}": t for t in tellings}
    for telling in wanted.values():
        messages.check(telling.kind, telling.facts)
    if not wanted:
        return 0
    with transaction.atomic():
        new = rows.insert(
            "notifications_notice",
            _NOTICE,
            (_notice(once, telling, now) for once, telling in wanted.items()),
            unique="once",
            give="id, once",
        )
        _post({pk: wanted[once] for pk, once in new if wanted[once].mail}, now)
    return len(new)


def _notice(once: str, telling: Telling, now: datetime) -> dict[str, Any]:
    return {
        "user_id": telling.user.pk,
        "kind": telling.kind,
        "facts": telling.facts,
        "link": telling.link,
        "once": once,
        "created_at": rows.moment(now),
    }


def _post(told: Mapping[int, Telling], now: datetime) -> None:
    """Mail these notices, each to its addresses."""
    mails = [
        {
            "notice_id": notice,
            "address": address,
            "to_contact": to_contact,
            "status": Mail.Status.WAITING.value,
            "attempts": 0,
            "next_at": rows.moment(now),
            "error": "",
        }
        for notice, telling in told.items()
        for address, to_contact in _addresses(telling)
    ]
    if mails:
        posted = rows.insert("notifications_mail", _MAIL, mails)
        jobs.schedule_all(DELIVER, [jobs.Timer(str(pk), now) for (pk,) in posted])


def _addresses(telling: Telling) -> Iterator[tuple[str, bool]]:
    """Where the mails of a telling go, and whether that is a seller's contact address. Nobody who is locked gets one."""
    own = telling.user.email if telling.user.is_active else ""
    if own:
        yield own, False
    if telling.contact and telling.contact.casefold() != own.casefold():
        yield telling.contact, True
