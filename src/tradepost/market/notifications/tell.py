"""Tell people something once: a notice on their pages, and a mail that the worker delivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from tradepost.market.base import jobs
from tradepost.market.identity.models import User

from . import words
from .models import Mail, Notice

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


def tell_all(tellings: Iterable[Telling], *, now: datetime) -> list[Notice]:
    """Tell several people in few statements. Returns the notices that are new; who was told before is left out.

    Events arrive at least once, so a repeat must change nothing. Two workers with the same event at once: the unique
    ``once`` makes the loser's transaction fail, and its event is tried again.
    """
    wanted = {f"{t.kind}/{t.once}/{t.user.pk}": t for t in tellings}
    for telling in wanted.values():
        words.check(telling.kind, telling.facts)
    with transaction.atomic():
        told = set(Notice.objects.filter(once__in=wanted).values_list("once", flat=True))
        new = {once: telling for once, telling in wanted.items() if once not in told}
        notices = Notice.objects.bulk_create(
            [
                Notice(user=t.user, kind=t.kind, facts=dict(t.facts), link=t.link, created_at=now, once=once)
                for once, t in new.items()
            ]
        )
        mails = Mail.objects.bulk_create(
            [
                Mail(notice=notice, address=address, to_contact=to_contact, next_at=now)
                for notice, telling in zip(notices, new.values(), strict=True)
                for address, to_contact in _addresses(telling)
            ]
        )
        for mail in mails:
            jobs.schedule(DELIVER, str(mail.pk), due_at=now)
    return notices


def _addresses(telling: Telling) -> Iterator[tuple[str, bool]]:
    """Where the mails of a telling go, and whether that is a seller's contact address."""
    own = telling.user.email if telling.user.is_active else ""
    if telling.mail and own:
        yield own, False
    if telling.mail and telling.contact and telling.contact.casefold() != own.casefold():
        yield telling.contact, True
