"""Reads a submission with what belongs to it, and locks it where it is moved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tradepost.market.base import stored
from tradepost.market.base.config import Config
from tradepost.market.catalog.models import Product, Version
from tradepost.market.catalog.seller_queries import LIVE
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


def locked_product(pk: int) -> Product:
    """A product and its living versions, which a decision about it moves. Its seller is locked already."""
    product = Product.objects.select_for_update(of=("self",)).get(pk=pk)
    list(Version.objects.select_for_update(of=("self",)).filter(product=product, status__in=LIVE).order_by("pk"))
    return product


def locked(pk: int) -> Submission:
    """The submission as it is now: its seller, its product with its versions, and itself are locked in this order. Inside of a
    transaction."""
    found = Submission.objects.only("seller_id", "product_id").get(pk=pk)
    seller = locked_seller(found.seller_id)
    if found.product_id is not None:
        locked_product(found.product_id)
    submission = Submission.objects.select_for_update(of=("self",)).select_related("product", "version").get(pk=pk)
    submission.seller = seller
    return submission
