"""A supervised delivery of the demo: a service is published, ordered, confirmed, and its first milestone delivered.

Uses the functions of the pages and waits for a worker. Existing data is not changed.
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
from tradepost.market.supervision.act import ActForm, act
from tradepost.market.supervision.clocks import Clocks
from tradepost.market.supervision.models import Supervision

from .data_files import DataTable, read
from .people import BUYER, OPERATOR, OWNER, sellers
from .proofs import delivery_report
from .road import Road, approve, submit_once
from .shapes import DemoProduct

FILE = "deliveries.toml"


class DeliveryFile(DataTable, frozen=True, kw_only=True):
    """The demo delivery. ``demand``: the buyer's requirements; ``delivered``: the seller's text with the first
    milestone."""

    product: DemoProduct
    demand: str
    delivered: str


@cache
def delivery() -> DeliveryFile:
    """Read the data file. Raises ``InvalidData``."""
    return read(FILE, DeliveryFile)


def create_delivery(road: Road, *, clocks: Clocks) -> None:
    """Create the delivery. Raises ``StoppingError``, and ``Refused`` for problems that a person has to solve."""
    owner, operator, buyer = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR, BUYER))
    product = Product.objects.filter(slug=delivery().product.slug).first() or _draft(road, owner)
    if product.status == Product.Status.DRAFT:
        submit_once(road, product, owner)
        approve(road, product, operator)
        product.refresh_from_db()
    if product.status != Product.Status.ON_SALE:
        return
    if not OrderLine.objects.filter(product=product).exists():
        _order(product, buyer, road)
    supervisions = Supervision.objects.filter(line__product=product).order_by("pk")
    road.wait(supervisions.exists, product.slug)
    if (first_supervision := supervisions[0]).buyer_id == buyer.pk and first_supervision.visit == 1:
        _deliver_first_milestone(first_supervision, owner, buyer, road, clocks)


def _order(product: Product, buyer: User, road: Road) -> None:
    offer = Offer.objects.get(sku__spec__product=product, on_sale=True)
    command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key="the demo orders it")
    timeout = timedelta(minutes=road.settings.orders.unpaid_timeout_minutes)
    with transaction.atomic():
        pay_order(buy(buyer, command, now=road.now(), unpaid_timeout=timeout), now=road.now())


def _draft(road: Road, owner: User) -> Product:
    demo_product = delivery().product
    described = next(candidate for candidate in sellers() if candidate.slug == demo_product.seller)
    with transaction.atomic():
        seller = Seller.objects.get(slug=demo_product.seller)
        return draft_product(
            seller, demo_product.document(described, proof=""), by=owner, slug=demo_product.slug, now=road.now()
        )


def _deliver_first_milestone(supervision: Supervision, owner: User, buyer: User, road: Road, clocks: Clocks) -> None:
    report = store_proof(
        delivery_report(delivery().product.name.en), name="survey-and-plan.pdf", seller=supervision.seller, by=owner,
        files=Files(road.settings.files), most_bytes=road.settings.assets.proof_most_bytes, a_day=road.settings.assets.proofs_a_day,
        now=road.now(),
    ).sha256  # fmt: skip
    steps = (
        (Party.BUYER, Act.DEMAND, buyer, ActForm(visit=1, values={"words": delivery().demand})),
        (Party.SELLER, Act.CONFIRM, owner, ActForm(visit=2)),
        (Party.SELLER, Act.DELIVER, owner, ActForm(visit=3, values={"words": delivery().delivered}, proofs=(report,))),
    )
    with transaction.atomic():
        for party, performed, by, form in steps:
            act(supervision.pk, party, performed, form, by=by, clocks=clocks, now=road.now())
