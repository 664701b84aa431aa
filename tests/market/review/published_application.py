"""A product that was published with an application credential, and the addresses to which it can move."""

from __future__ import annotations

from dataclasses import dataclass

from tests.factories.companies import approve, owner_of
from tests.factories.joint import make_application, make_kit_address, public_pem
from tests.factories.people import NOW, make_address
from tests.factories.publishable import drafted, may_publish, right_document
from tests.market.debugging.answering import answer, tried
from tests.market.review.publishing import end_replay, submitted
from tradepost.market.applications.models import Application
from tradepost.market.base.config import config
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import APPLICATION, Document
from tradepost.market.catalog.models import Product
from tradepost.market.debugging import missing
from tradepost.market.production.models import Address, Binding
from tradepost.market.review import hand_in
from tradepost.market.review.kinds.credential import CredentialMove
from tradepost.market.review.models import Submission
from tradepost.market.review.product_versions import sold_properties

HERE, THERE = "https://api.qingxie.example/produce", "https://new.qingxie.example/produce"
SECRET = {"clientSecret": "a secret that is tried", "publicKey": public_pem()}


@dataclass
class Published:
    product: Product
    application: Application
    document: Document

    def addresses(self) -> tuple[str, str]:
        """The address of its product and of its calls of joint operation."""
        served = Binding.objects.select_related("address").get(product=self.product).address.url
        return served, Application.objects.select_related("address").get(pk=self.application.pk).address.url

    def ask(self, kit: Address) -> Submission:
        moving = CredentialMove(address=kit.pk, url=kit.url, before=HERE)
        by = owner_of(self.product.seller)
        return hand_in.request_move(self.product, moving, by=by, settings=config(), now=NOW)

    def save_cases(self, base: Address) -> None:
        for lack in missing.lacking_cases(base, sold_properties(self.document)):
            typed = SECRET if lack.activity == "applicationSync" else {}
            answer(tried(Address.objects.get(pk=lack.address or 0), lack.activity, lack.variant, **typed), now=NOW)


def publish_application() -> Published:
    """Publish a product with an application credential, by its review."""
    seller = may_publish()
    application = make_application(seller, address=make_kit_address(seller, url=HERE))
    document = right_document(seller)
    fields = {**document.details.fields, APPLICATION: application.app_id}
    document = replace(document, details=replace(document.details, fields=fields))
    product = drafted(seller, document, url=HERE)
    published = Published(product, application, document)
    published.save_cases(Binding.objects.get(product=product).address)
    sent = submitted(product)
    end_replay()
    sent.refresh_from_db()
    approve(sent)
    product.refresh_from_db()
    application.refresh_from_db()
    assert application.product == product
    return published


def other_addresses(published: Published) -> tuple[Address, Address]:
    """Make new addresses for the calls of joint operation and for the product."""
    seller = published.product.seller
    return make_kit_address(seller, url=THERE), make_address(seller, url=THERE)
