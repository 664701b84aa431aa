"""Chapters of history.py: products before they are listed."""

from __future__ import annotations

from tests.browser.debugging import debug_case
from tests.factories.companies import certified, owner_of
from tests.factories.publishable import right_document
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.models import Product
from tradepost.market.debugging import missing
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.market.review import hand_in, submit
from tradepost.market.review.models import Submission
from tradepost.market.review.product_versions import sold_properties
from tradepost.market.review.registry import review_kind


def publish(_seller_url: str) -> dict[str, str]:
    """Submit a product of the demo's seller with every case saved; the running worker's replay passes."""
    address, now = Address.objects.select_related("seller").get(pk=1), clock.now()
    seller, owner = certified(address.seller, now=now), owner_of(address.seller)
    product, document = _draft(address, "票据云归档", "Receipt Archive")
    for lack in missing.lacking_cases(address, sold_properties(document)):
        debug_case(address, lack.activity, lack.variant)
    wanted = submit.required_agreements(review_kind(hand_in.kind_of_submission(product)), seller, now=now)
    sent = hand_in.submit_draft(product, by=owner, settings=config(), now=now, agreed={each.pk for each in wanted})
    until(lambda: Submission.objects.get(pk=sent.pk).status == Submission.Status.PENDING, "the replay lets it pass")
    return {"sent product": str(product.pk), "product submission": str(sent.pk)}


def draft(_seller_url: str) -> dict[str, str]:
    """After ``publish``: create another product, complete and not submitted."""
    product, _document = _draft(Address.objects.select_related("seller").get(pk=1), "凭证云归集", "Voucher Archive")
    return {"draft product": str(product.pk)}


def _draft(address: Address, name: str, name_en: str) -> tuple[Product, Document]:
    document = right_document(address.seller, name=name, name_en=name_en)
    product = drafts.begin_complete(address.seller, document, by=owner_of(address.seller), now=clock.now())
    addresses.bind(product, address)
    return product, document
