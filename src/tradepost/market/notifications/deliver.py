"""Deliver mails: claim due ones, send them with no transaction open, record each result as it comes.

A mail is one ``Job`` of kind ``notifications.deliver``. Who sends holds its lease, as with every due work, and a dead
sender's lease comes back through ``work.recover``. A mail is recorded as sent when the server took it and
the next one was tried, or with more of those that it took within ``TOGETHER``; so the only way to send one twice is to die
in between. Its ``Message-ID`` stays the same, so that even then a reader's mail program can see that it is one message.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.core.mail import EmailMultiAlternatives, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, work
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.base.work import State

from .compose import Site, compose
from .models import Mail
from .tell import DELIVER

log = structlog.get_logger(__name__)

WAITS = (
    timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4),
    timedelta(hours=8), timedelta(hours=11),
)  # fmt: skip
"""Waits after each failure; after the last, a day after the first try, the mail has failed for good."""

OURS = Q(kind=DELIVER)
LEASE = timedelta(minutes=10)
BUDGET = 240.0
"""Seconds after which a batch begins no further mail, far enough from the end of the lease that none runs into it."""
BATCH = 20
LONGEST_ERROR = 500
TOGETHER = 0.1
"""Seconds for which mails that were taken are recorded together: where the server is quick, a transaction for each costs more
than sending it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took it."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """It may work later: the server is away, busy, or does not take our mail at present."""

    reason: str


@dataclass(frozen=True, slots=True)
class Never:
    """The server refuses this recipient or this message for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Untried:
    """The time of the batch was over: no attempt was made."""


type Result = Sent | NotNow | Never | Untried


@dataclass(slots=True)
class Sender:
    """One connection for a batch. A broken one is opened anew once; after that the rest of the batch waits."""

    connection: BaseEmailBackend
    budget: float = BUDGET
    _losses: int = 0
    _reason: str = ""

    def send(self, messages: Sequence[EmailMultiAlternatives]) -> Iterator[Result]:
        started = monotonic()
        try:
            for message in messages:
                yield self._one(message) if monotonic() - started < self.budget else Untried()
        finally:
            self._drop()

    def _one(self, message: EmailMultiAlternatives) -> Result:
        if self._losses > 1:
            return NotNow(self._reason)
        try:
            self.connection.open()
        except OSError as error:  # smtplib's own errors are OSErrors too; nothing about this message is known yet
            self._losses = 2
            return self._lost(error)
        try:
            self.connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return _by_code(code, words)
        except smtplib.SMTPDataError as refused:
            return _by_code(refused.smtp_code, refused.smtp_error)
        except (smtplib.SMTPNotSupportedError, ValueError) as impossible:  # an address or header that SMTP cannot carry
            return Never(str(impossible))
        except OSError as error:
            self._losses += 1
            return self._lost(error)
        return Sent()

    def _lost(self, error: OSError) -> NotNow:
        self._drop()
        self._reason = f"{type(error).__name__}: {error}"
        return NotNow(self._reason)

    def _drop(self) -> None:
        try:
            self.connection.close()
        except OSError as error:
            # The connection is gone, which was wanted; a server that also answers QUIT badly is not our matter.
            log.debug("mail connection closed badly", error=str(error))


def _by_code(code: int, words: bytes | str) -> Result:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    reason = f"{code} {text}"
    return Never(reason) if 500 <= code < 600 else NotNow(reason)


def deliver_due(
    *, now: datetime, wall: datetime, site: Site, owner: str = "mail", limit: int = BATCH, sender: Sender | None = None
) -> int:
    """Deliver a batch of due mails. Returns how many were claimed. Must run outside of any transaction."""
    if connection.in_atomic_block:
        raise RuntimeError("mail is never sent inside a transaction: a rollback could not take it back")
    claimed = _claim(now=now, wall=wall, owner=owner, limit=limit)
    if not claimed:
        return 0
    composed = list(_composed(claimed, site, now=now, owner=owner))
    results = (sender or Sender(mailers.default)).send([message for _job, _mail, message in composed])
    taken: list[tuple[Job, Mail]] = []
    since = monotonic()
    for (job, mail, _message), result in zip(composed, results, strict=True):
        if isinstance(result, Sent):
            taken.append((job, mail))
        if taken and (not isinstance(result, Sent) or monotonic() - since > TOGETHER):
            _record_sent(taken, now=now)
            taken, since = [], monotonic()
        if not isinstance(result, Sent):
            _record(job, mail, result, now=now, owner=owner)
    _record_sent(taken, now=now)
    return len(claimed)


def _composed(
    claimed: list[tuple[Job, Mail]], site: Site, *, now: datetime, owner: str
) -> Iterator[tuple[Job, Mail, EmailMultiAlternatives]]:
    """One whose link no key opens any more must not stop the others: it has failed."""
    for job, mail in claimed:
        try:
            yield job, mail, compose(mail, site)
        except ValueError as closed:
            _record(job, mail, Never(str(closed)), now=now, owner=owner)


def _claim(*, now: datetime, wall: datetime, owner: str, limit: int) -> list[tuple[Job, Mail]]:
    """Lease due jobs of our kind; those whose mail is gone or no longer waits are finished."""
    if not work.peek(Job, now=now, only=OURS):
        return []
    with transaction.atomic():
        claimed = work.claim(Job, now=now, wall=wall, limit=limit, owner=owner, duration=LEASE, only=OURS)
        mails = Mail.objects.select_related("notice__user").in_bulk([int(job.key) for job in claimed])
        waiting = {pk: mail for pk, mail in mails.items() if mail.status == Mail.Status.WAITING}
        Job.objects.filter(pk__in=[job.pk for job in claimed if int(job.key) not in waiting]).delete()
    return [(job, waiting[int(job.key)]) for job in claimed if int(job.key) in waiting]


def _record_sent(taken: Sequence[tuple[Job, Mail]], *, now: datetime) -> None:
    """Whoever holds their leases by now: they were sent."""
    if not taken:
        return
    with transaction.atomic():
        Mail.objects.filter(pk__in=[mail.pk for _, mail in taken]).update(
            status=Mail.Status.SENT, attempts=F("attempts") + 1, next_at=None, error="", sent_at=now, sealed_link=""
        )
        Job.objects.filter(pk__in=[job.pk for job, _ in taken]).delete()


def _record(job: Job, mail: Mail, result: NotNow | Never | Untried, *, now: datetime, owner: str) -> None:
    with transaction.atomic():
        ours = Job.objects.select_for_update().filter(pk=job.pk, state=State.LEASED, lease_owner=owner)
        if ours.first() is None:
            return  # the lease ran out and another sender has it: its result counts
        elif isinstance(result, Untried):
            ours.update(state=State.WAITING, lease_until=None, lease_owner="")
        elif isinstance(result, Never) or mail.attempts >= len(WAITS):
            Mail.objects.filter(pk=mail.pk).update(
                status=Mail.Status.FAILED, attempts=mail.attempts + 1, next_at=None, error=result.reason[:LONGEST_ERROR]
            )
            ours.delete()
            log.warning("mail failed for good", mail_id=mail.pk, reason=result.reason)
        else:
            again = now + WAITS[mail.attempts]
            Mail.objects.filter(pk=mail.pk).update(
                attempts=mail.attempts + 1, next_at=again, error=result.reason[:LONGEST_ERROR]
            )
            ours.update(state=State.WAITING, due_at=again, lease_until=None, lease_owner="", error=result.reason)


def retry(mail: Mail, *, now: datetime) -> None:
    """Try a failed or waiting mail now, with the whole plan ahead again. Raises ``Refused`` when it was sent."""
    with transaction.atomic():
        mail = Mail.objects.select_for_update().get(pk=mail.pk)
        if mail.status == Mail.Status.SENT:
            raise Refused("mail.sent", _("This mail was delivered already."))
        if Job.objects.filter(kind=DELIVER, key=str(mail.pk), state=State.LEASED).exists():
            raise Refused("mail.in_flight", _("This mail is being sent right now."))
        Mail.objects.filter(pk=mail.pk).update(status=Mail.Status.WAITING, attempts=0, next_at=now)
        jobs.schedule(DELIVER, str(mail.pk), due_at=now)
        jobs.reschedule(DELIVER, str(mail.pk), due_at=now)
