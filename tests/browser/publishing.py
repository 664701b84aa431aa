"""The chapter of history.py that tells of a product on its way to the shelf."""

from __future__ import annotations

from tests.browser.debugging import debug_case
from tests.factories.companies import certified, owner_of
from tests.factories.publishable import right_document
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog import drafts
from tradepost.market.debugging import missing
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.market.review import hand_in, submit
from tradepost.market.review.models import Submission
from tradepost.market.review.product_versions import sold
from tradepost.market.review.registry import review_kind


def publish(_seller_url: str) -> dict[str, str]:
    """A product of the demo's seller with every case saved, handed in; the running worker's replay lets it pass."""
    address, now = Address.objects.select_related("seller").get(pk=1), clock.now()
    seller, owner = certified(address.seller, now=now), owner_of(address.seller)
    document = right_document(seller, name="票据云归档", name_en="Receipt Archive")
    product = drafts.begin_whole(seller, document, by=owner, now=now)
    addresses.bind(product, address)
    for lack in missing.missing(address, sold(document)):
        debug_case(address, lack.activity, lack.variant)
    wanted = submit.wanted_agreements(review_kind(hand_in.kind_for(product)), seller, now=now)
    sent = hand_in.hand_in(product, by=owner, settings=config(), now=now, agreed={each.pk for each in wanted})
    until(lambda: Submission.objects.get(pk=sent.pk).status == Submission.Status.PENDING, "the replay lets it pass")
    return {"sent product": str(product.pk), "product submission": str(sent.pk)}
