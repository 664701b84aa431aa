"""An operator approves or rejects; the seller may withdraw before. What an approval does happens in its transaction."""

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

from .cases import case_of, locked
from .events import SubmissionDecided
from .lifecycle import SUBMISSION, SubmissionEvent
from .models import Submission
from .overdue import OVERDUE
from .registry import review_kind

LONGEST_REASON = 1000


def approve(
    submission: Submission, *, checklist: Collection[str], reason: str = "", by: User, settings: Config, now: datetime
) -> Submission:
    """Approve it and do what it asks for. ``checklist``: codes of what the operator looked at. ``reason``: why, for a kind whose
    approvals are explained; the seller reads it. Raises ``Refused`` when something of that is missing, when the operator acts
    for the seller, and when the kind cannot do it any more; nothing was changed then."""
    with transaction.atomic():
        standing = locked(submission.pk)
        SUBMISSION.after(standing.status, SubmissionEvent.APPROVE)
        _not_own(standing, by)
        kind = review_kind(standing.kind)
        case = case_of(standing, settings=settings, now=now)
        items = [item.code for item in kind.checklist(case)]
        if set(items) - set(checklist):
            raise Refused(
                "review.checklist", _("Tick every point of the list: what was not looked at is not approved."),
                HTTPStatus.UNPROCESSABLE_ENTITY, field="checklist",
            )  # fmt: skip
        said = {kind.explained: _why(reason)} if kind.explained else {}
        kind.approve(case, by=by.email)
        SUBMISSION.move_all(
            [standing], SubmissionEvent.APPROVE, now=now, actor=by.email, note=" · ".join(said.values())[:500],
            checklist=items, reasons=said, decided_at=now, decided_by=by,
        )  # fmt: skip
        _told(standing, now)
    return standing


def _why(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        words = _("Say why, in at most %(most)s characters: it is kept, and the seller reads it.")
        raise Refused(
            "review.reason", words % {"most": LONGEST_REASON}, HTTPStatus.UNPROCESSABLE_ENTITY, field="reason"
        )
    return said


def reject(
    submission: Submission, *, reasons: Mapping[str, str], by: User, settings: Config, now: datetime
) -> Submission:
    """Reject it. ``reasons``: section → words that the seller reads; at least one."""
    with transaction.atomic():
        standing = locked(submission.pk)
        SUBMISSION.after(standing.status, SubmissionEvent.REJECT)
        _not_own(standing, by)
        kind = review_kind(standing.kind)
        said = _reasons(reasons, {section.code for section in kind.sections})
        note = " · ".join(said.values())[:500]
        SUBMISSION.move_all(
            [standing], SubmissionEvent.REJECT, now=now, actor=by.email, note=note,
            reasons=said, decided_at=now, decided_by=by,
        )  # fmt: skip
        kind.ended(case_of(standing, settings=settings, now=now))
        _told(standing, now)
    return standing


def _reasons(reasons: Mapping[str, str], sections: Collection[str]) -> dict[str, str]:
    said = {section: words.strip() for section, words in reasons.items() if words.strip()}
    if not said or set(said) - set(sections):
        raise Refused(
            "review.reasons", _("Say in at least one section what is wrong, so that it can be corrected."),
            HTTPStatus.UNPROCESSABLE_ENTITY, field="reasons",
        )  # fmt: skip
    for section, words in said.items():
        if len(words) > LONGEST_REASON:
            raise Refused(
                "review.reasons", _("At most %(most)s characters for a section.") % {"most": LONGEST_REASON},
                HTTPStatus.UNPROCESSABLE_ENTITY, field=f"reason_{section}",
            )  # fmt: skip
    return said


def withdraw(submission: Submission, *, by: User, settings: Config, now: datetime) -> Submission:
    """The seller takes it back before it is decided."""
    with transaction.atomic():
        standing = locked(submission.pk)
        SUBMISSION.move_all([standing], SubmissionEvent.WITHDRAW, now=now, actor=by.email, decided_at=now)
        review_kind(standing.kind).ended(case_of(standing, settings=settings, now=now))
        jobs.cancel(OVERDUE, str(standing.pk))
    return standing


def _not_own(submission: Submission, by: User) -> None:
    """Four eyes: whoever acts for a seller decides nothing about it."""
    if Member.objects.filter(seller=submission.seller, user=by).exists():
        raise Refused("review.own", _("You act for this seller: another operator must decide."), HTTPStatus.FORBIDDEN)


def _told(submission: Submission, now: datetime) -> None:
    jobs.cancel(OVERDUE, str(submission.pk))
    outbox.publish(SubmissionDecided(submission=submission.pk, outcome=submission.status), now=now)
