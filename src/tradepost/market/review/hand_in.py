"""Hand in the draft of a product, have it withdrawn, and replay its cases again: one act each, of seller or operator."""

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

from . import drafts, submit
from .cases import case_of, locked, locked_product, locked_seller
from .models import Submission
from .product_versions import about, start_replay
from .registry import review_kind
from .replay_findings import findings_of_replay


def kind_for(product: Product) -> str:
    return "publish" if product.status == Product.Status.DRAFT else "modify"


def hand_in(product: Product, *, by: User, settings: Config, now: datetime, agreed: Collection[int] = ()) -> Submission:
    """Check the draft, seal it and replay its cases; an operator decides about it when they pass.

    Raises ``Incomplete`` with everything that is missing or wrong, and ``Refused`` when it may not be handed in; nothing was
    changed then.
    """
    with transaction.atomic():
        seller = locked_seller(product.seller_id)
        product = locked_product(product.pk)
        product.seller = seller
        draft = Version.objects.filter(product=product, status=Version.Status.DRAFT).first()
        if draft is None:
            raise Refused("draft.none", _("There is no draft to hand in."))
        begun = drafts.begin(
            kind_for(product), product.seller, by=by, now=now, product=product, version=draft,
            document=documents.load(draft.document),
        )  # fmt: skip
        return submit.submit(begun, by=by, settings=settings, now=now, agreed=agreed)


def ask_delisting(product: Product, wanted: Any, *, by: User, settings: Config, now: datetime) -> Submission:
    """Ask an operator to end the sale of a product, a spec or a SKU (``kinds.delist.Delisting``). Raises as ``hand_in``."""
    with transaction.atomic():
        locked_seller(product.seller_id)
        locked_product(product.pk)
        begun = drafts.begin("delist", product.seller, by=by, now=now, product=product, document=wanted)
        return submit.submit(begun, by=by, settings=settings, now=now)


def ask_restoring(product: Product, wanted: Any, *, by: User, settings: Config, now: datetime) -> Submission:
    """Ask an operator to restore the sale of a product that is frozen (``kinds.restore.Restoring``): its required cases are
    replayed first. Raises as ``hand_in``."""
    with transaction.atomic():
        locked_seller(product.seller_id)
        locked_product(product.pk)
        begun = drafts.begin("restore", product.seller, by=by, now=now, product=product, document=wanted)
        return submit.submit(begun, by=by, settings=settings, now=now)


def ask_moving(product: Product, wanted: Any, *, by: User, settings: Config, now: datetime) -> Submission:
    """Ask an operator to move the application of a product to another address (``kinds.credential.Moving``). Raises as
    ``hand_in``."""
    with transaction.atomic():
        locked_seller(product.seller_id)
        locked_product(product.pk)
        begun = drafts.begin("credential", product.seller, by=by, now=now, product=product, document=wanted)
        return submit.submit(begun, by=by, settings=settings, now=now)


def replay_again(submission: Submission, *, by: str, settings: Config, now: datetime) -> LeasedJob:
    """An operator asks for a fresh replay. Raises ``Refused`` for what needs none, and when it is decided."""
    with transaction.atomic():
        standing = locked(submission.pk)
        if standing.status != Submission.Status.PENDING:
            raise Refused("review.decided", _("This submission is decided."))
        document = review_kind(standing.kind).replayed(case_of(standing, settings=settings, now=now))
        job = start_replay(standing, document, by=by, purpose=Purpose.REVIEW, now=now) if document is not None else None
        if job is None:
            raise Refused("review.no_cases", _("There are no cases to replay."))
        return job


def replayed(event: ReplayEnded, *, settings: Config, now: datetime) -> None:
    """What a replay says of the submission that it is about. Of one that waits for an operator only its page tells."""
    pk = event.about.removeprefix("submission:")
    if not (event.about.startswith("submission:") and pk.isdecimal() and event.about == about(int(pk))):
        return
    if event.passed:
        submit.passed(int(pk), settings=settings, now=now)
    else:
        submit.failed(int(pk), findings_of_replay(event), settings=settings, now=now)
