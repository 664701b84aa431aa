"""A submission while it is written: begun, saved as often as one types, thrown away, or begun again from one that was
rejected. What is wrong is saved like everything else: a draft loses nothing."""

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

from .cases import locked, locked_seller
from .contract import Look
from .models import CORRECTABLE, OPEN, Submission
from .registry import review_kind

MOST_TYPED = 20_000
"""Characters of one field that a draft keeps, however wrong."""


def draft_of(kind: str, seller: Seller, *, product: Product | None = None, about: str = "") -> Submission | None:
    """The one that is being written."""
    drafts = Submission.objects.filter(kind=kind, seller=seller, product=product, status=Submission.Status.DRAFT)
    return drafts.filter(about=about).first()


def open_of(kind: str, seller: Seller, *, product: Product | None = None, about: str = "") -> Submission | None:
    """The one that is being checked or waits for an operator: of a product one of any kind, else one of this kind, about the
    same thing."""
    found = Submission.objects.filter(seller=seller, product=product, status__in=OPEN)
    return (found if product is not None else found.filter(kind=kind, about=about)).order_by("-pk").first()


def to_correct(kind: str, seller: Seller, *, product: Product | None = None, about: str = "") -> Submission | None:
    """The last submission of this kind, if it failed, was rejected or withdrawn: the next one corrects it."""
    last = _last_sent(kind, seller, product=product, about=about)
    return last if last is not None and last.status in CORRECTABLE else None


def is_to_correct(submission: Submission) -> bool:
    """Whether the next submission corrects this one."""
    product, about = submission.product, submission.about
    return to_correct(submission.kind, submission.seller, product=product, about=about) == submission


def _last_sent(kind: str, seller: Seller, *, product: Product | None, about: str) -> Submission | None:
    sent = Submission.objects.filter(kind=kind, seller=seller, product=product, about=about)
    return sent.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()


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
    """The draft of this kind. A new one holds ``document``; without one it holds the last submission while that is to be
    corrected, else what the kind begins with. Raises ``Refused`` when the kind does not allow one, or while another is
    decided."""
    how = review_kind(kind)
    with transaction.atomic():
        locked_seller(seller.pk)
        if (standing := draft_of(kind, seller, product=product, about=about)) is not None:
            return standing
        check_none_open(kind, seller, product=product, about=about)
        how.may_begin(seller, product=product, now=now)
        earlier = earlier or to_correct(kind, seller, product=product, about=about)
        if document is not None:
            content = document
        elif earlier is not None:
            content = stored.load(how.document, earlier.document)
        else:
            content = how.blank(seller, product=product)
        begun = Submission.objects.create(
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
        _keep_files(begun, content)
    return begun


def check_none_open(kind: str, seller: Seller, *, product: Product | None, about: str = "") -> None:
    """Raises ``Refused`` while another one is decided."""
    if open_of(kind, seller, product=product, about=about) is not None:
        raise Refused(
            "submission.open",
            _("There is a submission that is not decided yet. Wait for it, or withdraw it first."),
        )


def save(draft: Submission, typed: Mapping[str, str], *, revision: int | None, now: datetime) -> Submission:
    """Keep what was typed, right or wrong. ``revision``: of the draft that the typing began from; None for a change that
    overwrites nothing, as an uploaded picture. Raises ``Refused`` (409 ``draft.changed``) when somebody saved meanwhile, and
    for what no draft keeps."""
    how = review_kind(draft.kind)
    if any(len(value) > MOST_TYPED for value in typed.values()):
        field = next(name for name, value in typed.items() if len(value) > MOST_TYPED)
        said = _("This is longer than a draft keeps: at most %(most)s characters.") % {"most": f"{MOST_TYPED:,}"}
        raise Refused("draft.too_long", said, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    with transaction.atomic():
        now_there = locked(draft.pk)
        _must_be_draft(now_there)
        document = stored.load(how.document, now_there.document)
        changed = replace(document, **how.seal(typed))
        if changed == document:
            return now_there
        if revision is not None and revision != now_there.revision:
            raise Refused(
                "draft.changed",
                _("This draft was saved elsewhere meanwhile: another tab or another member changed it."),
            )
        now_there.document = stored.dump(changed)
        now_there.revision += 1
        now_there.saved_at = now
        now_there.save(update_fields=["document", "revision", "saved_at"])
        _keep_files(now_there, changed)
    return now_there


def _keep_files(submission: Submission, document: Any) -> None:
    """What a submission shows is there for as long as it is: nobody but its seller and operators sees it."""
    questions = review_kind(submission.kind).questions
    for look, keep in ((Look.PICTURE, partial(use_pictures, visible=False)), (Look.PROOF, use_proofs)):
        asked = [each.field for each in questions if each.look is look]
        if asked:
            hashes = {value for name in asked if (value := getattr(document, name))}
            keep(owner_of(submission), hashes, seller=submission.seller)


def owner_of(submission: Submission) -> str:
    """As what a submission refers to its files."""
    return f"submission:{submission.pk}"


def _must_be_draft(submission: Submission) -> None:
    if submission.status != Submission.Status.DRAFT:
        raise Refused("draft.sent", _("This was sent already; what was sent is not changed any more."))


def discard(draft: Submission) -> None:
    """Throw a draft away. Raises ``Refused`` for what was sent: that is evidence."""
    with transaction.atomic():
        now_there = locked(draft.pk)
        _must_be_draft(now_there)
        use_pictures(owner_of(now_there), (), seller=now_there.seller, visible=False)
        use_proofs(owner_of(now_there), (), seller=now_there.seller)
        now_there.delete()


def correct(submission: Submission, *, by: User, now: datetime) -> Submission:
    """The draft that corrects it, with what was sent. Raises ``Refused`` for one that is not ended or was approved, and for
    one that a later submission replaced."""
    if submission.status not in CORRECTABLE:
        raise Refused("submission.not_ended", _("Only what failed, was rejected or withdrawn can be corrected."))
    if not is_to_correct(submission):
        raise Refused("submission.replaced", _("A later submission replaced this one. Open the later one."))
    return begin(
        submission.kind, submission.seller, by=by, now=now, product=submission.product, version=submission.version,
        earlier=submission, about=submission.about,
    )  # fmt: skip
