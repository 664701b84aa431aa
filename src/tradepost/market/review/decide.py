"""Decide a submission: an operator approves or rejects it, or the seller withdraws it before. An approval is applied
in its transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Member, User

from .cases import case_of, lock_submission
from .events import SubmissionDecided
from .lifecycle import SUBMISSION, SubmissionEvent
from .models import Submission
from .overdue import OVERDUE
from .registry import review_kind

MAX_REASON_LENGTH = 1000


def approve(
    submission: Submission, *, checklist: Collection[str], reason: str = "", by: User, settings: Config, now: datetime
) -> Submission:
    """Approve it and apply it. ``checklist``: codes of the points that the operator checked. ``reason``: for a kind
    whose approvals are explained; the seller reads it.

    Raises ``Refused``, without a change, if any of these is missing, if the operator acts for the seller, or if the
    kind cannot apply it any more."""
    with transaction.atomic():
        current_submission = lock_submission(submission.pk)
        SUBMISSION.after(current_submission.status, SubmissionEvent.APPROVE)
        _check_not_own(current_submission, by)
        kind = review_kind(current_submission.kind)
        case = case_of(current_submission, settings=settings, now=now)
        items = [item.code for item in kind.checklist(case)]
        if set(items) - set(checklist):
            raise Refused(
                "review.checklist", _("Tick every item. You cannot approve items that you have not checked."),
                HTTPStatus.UNPROCESSABLE_ENTITY, field="checklist",
            )  # fmt: skip
        reasons = {kind.explained: _checked_reason(reason)} if kind.explained else {}
        kind.approve(case, by=by.email)
        SUBMISSION.move_all(
            [current_submission], SubmissionEvent.APPROVE, now=now, actor=by.email, note=" · ".join(reasons.values())[:500],
            checklist=items, reasons=reasons, decided_at=now, decided_by=by,
        )  # fmt: skip
        _publish(current_submission, now)
    return current_submission


def _checked_reason(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > MAX_REASON_LENGTH:
        message = _("Enter a reason of at most %(most)s characters. It is recorded, and the seller can see it.")
        raise Refused(
            "review.reason", message % {"most": MAX_REASON_LENGTH}, HTTPStatus.UNPROCESSABLE_ENTITY, field="reason"
        )
    return text


def reject(
    submission: Submission, *, reasons: Mapping[str, str], by: User, settings: Config, now: datetime
) -> Submission:
    """Reject it. ``reasons``: section → message for the seller; at least one."""
    with transaction.atomic():
        current_submission = lock_submission(submission.pk)
        SUBMISSION.after(current_submission.status, SubmissionEvent.REJECT)
        _check_not_own(current_submission, by)
        kind = review_kind(current_submission.kind)
        checked_reasons = _checked_reasons(reasons, {section.code for section in kind.sections})
        note = " · ".join(checked_reasons.values())[:500]
        SUBMISSION.move_all(
            [current_submission], SubmissionEvent.REJECT, now=now, actor=by.email, note=note,
            reasons=checked_reasons, decided_at=now, decided_by=by,
        )  # fmt: skip
        kind.ended(case_of(current_submission, settings=settings, now=now))
        _publish(current_submission, now)
    return current_submission


def _checked_reasons(reasons: Mapping[str, str], sections: Collection[str]) -> dict[str, str]:
    checked_reasons = {section: message.strip() for section, message in reasons.items() if message.strip()}
    if not checked_reasons or set(checked_reasons) - set(sections):
        raise Refused(
            "review.reasons", _("Describe the problem in at least one section, so that the seller can correct it."),
            HTTPStatus.UNPROCESSABLE_ENTITY, field="reasons",
        )  # fmt: skip
    for section, message in checked_reasons.items():
        if len(message) > MAX_REASON_LENGTH:
            raise Refused(
                "review.reasons", _("At most %(most)s characters for a section.") % {"most": MAX_REASON_LENGTH},
                HTTPStatus.UNPROCESSABLE_ENTITY, field=f"reason_{section}",
            )  # fmt: skip
    return checked_reasons


def withdraw(submission: Submission, *, by: User, settings: Config, now: datetime) -> Submission:
    """Withdraw it as the seller, before it is decided."""
    with transaction.atomic():
        current_submission = lock_submission(submission.pk)
        SUBMISSION.move_all([current_submission], SubmissionEvent.WITHDRAW, now=now, actor=by.email, decided_at=now)
        review_kind(current_submission.kind).ended(case_of(current_submission, settings=settings, now=now))
        jobs.cancel(OVERDUE, str(current_submission.pk))
    return current_submission


def _check_not_own(submission: Submission, by: User) -> None:
    """Four-eyes principle: a member of a seller must not decide about it as an operator."""
    if Member.objects.filter(seller=submission.seller, user=by).exists():
        raise Refused(
            "review.own", _("You are a member of this seller, so another operator must decide."), HTTPStatus.FORBIDDEN
        )


def _publish(submission: Submission, now: datetime) -> None:
    jobs.cancel(OVERDUE, str(submission.pk))
    outbox.publish(SubmissionDecided(submission=submission.pk, outcome=submission.status), now=now)
