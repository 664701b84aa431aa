"""Submit a product's draft, request changes to its sale, and replay its cases: one function per act of seller or
operator."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.models import Product, Version
from tradepost.market.debugging.events import ReplayEnded
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.models import User

from . import drafts, replays, submit
from .cases import case_of, lock_submission, locked_product, locked_seller
from .models import Submission
from .product_versions import replay_subject, start_replay
from .registry import review_kind
from .replay_findings import findings_of_replay


def kind_of_submission(product: Product) -> str:
    return "publish" if product.status == Product.Status.DRAFT else "modify"


def submit_draft(
    product: Product, *, by: User, settings: Config, now: datetime, agreed: Collection[int] = ()
) -> Submission:
    """Submit the draft: check it, seal it and replay its cases. If they pass, an operator decides.

    Raises ``Incomplete`` with everything missing or invalid, and ``Refused`` if it may not be submitted, without a
    change."""
    with transaction.atomic():
        seller = locked_seller(product.seller_id)
        product = locked_product(product.pk)
        product.seller = seller
        draft = Version.objects.filter(product=product, status=Version.Status.DRAFT).first()
        if draft is None:
            raise Refused("draft.none", _("There is no draft to submit."))
        new_draft = drafts.begin(
            kind_of_submission(product), product.seller, by=by, now=now, product=product, version=draft,
            document=documents.load(draft.document),
        )  # fmt: skip
        return submit.submit(new_draft, by=by, settings=settings, now=now, agreed=agreed)


def request_delisting(product: Product, request: Any, *, by: User, settings: Config, now: datetime) -> Submission:
    """Request the end of the sale of a product, spec or SKU (``kinds.delist.Delisting``). Raises like ``submit_draft``."""
    with transaction.atomic():
        locked_seller(product.seller_id)
        locked_product(product.pk)
        draft = drafts.begin("delist", product.seller, by=by, now=now, product=product, document=request)
        return submit.submit(draft, by=by, settings=settings, now=now)


def request_restoring(product: Product, request: Any, *, by: User, settings: Config, now: datetime) -> Submission:
    """Request that sales of a suspended product resume (``kinds.restore.RestoreRequest``): its required cases are replayed
    first. Raises like ``submit_draft``."""
    with transaction.atomic():
        locked_seller(product.seller_id)
        locked_product(product.pk)
        draft = drafts.begin("restore", product.seller, by=by, now=now, product=product, document=request)
        return submit.submit(draft, by=by, settings=settings, now=now)


def request_move(product: Product, request: Any, *, by: User, settings: Config, now: datetime) -> Submission:
    """Request that a product's application moves to another address (``kinds.credential.CredentialMove``). Raises like
    ``submit_draft``."""
    with transaction.atomic():
        locked_seller(product.seller_id)
        locked_product(product.pk)
        draft = drafts.begin("credential", product.seller, by=by, now=now, product=product, document=request)
        return submit.submit(draft, by=by, settings=settings, now=now)


def restart_replay(submission: Submission, *, by: str, settings: Config, now: datetime) -> LeasedJob:
    """Start a new replay for an operator. Raises ``Refused`` if it needs none, or is decided."""
    with transaction.atomic():
        current_submission = lock_submission(submission.pk)
        if current_submission.status != Submission.Status.PENDING:
            raise Refused("review.decided", _("This submission has already been decided."))
        document = review_kind(current_submission.kind).replayed(
            case_of(current_submission, settings=settings, now=now)
        )
        job = (
            start_replay(current_submission, document, by=by, purpose=Purpose.REVIEW, now=now)
            if document is not None
            else None
        )
        if job is None:
            raise Refused("review.no_cases", _("There are no cases to replay."))
        return job


def store_replay_verdict(event: ReplayEnded, *, settings: Config, now: datetime) -> None:
    """Reaction: store the verdict of a replay with its submission, and apply it to one that is being checked."""
    pk = event.about.removeprefix("submission:")
    if not (event.about.startswith("submission:") and pk.isdecimal() and event.about == replay_subject(int(pk))):
        return
    if (job := LeasedJob.objects.filter(pk=event.job).first()) is not None:
        replays.store_verdict(int(pk), job)
    if event.passed:
        submit.record_passed_checks(int(pk), settings=settings, now=now)
    else:
        submit.record_failed_checks(int(pk), findings_of_replay(event), settings=settings, now=now)
