"""Notify sellers and operators of submissions, of locked certifications and of new agreements (business-rules §2.4, §7.1).

Results go to the people of the seller, to its contact address and, where this market has SMS, to the contact's phone.
"""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import translation

from tradepost.market.identity.agreements import OF_SELLERS
from tradepost.market.identity.company_models import Agreement, Certification
from tradepost.market.identity.events import (
    AgreementPublished,
    CertificationLocked,
)
from tradepost.market.identity.models import Seller
from tradepost.market.review import appeals
from tradepost.market.review.events import SubmissionDecided, SubmissionOverdue, SubmissionSent
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind

from . import facts as f
from .people import members_of, operators, people_of
from .tell import AddressedNotice, send_notices


def on_submission_sent(event: SubmissionSent, now: datetime) -> None:
    """Operators see it in their site; their queue has a clock, so that no mail goes out for each."""
    submission = _submission(event.submission)
    _notify_operators(submission, "operator_submission_sent", now, mail=False)


def on_submission_overdue(event: SubmissionOverdue, now: datetime) -> None:
    submission = _submission(event.submission)
    if submission.status == Submission.Status.PENDING:
        _notify_operators(submission, "operator_submission_overdue", now, mail=True)


def _notify_operators(submission: Submission, kind: str, now: datetime, *, mail: bool) -> None:
    facts = {
        "kind": _title(submission),
        "seller": f.seller_names(submission.seller),
        "until": f.moment(submission.due_at or now),
    }
    link = reverse("console:review", args=[submission.pk])
    send_notices(
        [
            AddressedNotice(user=user, kind=kind, once=str(submission.pk), link=link, facts=facts, mail=mail)
            for user in operators(kind)
        ],
        now=now,
    )


def on_submission_decided(event: SubmissionDecided, now: datetime) -> None:
    submission = _submission(event.submission)
    link = _page_of(submission)
    facts = {"kind": _title(submission)}
    kind = f"seller_submission_{event.outcome}"
    send_notices(
        [
            AddressedNotice(
                user=user,
                kind=kind,
                once=str(submission.pk),
                link=link,
                facts=facts,
                contact=contact,
                seller=submission.seller_id,
            )
            for user, contact in people_of(submission.seller)
        ],
        now=now,
    )


def on_certification_locked(event: CertificationLocked, now: datetime) -> None:
    certification = Certification.objects.select_related("seller").get(seller=event.seller)
    if certification.locked_at is None:
        return
    facts = {"seller": f.seller_names(certification.seller), "n": str(certification.failures)}
    once = f"{event.seller}/{certification.locked_at:%Y%m%d%H%M%S}"
    link = reverse("console:seller", args=[event.seller])
    send_notices(
        [
            AddressedNotice(user=user, kind="operator_certification_locked", once=once, link=link, facts=facts)
            for user in operators("operator_certification_locked")
        ],
        now=now,
    )


def on_agreement_published(event: AgreementPublished, now: datetime) -> None:
    """Those who must accept it before they hand in anything again."""
    agreement = Agreement.objects.get(pk=event.agreement)
    if agreement.kind not in OF_SELLERS or agreement.number == 1:
        return
    facts = {"agreement": f.phrase(_label(agreement)), "change": agreement.change}
    link = reverse("seller_center:agreements")
    sellers = Seller.objects.filter(status=Seller.Status.ACTIVE).values_list("pk", flat=True)
    people = {user.pk: user for users in members_of(list(sellers)).values() for user in users}
    send_notices(
        [
            AddressedNotice(user=user, kind="seller_agreement", once=str(agreement.pk), link=link, facts=facts)
            for user in people.values()
        ],
        now=now,
    )


def _submission(pk: int) -> Submission:
    return Submission.objects.select_related("seller").defer("document").get(pk=pk)


def _page_of(submission: Submission) -> str:
    """Of a product's document the page where it is written again, which those who write products may see."""
    if submission.product_id is not None and submission.version_id is not None:
        return reverse("seller_center:product_submit", args=[submission.product_id])
    if submission.kind == "asset":  # as well: who keeps assets need not see the company's pages
        return reverse("seller_center:asset_version", args=[submission.document["version"]])
    if submission.kind == "appeal":  # those who may see the report need not see the company's papers
        appeal = appeals.appeal_of(submission)
        if appeal.version:
            return reverse("seller_center:asset_version", args=[appeal.version])
        return reverse("seller_center:web_report", args=[appeal.scan])
    return reverse("seller_center:submission", args=[submission.pk])


def _title(submission: Submission) -> f.Json:
    """As in the source: each reader translates it."""
    with translation.override(None):
        return f.phrase(str(review_kind(submission.kind).title))


def _label(agreement: Agreement) -> str:
    with translation.override(None):
        return str(Agreement.Kind(agreement.kind).label)
