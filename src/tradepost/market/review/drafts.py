"""Drafts of submissions: begin, save while typing, discard, or begin from a rejected one. Invalid values are saved as
well, so that no input is lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.assets.pictures import use_pictures
from tradepost.market.assets.proofs import use_proofs
from tradepost.market.base import stored
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.models import Seller, User

from .cases import lock_submission, locked_seller
from .contract import InputKind
from .models import CORRECTABLE, OPEN, Submission
from .registry import review_kind

MAX_FIELD_LENGTH = 20_000
"""Maximum characters of a field in a draft, valid or not."""


def draft_of(kind: str, seller: Seller, *, product: Product | None = None, about: str = "") -> Submission | None:
    """Return the draft of this kind."""
    drafts = Submission.objects.filter(kind=kind, seller=seller, product=product, status=Submission.Status.DRAFT)
    return drafts.filter(about=about).first()


def open_submission_of(
    kind: str, seller: Seller, *, product: Product | None = None, about: str = ""
) -> Submission | None:
    """Return the submission that is being checked or awaits an operator: any kind for a product, otherwise this kind
    about the same object."""
    submissions = Submission.objects.filter(seller=seller, product=product, status__in=OPEN)
    return (submissions if product is not None else submissions.filter(kind=kind, about=about)).order_by("-pk").first()


def submission_to_correct(
    kind: str, seller: Seller, *, product: Product | None = None, about: str = ""
) -> Submission | None:
    """Return the last submission of this kind if it failed, was rejected or withdrawn, so that the next one corrects
    it."""
    last_submission = _last_submission(kind, seller, product=product, about=about)
    return last_submission if last_submission is not None and last_submission.status in CORRECTABLE else None


def is_to_correct(submission: Submission) -> bool:
    """Return whether the next submission corrects this one."""
    product, about = submission.product, submission.about
    return submission_to_correct(submission.kind, submission.seller, product=product, about=about) == submission


def _last_submission(kind: str, seller: Seller, *, product: Product | None, about: str) -> Submission | None:
    sent_submissions = Submission.objects.filter(kind=kind, seller=seller, product=product, about=about)
    return sent_submissions.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()


def begin(
    kind: str,
    seller: Seller,
    *,
    by: User | None,
    now: datetime,
    product: Product | None = None,
    version: Version | None = None,
    document: Any = None,
    earlier: Submission | None = None,
    about: str = "",
) -> Submission:
    """Return the draft of this kind, or begin one with ``document``, the last submission if that is to be corrected,
    or the kind's blank document.

    Raises ``Refused`` if the kind does not allow one, or while another is open."""
    review_type = review_kind(kind)
    with transaction.atomic():
        locked_seller(seller.pk)
        if (existing := draft_of(kind, seller, product=product, about=about)) is not None:
            return existing
        check_no_open_submission(kind, seller, product=product, about=about)
        review_type.may_begin(seller, product=product, now=now)
        earlier = earlier or submission_to_correct(kind, seller, product=product, about=about)
        if document is not None:
            content = document
        elif earlier is not None:
            content = stored.load(review_type.document, earlier.document)
        else:
            content = review_type.blank(seller, product=product)
        draft = Submission.objects.create(
            kind=kind,
            seller=seller,
            product=product,
            version=version,
            about=about,
            document=stored.dump(content),
            earlier=earlier,
            created_by=by,
            created_at=now,
            saved_at=now,
        )
        _attach_files(draft, content)
    return draft


def check_no_open_submission(kind: str, seller: Seller, *, product: Product | None, about: str = "") -> None:
    """Raise ``Refused`` while another submission is open."""
    if open_submission_of(kind, seller, product=product, about=about) is not None:
        raise Refused(
            "submission.open",
            _("Another submission is not decided yet. Wait for the decision, or withdraw it first."),
        )


def save(draft: Submission, typed: Mapping[str, str], *, revision: int | None, now: datetime) -> Submission:
    """Save the input, valid or not. ``revision``: of the draft on which the input is based; None for a change that
    overwrites nothing, such as an uploaded picture.

    Raises ``Refused`` (409 ``draft.changed``) if the draft was saved meanwhile, and for input that cannot be
    stored."""
    review_type = review_kind(draft.kind)
    if any(len(value) > MAX_FIELD_LENGTH for value in typed.values()):
        field = next(name for name, value in typed.items() if len(value) > MAX_FIELD_LENGTH)
        message = _("The content is too long for a draft. Enter at most %(most)s characters.") % {
            "most": f"{MAX_FIELD_LENGTH:,}"
        }
        raise Refused("draft.too_long", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    with transaction.atomic():
        current_submission = lock_submission(draft.pk)
        _check_is_draft(current_submission)
        document = stored.load(review_type.document, current_submission.document)
        changed_document = replace(document, **review_type.seal(typed))
        if changed_document == document:
            return current_submission
        if revision is not None and revision != current_submission.revision:
            raise Refused(
                "draft.changed",
                _("This draft was saved elsewhere meanwhile: another tab or another member changed it."),
            )
        current_submission.document = stored.dump(changed_document)
        current_submission.revision += 1
        current_submission.saved_at = now
        current_submission.save(update_fields=["document", "revision", "saved_at"])
        _attach_files(current_submission, changed_document)
    return current_submission


def _attach_files(submission: Submission, document: Any) -> None:
    """Keep the files of a submission as long as the submission; only its seller and operators can see them."""
    questions = review_kind(submission.kind).questions
    for look, keep in ((InputKind.PICTURE, partial(use_pictures, visible=False)), (InputKind.PROOF, use_proofs)):
        fields = [question.field for question in questions if question.look is look]
        if fields:
            hashes = {value for name in fields if (value := getattr(document, name))}
            keep(owner_of(submission), hashes, seller=submission.seller)


def owner_of(submission: Submission) -> str:
    """Return the name under which a submission owns its files."""
    return f"submission:{submission.pk}"


def _check_is_draft(submission: Submission) -> None:
    if submission.status != Submission.Status.DRAFT:
        raise Refused("draft.sent", _("This application has already been submitted and can no longer be changed."))


def discard(draft: Submission) -> None:
    """Discard a draft. Raises ``Refused`` for a sent submission, which is evidence."""
    with transaction.atomic():
        current_submission = lock_submission(draft.pk)
        _check_is_draft(current_submission)
        use_pictures(owner_of(current_submission), (), seller=current_submission.seller, visible=False)
        use_proofs(owner_of(current_submission), (), seller=current_submission.seller)
        current_submission.delete()


def correct(submission: Submission, *, by: User, now: datetime) -> Submission:
    """Begin the draft that corrects a submission, with its content. Raises ``Refused`` for an open or approved one,
    and for one that a later submission replaced."""
    if submission.status not in CORRECTABLE:
        raise Refused("submission.not_ended", _("Only failed, rejected or withdrawn submissions can be corrected."))
    if not is_to_correct(submission):
        raise Refused("submission.replaced", _("A later submission replaced this one. Open the later one."))
    return begin(
        submission.kind, submission.seller, by=by, now=now, product=submission.product, version=submission.version,
        earlier=submission, about=submission.about,
    )  # fmt: skip
