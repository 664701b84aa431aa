"""Send a submission: it is checked immediately for missing data, then by longer checks, and then awaits an
operator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.config import Config
from tradepost.market.base.findings import Finding
from tradepost.market.identity import agreements
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import Seller, User

from . import sla
from .cases import case_of, lock_submission
from .contract import AnyKind, Incomplete
from .drafts import check_no_open_submission
from .events import SubmissionDecided, SubmissionSent
from .lifecycle import SUBMISSION, SubmissionEvent
from .models import Submission
from .overdue import OVERDUE
from .registry import review_kind, review_kinds

AGREEMENT_RULE = "business-rules §1.5"


def promise_of(settings: Config) -> sla.Promise:
    return sla.Promise(
        settings.review.review_working_days,
        settings.review.review_busy_from,
        settings.review.review_busy_extra,
        settings.review_day_ends,
    )


def findings_of(submission: Submission, *, agreed: Collection[int], settings: Config, now: datetime) -> list[Finding]:
    """Return what would refuse it if it were sent now."""
    kind = review_kind(submission.kind)
    case = case_of(submission, settings=settings, now=now)
    return [*kind.self_check(case), *_missing_agreements(kind, submission.seller, agreed, now)]


def required_agreements(kind: AnyKind, seller: Seller, *, now: datetime) -> list[Agreement]:
    """Return the agreements that must still be accepted to send one."""
    return agreements.agreements_to_accept(seller, kind.agreements, now=now) if kind.agreements else []


def _missing_agreements(
    kind: AnyKind, seller: Seller, agreed_keys: Collection[int], now: datetime
) -> Iterator[Finding]:
    for agreement in required_agreements(kind, seller, now=now):
        if agreement.pk not in agreed_keys:
            yield Finding(
                section="agreement",
                field=f"agreement_{agreement.pk}",
                code="agreement.not_accepted",
                words=_("Read and accept “%(agreement)s”.") % {"agreement": agreement.get_kind_display()},
                rule=AGREEMENT_RULE,
            )


def submit(draft: Submission, *, by: User, settings: Config, now: datetime, agreed: Collection[int] = ()) -> Submission:
    """Send it. ``agreed``: keys of the agreements that were accepted with it.

    Raises ``Incomplete`` with everything missing or invalid, and ``Refused`` if it may not be sent, without a
    change."""
    with transaction.atomic():
        submission = lock_submission(draft.pk)
        kind = review_kind(submission.kind)
        SUBMISSION.after(submission.status, SubmissionEvent.SUBMIT)
        check_no_open_submission(submission.kind, submission.seller, product=submission.product, about=submission.about)
        kind.may_begin(submission.seller, product=submission.product, now=now)
        if problems := findings_of(submission, agreed=agreed, settings=settings, now=now):
            raise Incomplete(problems)
        for agreement in required_agreements(kind, submission.seller, now=now):
            agreements.accept(submission.seller, agreement, by=by, now=now)
        SUBMISSION.move_all(
            [submission], SubmissionEvent.SUBMIT, now=now, actor=by.email,
            sent_at=now, sent_by=by, sha256=fingerprint(submission.document),
        )  # fmt: skip
        if not kind.begin_checking(case_of(submission, settings=settings, now=now)):
            _wait_for_operator(submission, settings=settings, now=now)
    return submission


def fingerprint(document: dict[str, Any]) -> str:
    """Return the SHA-256 of the document, independent of the order of its members."""
    plain_text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain_text.encode()).hexdigest()


def record_passed_checks(pk: int, *, settings: Config, now: datetime) -> None:
    """Record that the longer checks found nothing. Repeating it has no effect."""
    with transaction.atomic():
        submission = lock_submission(pk)
        if submission.status == Submission.Status.CHECKING:
            _wait_for_operator(submission, settings=settings, now=now)


def _wait_for_operator(submission: Submission, *, settings: Config, now: datetime) -> None:
    """Start the decision time, which begins when the checks are complete."""
    zone, promise = timezone.get_default_timezone(), promise_of(settings)
    days = sla.promised_days(promise, sent_today=_count_sent_today(submission, now))
    due_at = sla.deadline_of(now, days, zone=zone, closes=promise.closes)
    SUBMISSION.move_all([submission], SubmissionEvent.PASS, now=now, due_at=due_at.at)
    jobs.schedule(OVERDUE, str(submission.pk), due_at=due_at.at, payload={"submission": submission.pk})
    outbox.publish(SubmissionSent(submission=submission.pk), now=now)


def _count_sent_today(submission: Submission, now: datetime) -> int:
    """Count the seller's submissions of busy kinds on this local day; 0 for other kinds."""
    busy_kinds = [name for name, kind in review_kinds().items() if kind.busy]
    if submission.kind not in busy_kinds:
        return 0
    day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    sent_submissions = Submission.objects.filter(
        seller=submission.seller, sent_at__gte=day, sent_at__lt=day + timedelta(days=1)
    )
    return sent_submissions.filter(kind__in=busy_kinds).count()


def record_failed_checks(pk: int, findings: Sequence[dict[str, Any]], *, settings: Config, now: datetime) -> None:
    """Record the findings of the longer checks (``base.findings.stored_findings``). Repeating it has no effect."""
    with transaction.atomic():
        submission = lock_submission(pk)
        if submission.status != Submission.Status.CHECKING:
            return
        SUBMISSION.move_all([submission], SubmissionEvent.FAIL, now=now, findings=list(findings), decided_at=now)
        review_kind(submission.kind).ended(case_of(submission, settings=settings, now=now))
        outbox.publish(SubmissionDecided(submission=pk, outcome=submission.status), now=now)
