"""Reads a submission with what belongs to it, and locks it where it is moved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tradepost.market.base import stored
from tradepost.market.base.config import Config
from tradepost.market.identity.models import Seller

from .contract import Case
from .models import Submission
from .registry import review_kind


def case_of(submission: Submission, *, settings: Config, now: datetime) -> Case[Any]:
    """Its document as its kind's type; raises what ``stored.load`` raises."""
    return Case(
        seller=submission.seller,
        product=submission.product,
        version=submission.version,
        document=stored.load(review_kind(submission.kind).document, submission.document),
        settings=settings,
        now=now,
        submission=submission,
    )


def locked_seller(pk: int) -> Seller:
    """Of a seller one thing at a time is sent or decided. Orders of its products go on: they hold no such lock."""
    return Seller.objects.select_for_update(no_key=True).get(pk=pk)


def locked(pk: int) -> Submission:
    """The submission as it is now, its seller and itself locked in this order. Inside of a transaction."""
    found = Submission.objects.only("seller_id").get(pk=pk)
    seller = locked_seller(found.seller_id)
    submission = Submission.objects.select_for_update(of=("self",)).select_related("product", "version").get(pk=pk)
    submission.seller = seller
    return submission
