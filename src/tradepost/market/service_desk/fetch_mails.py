"""A leased job that fetches mails about demands: each becomes a demand once, or is stored with the problem
(business-rules §9)."""

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
from tradepost.market.base.leased_jobs import LeasedTask, RetryLater, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.settings.service_desk import ServiceDeskSettings

from .demand_mail import DemandMail, Problem, read_mail
from .demand_models import MAX_REQUIREMENT_LENGTH
from .demands import MAX_CONTACT_LENGTH, Allowance, RaiseDemand, raise_demand
from .desk_settings import desk_rules_of
from .mailbox import FetchedMail, Mailbox, MailboxError, open_mailbox, parse_address
from .models import Demand, ReceivedMail

KIND = TIMER = "service_desk.mails"
MAILBOX = "mailbox"
BATCH_SIZE = 50
"""Maximum number of mails per fetch; the next fetch continues."""
FAILED_KEY = "failed"
"""Key in the job's payload: the mail that the last attempt failed on."""
CUT_MARK = f"… [cut after {MAX_REQUIREMENT_LENGTH:,} characters]"
CUT_MARK_CHINESE = f"……〔超过 {MAX_REQUIREMENT_LENGTH} 字，以下略〕"
_CHINESE = re.compile("[\u4e00-\u9fff]")


def schedule(settings: ServiceDeskSettings, *, now: datetime) -> None:
    """Schedule the timer when a worker starts."""
    if settings.demand_mailbox.get_secret_value():
        jobs.schedule(TIMER, "", due_at=now)


def run(settings: ServiceDeskSettings, now: datetime) -> datetime | None:
    """Timer: start a fetch, unless one is running."""
    if not settings.demand_mailbox.get_secret_value():
        return None
    leased_jobs.start(KIND, MAILBOX, payload={}, now=now)
    return now + timedelta(minutes=settings.demand_mailbox_minutes)


def task(settings: Callable[[], Config]) -> LeasedTask:
    """The leased task that ``wiring`` registers."""
    return LeasedTask(
        work=lambda running: _work(running, settings()),
        attempts=2,
        again=timedelta(minutes=1),
        longest=timedelta(minutes=20),
        at_once=1,
    )


def _work(running: RunningJob, settings: Config) -> Mapping[str, Any]:
    url = settings.service_desk.demand_mailbox.get_secret_value()
    counts = {"demands": 0, "problems": 0}
    failed_mails = running.payload.get(FAILED_KEY)
    while url:
        reading = _FetchProgress()
        try:
            with open_mailbox(parse_address(url), outbound=settings.outbound) as mailbox:
                _fetch(mailbox, running, settings, counts, reading)
            break
        except (MailboxError, ValueError) as error:
            if reading.mail is None or reading.mail != failed_mails:
                running.row().update(payload={**running.payload, FAILED_KEY: reading.mail})
                raise RetryLater(str(error)) from None
            _store_unreadable_mail(reading.mail, now=clock.now())  # and read the others over a new connection
            counts["problems"] += 1
    return counts


class _FetchProgress(Struct):
    """The progress of a fetch. ``mail``: number of the mail being read; None between mails."""

    mail: str | None = None


def _fetch(
    mailbox: Mailbox, running: RunningJob, settings: Config, counts: dict[str, int], reading: _FetchProgress
) -> None:
    for uid in mailbox.unseen()[:BATCH_SIZE]:
        running.go_on()
        number = f"{mailbox.validity} {uid}"
        if not ReceivedMail.objects.filter(key=_key(number)).exists():
            reading.mail = number
            mail = mailbox.read(uid, max_bytes=settings.service_desk.demand_mail_max_bytes)
            reading.mail = None
            if mail is None:
                continue
            stored_mail = store_mail(mail, validity=mailbox.validity, settings=settings, now=clock.now())
            if stored_mail is not None:
                counts["problems" if stored_mail.problem else "demands"] += 1
        mailbox.mark_seen(uid)  # after storing it: if the worker dies here, it is recognised by its key


def _store_unreadable_mail(number: str, *, now: datetime) -> None:
    """Store a mail that the server does not deliver, so that the next fetch skips it."""
    ReceivedMail.objects.bulk_create(
        [ReceivedMail(key=_key(number), problem=Problem.UNREADABLE.value, received_at=now)], ignore_conflicts=True
    )


def _key(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()


def store_mail(mail: FetchedMail, *, validity: str, settings: Config, now: datetime) -> ReceivedMail | None:
    """Store a mail with its result; None if it was already stored."""
    parsed_mail = read_mail(mail.raw, too_large=mail.too_large)
    identity = (
        f"{parsed_mail.sender.casefold()} {parsed_mail.message_id}"
        if parsed_mail.message_id
        else f"{validity} {mail.uid}"
    )
    key = _key(identity)
    if ReceivedMail.objects.filter(key=key).exists():
        return None
    problem, words, demand = parsed_mail.problem, "", None
    try:
        with transaction.atomic():
            if problem is None:
                try:
                    with transaction.atomic():
                        demand = _raise_demand(
                            parsed_mail, key, settings=settings, zone=timezone.get_default_timezone(), now=now
                        ).pk
                except Refused as refusal:
                    problem, words = Problem.REFUSED, refusal.message[:300]
            return ReceivedMail.objects.create(
                key=key, sender=parsed_mail.sender, subject=parsed_mail.subject, text=_requirement(parsed_mail.text),
                problem=problem.value if problem else "", words=words, demand=demand, received_at=now,
            )  # fmt: skip
    except IntegrityError:
        if ReceivedMail.objects.filter(key=key).exists():
            return None  # another worker stored it meanwhile
        raise


def _raise_demand(parsed_mail: DemandMail, key: str, *, settings: Config, zone: tzinfo, now: datetime) -> Demand:
    command = RaiseDemand(
        contact=parsed_mail.contact[:MAX_CONTACT_LENGTH], email=parsed_mail.sender, phone="", requirement=_requirement(parsed_mail.text),
        language="zh-hans" if _is_chinese(parsed_mail.text) else "en", entered_by="IMAP", idempotency_key=key,
    )  # fmt: skip
    allowance = Allowance(
        who=parsed_mail.sender.casefold(), a_day=settings.service_desk.demands_a_day, wall=clock.wall()
    )
    return raise_demand(command, rules=desk_rules_of(settings, zone), allowed=allowance, now=now).demand


def _requirement(text: str) -> str:
    """Shorten the text to the maximum length of a requirement, with a mark at its end."""
    if len(text) <= MAX_REQUIREMENT_LENGTH:
        return text
    mark = CUT_MARK_CHINESE if _is_chinese(text) else CUT_MARK
    return text[: MAX_REQUIREMENT_LENGTH - len(mark)].rstrip() + mark


def _is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def last_fetch() -> LeasedJob | None:
    """Return the running or last fetch."""
    return leased_jobs.newest(KIND, MAILBOX)
