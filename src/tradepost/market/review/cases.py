"""Load a submission with its related objects, and lock it before it is moved."""

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
    """Return the submission with its document as the kind's type. Raises the errors of ``stored.load``."""
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
    """Lock the seller, so that its submissions are sent and decided one at a time. Orders of its products do not take
    this lock."""
    return Seller.objects.select_for_update(no_key=True).get(pk=pk)


def locked_product(pk: int) -> Product:
    """Lock a product and its current versions before a decision about it. The caller has locked its seller."""
    product = Product.objects.select_for_update(of=("self",)).get(pk=pk)
    list(Version.objects.select_for_update(of=("self",)).filter(product=product, status__in=LIVE).order_by("pk"))
    return product


def lock_submission(pk: int) -> Submission:
    """Lock and return the submission: its seller, its product with versions, and itself, in this order. Call it in a
    transaction."""
    keys = Submission.objects.only("seller_id", "product_id").get(pk=pk)
    seller = locked_seller(keys.seller_id)
    if keys.product_id is not None:
        locked_product(keys.product_id)
    submission = Submission.objects.select_for_update(of=("self",)).select_related("product", "version").get(pk=pk)
    submission.seller = seller
    return submission
