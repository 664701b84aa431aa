"""A leased job fetches the mails about demands: each becomes a demand once, or is kept with the reason (business-rules §9)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from msgspec import Struct

from tradepost.market.base import clock, jobs, leased_jobs
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, NotNow, Running
from tradepost.market.base.models import LeasedJob

from .demand_mail import DemandMail, Problem, read_mail
from .demand_models import LONGEST_REQUIREMENT
from .demands import LONGEST_CONTACT, Allowance, RaiseDemand, raise_demand
from .desk_settings import desk_rules_of
from .mailbox import Mailbox, MailboxError, Received, opened, place_of
from .models import Demand, ReceivedMail

KIND = TIMER = "service_desk.mails"
MAILBOX = "mailbox"
AT_ONCE = 50
"""Mails of one fetch; the next fetch goes on."""
FAILED = "failed"
"""In the payload of the job: the mail on which the last attempt broke off."""
CUT = f"… [cut after {LONGEST_REQUIREMENT:,} characters]"
CUT_CHINESE = f"……〔超过 {LONGEST_REQUIREMENT} 字，以下略〕"
_CHINESE = re.compile("[\u4e00-\u9fff]")


def schedule(settings: Config, *, now: datetime) -> None:
    """When a worker starts."""
    if settings.demand_mailbox.get_secret_value():
        jobs.schedule(TIMER, "", due_at=now)


def run(settings: Config, now: datetime) -> datetime | None:
    """Timer: begin a fetch. One that is still under way is enough."""
    if not settings.demand_mailbox.get_secret_value():
        return None
    leased_jobs.start(KIND, MAILBOX, payload={}, now=now)
    return now + timedelta(minutes=settings.demand_mailbox_minutes)


def task(settings: Callable[[], Config]) -> LeasedTask:
    """For ``wiring``."""
    return LeasedTask(
        work=lambda running: _work(running, settings()),
        attempts=2,
        again=timedelta(minutes=1),
        longest=timedelta(minutes=20),
        at_once=1,
    )


def _work(running: Running, settings: Config) -> Mapping[str, Any]:
    url = settings.demand_mailbox.get_secret_value()
    counts = {"demands": 0, "problems": 0}
    failed = running.payload.get(FAILED)
    while url:
        reading = _Reading()
        try:
            with opened(place_of(url), outbound=settings.outbound) as mailbox:
                _fetch(mailbox, running, settings, counts, reading)
            break
        except (MailboxError, ValueError) as wrong:
            if reading.mail is None or reading.mail != failed:
                running.row().update(payload={**running.payload, FAILED: reading.mail})
                raise NotNow(str(wrong)) from None
            _give_up(reading.mail, now=clock.now())  # and read the others over a new connection
            counts["problems"] += 1
    return counts


class _Reading(Struct):
    """``mail``: the number of the mail that is being read; None between two mails."""

    mail: str | None = None


def _fetch(mailbox: Mailbox, running: Running, settings: Config, counts: dict[str, int], reading: _Reading) -> None:
    for uid in mailbox.unseen()[:AT_ONCE]:
        running.go_on()
        number = f"{mailbox.validity} {uid}"
        if not ReceivedMail.objects.filter(key=_key(number)).exists():
            reading.mail = number
            mail = mailbox.read(uid, max_bytes=settings.demand_mail_max_bytes)
            reading.mail = None
            if mail is None:
                continue
            kept = receive(mail, validity=mailbox.validity, settings=settings, now=clock.now())
            if kept is not None:
                counts["problems" if kept.problem else "demands"] += 1
        mailbox.mark_seen(uid)  # once it is kept: a worker that died here sees it again, and knows it


def _give_up(number: str, *, now: datetime) -> None:
    """Keep a mail that the server does not deliver, so that the next fetch passes over it."""
    ReceivedMail.objects.bulk_create(
        [ReceivedMail(key=_key(number), problem=Problem.UNREADABLE.value, received_at=now)], ignore_conflicts=True
    )


def _key(known: str) -> str:
    return hashlib.sha256(known.encode()).hexdigest()


def receive(mail: Received, *, validity: str, settings: Config, now: datetime) -> ReceivedMail | None:
    """Keep a mail with what became of it; None where it was kept before."""
    read = read_mail(mail.raw, too_large=mail.too_large)
    known = f"{read.sender.casefold()} {read.message_id}" if read.message_id else f"{validity} {mail.uid}"
    key = _key(known)
    if ReceivedMail.objects.filter(key=key).exists():
        return None
    problem, words, demand = read.problem, "", None
    try:
        with transaction.atomic():
            if problem is None:
                try:
                    with transaction.atomic():
                        demand = _raise(read, key, settings=settings, zone=timezone.get_default_timezone(), now=now).pk
                except Refused as refused:
                    problem, words = Problem.REFUSED, refused.message[:300]
            return ReceivedMail.objects.create(
                key=key, sender=read.sender, subject=read.subject, text=_requirement(read.text),
                problem=problem.value if problem else "", words=words, demand=demand, received_at=now,
            )  # fmt: skip
    except IntegrityError:
        if ReceivedMail.objects.filter(key=key).exists():
            return None  # kept by another worker at the same moment
        raise


def _raise(read: DemandMail, key: str, *, settings: Config, zone: tzinfo, now: datetime) -> Demand:
    asked = RaiseDemand(
        contact=read.contact[:LONGEST_CONTACT], email=read.sender, phone="", requirement=_requirement(read.text),
        language="zh-hans" if _is_chinese(read.text) else "en", entered_by="IMAP", idempotency_key=key,
    )  # fmt: skip
    allowed = Allowance(who=read.sender.casefold(), a_day=settings.demands_a_day, wall=clock.wall())
    return raise_demand(asked, rules=desk_rules_of(settings, zone), allowed=allowed, now=now).demand


def _requirement(text: str) -> str:
    """The text within the limit of a requirement. A text that was cut says so at its end."""
    if len(text) <= LONGEST_REQUIREMENT:
        return text
    mark = CUT_CHINESE if _is_chinese(text) else CUT
    return text[: LONGEST_REQUIREMENT - len(mark)].rstrip() + mark


def _is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def last_fetch() -> LeasedJob | None:
    """The fetch that is under way or ended last."""
    return leased_jobs.newest(KIND, MAILBOX)
