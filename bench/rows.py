"""Rows of a market in bulk: sellers with keys and addresses, and calls to make. Django must be set up before importing
this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import work
from tradepost.market.base.secrets import mask, seal
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.models import Category, Offer, Product, Sku, Spec, Version
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Binding, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Buyer, Command, Create, InstanceStatus, SetStatus

from .wire import KEY

BATCH = 2000
PROTOCOL = "saas_v2"


@dataclass(frozen=True, slots=True)
class Shop:
    """Objects that calls refer to: one product, one address and one signing key for each seller."""

    buyer: User
    offer: Offer
    sellers: Sequence[Seller]
    products: Sequence[Product]
    addresses: Sequence[Address]


def open_shop(url_of: Callable[[int], str], *, sellers: int, now: datetime) -> Shop:
    """Create ``sellers`` sellers; the server of number i is at ``url_of(i)``."""
    with transaction.atomic():
        buyer = User.objects.create(email="buyer@bench.example", name="Buyer")
        category = Category.objects.create(slug="bench", name="测试", name_en="Bench")
        made = Seller.objects.bulk_create(
            [
                Seller(name=f"商家{i}", slug=f"s{i}", contact_email=f"s{i}@bench.example", created_at=now)
                for i in range(sellers)
            ],
            BATCH,
        )
        sealed = seal(KEY)
        SigningKey.objects.bulk_create(
            [
                SigningKey(
                    seller=seller,
                    interface_class=SigningKey.InterfaceClass.BASE,
                    key_id=f"{seller.pk:032x}",
                    sealed=sealed,
                    hint=mask(KEY),
                    created_at=now,
                )
                for seller in made
            ],
            BATCH,
        )
        addresses = Address.objects.bulk_create(
            [Address(seller=s, url=url_of(i), protocol=PROTOCOL, created_at=now) for i, s in enumerate(made)], BATCH
        )
        products = Product.objects.bulk_create(
            [
                Product(
                    seller=seller,
                    category=category,
                    product_type="SAAS",
                    slug=f"p{i}",
                    name=f"商品{i}",
                    name_en=f"Product {i}",
                    status=Product.Status.ON_SALE,
                    created_at=now,
                )
                for i, seller in enumerate(made)
            ],
            BATCH,
        )
        _list(products, now)
        Binding.objects.bulk_create(
            [Binding(product=p, address=a) for p, a in zip(products, addresses, strict=True)], BATCH
        )
        sku = Sku.objects.create(
            spec=Spec.objects.create(product=products[0], key="std", name="标准版", name_en="Standard"), code="STD"
        )
        offer = Offer.objects.create(
            sku=sku,
            product_id="OFFI000000000000000001",
            charging_mode="PERIOD",
            period_type="month",
            price_minor=10_000,
            currency="CNY",
            period_numbers=[1],
        )
    return Shop(buyer, offer, made, products, addresses)


def _list(products: Sequence[Product], now: datetime) -> None:
    """List one version of each product: an order line refers to the sold version."""
    plain = documents.dump(documents.Document(product_type="SAAS"))
    digest = documents.digest(plain)
    Version.objects.bulk_create(
        [
            Version(
                product=product, number=1, document=plain, sha256=digest, status=Version.Status.LISTED, created_at=now,
                saved_at=now, sealed_at=now, listed_at=now,
            )
            for product in products
        ],
        BATCH,
    )  # fmt: skip


def freeze(position: int, tag: str) -> Command:
    """Return an updateInstanceStatus, to which the seller answers with a constant body."""
    return SetStatus(instance_id=f"{tag}-{position}", status=InstanceStatus.FREEZE)


def create(position: int, tag: str) -> Command:
    """Return a newInstance; the seller's answer names the instance, and the market stores it."""
    return Create(
        order_id=f"CS{tag}{position}",
        order_line_id=f"CS{tag}{position}-000001",
        business_id="",
        buyer=Buyer(customer_id="c" * 32, customer_name="Buyer"),
    )


def insert_calls(
    shop: Shop,
    command: Callable[[int, str], Command],
    *,
    tag: str,
    count: int,
    now: datetime,
    sellers: Sequence[int] = (),
    apart: timedelta = timedelta(),
) -> list[Call]:
    """Insert ``count`` calls to the sellers in turn, ``apart`` from each other, each for a different subscription."""
    chosen = sellers or range(len(shop.sellers))
    kind = type(command(0, tag))
    activity = {SetStatus: "updateInstanceStatus", Create: "newInstance"}[kind]
    with transaction.atomic():
        subscriptions = Subscription.objects.bulk_create(
            [
                Subscription(
                    buyer=shop.buyer,
                    seller=shop.sellers[chosen[i % len(chosen)]],
                    product=shop.products[chosen[i % len(chosen)]],
                    offer=shop.offer,
                    order_line_number=f"CS{tag}{i}-000001",
                    instance_id="" if kind is Create else f"{tag}-{i}",
                    status=Subscription.Status.OPENING if kind is Create else Subscription.Status.ACTIVE,
                    created_at=now,
                )
                for i in range(count)
            ],
            BATCH,
        )
        made = Call.objects.bulk_create(
            [
                Call(
                    seller_id=subscription.seller_id,
                    address=shop.addresses[chosen[i % len(chosen)]],
                    product_id=subscription.product_id,
                    # The engine does not interpret a freeze, so its calls have no subscription. A creation has one,
                    # which receives the instance.
                    subscription=subscription if command is create else None,
                    protocol=PROTOCOL,
                    kind=kind.__name__,
                    activity=activity,
                    command=calls.dump(command(i, tag)),
                    order_number=f"CS{tag}{i}",
                    order_line_number=subscription.order_line_number,
                    instance_id=subscription.instance_id,
                    due_at=now + i * apart,
                    created_at=now,
                )
                for i, subscription in enumerate(subscriptions)
            ],
            BATCH,
        )
        work.wake()
    return made
