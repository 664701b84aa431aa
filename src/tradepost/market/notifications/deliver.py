"""Deliver mails over one connection a batch, with no transaction open, and record each result as it comes.

A mail is recorded as sent when the server took it and the next one was tried, or with more of those that it took within
``RECORD_INTERVAL``. Its ``Message-ID`` stays the same, so that even one that was sent twice shows as one.
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
from django.db.models import Q

from .attachments import MissingAttachment
from .compose import Site, compose
from .outgoing import DELIVER
from .sending import (
    ClaimedDelivery,
    NotAttempted,
    PermanentFailure,
    Result,
    Sent,
    TemporaryFailure,
    claim,
    record_not_sent,
    record_sent,
)

log = structlog.get_logger(__name__)

RETRY_DELAYS = (
    timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4),
    timedelta(hours=8), timedelta(hours=11),
)  # fmt: skip
"""Waits after each failure; after the last, a day after the first try, the mail has failed for good."""

MAIL_JOBS = Q(kind=DELIVER)
MAX_BATCH_SECONDS = 240.0
"""Seconds after which a batch begins no further mail, far enough from the end of the lease that none runs into it."""
BATCH_SIZE = 50
RECORD_INTERVAL = 0.1
"""Seconds for which mails that were taken are recorded together: where the server is quick, a transaction for each costs more
than sending it."""


@dataclass(slots=True)
class Sender:
    """One connection for a batch. A broken one is opened anew once; after that the rest of the batch waits."""

    connection: BaseEmailBackend
    budget: float = MAX_BATCH_SECONDS
    _losses: int = 0
    _reason: str = ""

    def send(self, messages: Sequence[EmailMultiAlternatives]) -> Iterator[Result]:
        started = monotonic()
        try:
            for message in messages:
                yield self._one(message) if monotonic() - started < self.budget else NotAttempted()
        finally:
            self._drop()

    def _one(self, message: EmailMultiAlternatives) -> Result:
        if self._losses > 1:
            return TemporaryFailure(self._reason)
        try:
            self.connection.open()
        except OSError as error:  # smtplib's own errors are OSErrors too; nothing about this message is known yet
            self._losses = 2
            return self._lost(error)
        try:
            self.connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return _failure_of_code(code, words)
        except smtplib.SMTPDataError as refused:
            return _failure_of_code(refused.smtp_code, refused.smtp_error)
        except (smtplib.SMTPNotSupportedError, ValueError) as impossible:  # an address or header that SMTP cannot carry
            return PermanentFailure(str(impossible))
        except OSError as error:
            self._losses += 1
            return self._lost(error)
        return Sent()

    def _lost(self, error: OSError) -> TemporaryFailure:
        self._drop()
        self._reason = f"{type(error).__name__}: {error}"
        return TemporaryFailure(self._reason)

    def _drop(self) -> None:
        try:
            self.connection.close()
        except OSError as error:
            # The connection is gone, which was wanted; a server that also answers QUIT badly is not our matter.
            log.debug("mail connection closed badly", error=str(error))


def _failure_of_code(code: int, words: bytes | str) -> Result:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    reason = f"{code} {text}"
    return PermanentFailure(reason) if 500 <= code < 600 else TemporaryFailure(reason)


def deliver_due(
    *,
    now: datetime,
    wall: datetime,
    site: Site,
    owner: str = "mail",
    limit: int = BATCH_SIZE,
    sender: Sender | None = None,
) -> int:
    """Deliver a batch of due mails. Returns how many were claimed. Must run outside of any transaction."""
    claimed = claim(MAIL_JOBS, now=now, wall=wall, owner=owner, limit=limit)
    if not claimed:
        return 0
    composed = list(_composed_mails(claimed, site, now=now, owner=owner))
    results = (sender or Sender(mailers.default)).send([message for _, message in composed])
    sent: list[ClaimedDelivery] = []
    since = monotonic()
    for (claimed_mail, _message), result in zip(composed, results, strict=True):
        if isinstance(result, Sent):
            sent.append(claimed_mail)
        if sent and (not isinstance(result, Sent) or monotonic() - since > RECORD_INTERVAL):
            record_sent(sent, now=now)
            sent, since = [], monotonic()
        if not isinstance(result, Sent):
            record_not_sent(*claimed_mail, result, waits=RETRY_DELAYS, now=now, owner=owner)
    record_sent(sent, now=now)
    return len(claimed)


def _composed_mails(
    claimed: list[ClaimedDelivery], site: Site, *, now: datetime, owner: str
) -> Iterator[tuple[ClaimedDelivery, EmailMultiAlternatives]]:
    """A mail that cannot be written must not stop the others. It fails when its link or its attachment is lost, and waits
    while the files folder cannot be read."""
    for job, mail in claimed:
        try:
            yield (job, mail), compose(mail, site)
        except (ValueError, MissingAttachment) as lost:
            record_not_sent(job, mail, PermanentFailure(str(lost)), waits=RETRY_DELAYS, now=now, owner=owner)
        except OSError as fault:
            record_not_sent(
                job,
                mail,
                TemporaryFailure(f"{type(fault).__name__}: {fault}"),
                waits=RETRY_DELAYS,
                now=now,
                owner=owner,
            )
