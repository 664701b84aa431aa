"""What people deliver in the demo, by the verbs of the pages: a service goes the road to the shelf, the demo buyer orders it and says
what is wanted, the seller confirms it and delivers its first milestone, which waits to be accepted.

This waits for a worker. It is done once: what is there already stays.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from django.db import transaction

from tradepost.market.assets.proofs import store_proof
from tradepost.market.base.files import Files
from tradepost.market.catalog.listing import draft_product
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.buy import buy
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.supervision.act import Said, act
from tradepost.market.supervision.clocks import Clocks
from tradepost.market.supervision.models import Supervision

from .data_files import Data, read
from .people import BUYER, OPERATOR, OWNER, sellers
from .proofs import delivery_report
from .road import Road, approve, send
from .shapes import DemoProduct

FILE = "deliveries.toml"


class DeliveryFile(Data, frozen=True, kw_only=True):
    """``demand``: what the buyer wants; ``delivered``: what the seller says of the first milestone."""

    product: DemoProduct
    demand: str
    delivered: str


@cache
def delivery() -> DeliveryFile:
    """Raises ``BadData``."""
    return read(FILE, DeliveryFile)


def deliver(road: Road, *, clocks: Clocks) -> None:
    """Raises ``Stopped``, and ``Refused`` for what a person would have to mend."""
    owner, operator, buyer = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR, BUYER))
    product = Product.objects.filter(slug=delivery().product.slug).first() or _draft(road, owner)
    if product.status == Product.Status.DRAFT:
        send(road, product, owner)
        approve(road, product, operator)
        product.refresh_from_db()
    if product.status != Product.Status.ON_SALE:
        return
    if not OrderLine.objects.filter(product=product).exists():
        _order(product, buyer, road)
    begun = Supervision.objects.filter(line__product=product).order_by("pk")
    road.wait(begun.exists, product.slug)
    if (first := begun[0]).buyer_id == buyer.pk and first.visit == 1:
        _half_way(first, owner, buyer, road, clocks)


def _order(product: Product, buyer: User, road: Road) -> None:
    offer = Offer.objects.get(sku__spec__product=product, on_sale=True)
    command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key="the demo orders it")
    timeout = timedelta(minutes=road.settings.unpaid_timeout_minutes)
    with transaction.atomic():
        pay_order(buy(buyer, command, now=road.now(), unpaid_timeout=timeout), now=road.now())


def _draft(road: Road, owner: User) -> Product:
    said = delivery().product
    described = next(one for one in sellers() if one.slug == said.seller)
    with transaction.atomic():
        seller = Seller.objects.get(slug=said.seller)
        return draft_product(seller, said.document(described, proof=""), by=owner, slug=said.slug, now=road.now())


def _half_way(supervision: Supervision, owner: User, buyer: User, road: Road, clocks: Clocks) -> None:
    report = store_proof(
        delivery_report(delivery().product.name.en), name="survey-and-plan.pdf", seller=supervision.seller, by=owner,
        files=Files(road.settings.files), most_bytes=road.settings.proof_most_bytes, a_day=road.settings.proofs_a_day,
        now=road.now(),
    ).sha256  # fmt: skip
    steps = (
        (Party.BUYER, Act.DEMAND, buyer, Said(visit=1, values={"words": delivery().demand})),
        (Party.SELLER, Act.CONFIRM, owner, Said(visit=2)),
        (Party.SELLER, Act.DELIVER, owner, Said(visit=3, values={"words": delivery().delivered}, proofs=(report,))),
    )
    with transaction.atomic():
        for party, what, by, said in steps:
            act(supervision.pk, party, what, said, by=by, clocks=clocks, now=road.now())
