"""What sending has in common, whatever the channel: claim due deliveries, then record what became of each.

A delivery that waits is one ``Job`` of its channel's kind. Who sends holds its lease, as with every due work, and a dead
sender's lease comes back through ``work.recover``. It is recorded as sent after it was taken, so the only way to send one
twice is to die in between; what is sent says who it is, so that even then its receiver can see that it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import jobs, rows, work
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.base.work import State

from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .why_not import UnsentReason

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=10)
MAX_ERROR_LENGTH = 500


class Sent(Struct, frozen=True):
    """The server took it."""


class TemporaryFailure(Struct, frozen=True):
    """It may work later: the server is away, busy, or does not take ours at present."""

    reason: str


class PermanentFailure(Struct, frozen=True):
    """The server refuses this recipient or this message for good."""

    reason: str


class NotAttempted(Struct, frozen=True):
    """No attempt was made; ``until``: when one may be, at once where nothing is said."""

    until: datetime | None = None


class Withheld(Struct, frozen=True):
    """It turned out that it is not to be sent."""

    reason: UnsentReason


type NotSent = TemporaryFailure | PermanentFailure | NotAttempted | Withheld
type Result = Sent | NotSent
type ClaimedDelivery = tuple[Job, NoticeDelivery]


def claim(only: Q, *, now: datetime, wall: datetime, owner: str, limit: int) -> list[ClaimedDelivery]:
    """Lease due jobs of these kinds; those whose delivery is gone or no longer waits are finished. Commits before anything is
    sent. Must run outside of any transaction."""
    if connection.in_atomic_block:
        raise RuntimeError("nothing is ever sent inside a transaction: a rollback could not take it back")
    if not (work.peek(Job, now=now) and work.peek(Job, now=now, only=only)):  # mostly nothing is due at all
        return []
    with transaction.atomic():
        claimed = work.claim(Job, now=now, wall=wall, limit=limit, owner=owner, duration=LEASE, only=only)
        deliveries = _DELIVERIES([int(job.key) for job in claimed])
        waiting = {delivery.pk: delivery for delivery in deliveries if delivery.status == NoticeDelivery.Status.WAITING}
        Job.objects.filter(pk__in=[job.pk for job in claimed if int(job.key) not in waiting]).delete()
    return [(job, waiting[int(job.key)]) for job in claimed if int(job.key) in waiting]


_DELIVERIES = PreparedObjects(
    (Keys(),),
    lambda keys: NoticeDelivery.objects.select_related("notice__user", "receiver", "endpoint").filter(
        Among("pk", keys)
    ),
)


_MARK_SENT = (
    "UPDATE notifications_noticedelivery SET status = %s, attempts = attempts + 1, next_at = NULL, error = '',"
    " sent_at = %s, sealed_link = '' WHERE {}"
)
_DELETE_JOBS = "DELETE FROM base_job WHERE {}"


def record_sent(taken: Sequence[ClaimedDelivery], *, now: datetime) -> None:
    """Whoever holds their leases by now: they were sent."""
    if not taken:
        return
    sent_condition, sent_params = rows.among("id", [delivery.pk for _, delivery in taken])
    jobs_condition, jobs_params = rows.among("id", [job.pk for job, _ in taken])
    with transaction.atomic():
        rows.run_together(
            (_MARK_SENT.format(sent_condition), [NoticeDelivery.Status.SENT.value, rows.moment(now), *sent_params]),
            (_DELETE_JOBS.format(jobs_condition), jobs_params),
        )


def record_not_sent(
    job: Job, one: NoticeDelivery, result: NotSent, *, waits: Sequence[timedelta], now: datetime, owner: str
) -> None:
    """What was not sent: tried again after the next of ``waits``, or given up."""
    with transaction.atomic():
        leased_job = Job.objects.select_for_update().filter(pk=job.pk, state=State.LEASED, lease_owner=owner)
        if leased_job.first() is None:
            return  # the lease ran out and another sender has it: its result counts
        row = NoticeDelivery.objects.filter(pk=one.pk)
        if isinstance(result, NotAttempted):
            next_at = result.until or job.due_at
            leased_job.update(state=State.WAITING, due_at=next_at, lease_until=None, lease_owner="")
            if result.until is not None:
                row.update(next_at=next_at)
        elif isinstance(result, Withheld):
            row.update(status=NoticeDelivery.Status.WITHHELD, reason=result.reason, next_at=None, sealed_link="")
            leased_job.delete()
        elif isinstance(result, PermanentFailure) or one.attempts >= len(waits):
            row.update(
                status=NoticeDelivery.Status.FAILED,
                attempts=one.attempts + 1,
                next_at=None,
                error=result.reason[:MAX_ERROR_LENGTH],
            )
            leased_job.delete()
            log.warning("a message failed for good", delivery=one.pk, channel=one.channel, reason=result.reason)
        else:
            next_at = now + waits[one.attempts]
            row.update(attempts=one.attempts + 1, next_at=next_at, error=result.reason[:MAX_ERROR_LENGTH])
            leased_job.update(
                state=State.WAITING,
                due_at=next_at,
                lease_until=None,
                lease_owner="",
                error=result.reason[:MAX_ERROR_LENGTH],
            )


def retry(one: NoticeDelivery, *, now: datetime) -> None:
    """Try a failed or waiting message now, with the whole plan ahead again. Raises ``Refused`` when there is nothing to try."""
    with transaction.atomic():
        one = NoticeDelivery.objects.select_for_update().get(pk=one.pk)
        kind = DELIVER_BY[one.channel]
        if one.status == NoticeDelivery.Status.SENT:
            raise Refused("mail.sent", _("This message was delivered already."))
        if one.status not in {NoticeDelivery.Status.WAITING, NoticeDelivery.Status.FAILED}:
            raise Refused("mail.withheld", _("This message will not be sent. Its row shows the reason."))
        if Job.objects.filter(kind=kind, key=str(one.pk), state=State.LEASED).exists():
            raise Refused("mail.in_flight", _("This message is being sent right now."))
        NoticeDelivery.objects.filter(pk=one.pk).update(status=NoticeDelivery.Status.WAITING, attempts=0, next_at=now)
        jobs.schedule(kind, str(one.pk), due_at=now)
        jobs.reschedule(kind, str(one.pk), due_at=now)
