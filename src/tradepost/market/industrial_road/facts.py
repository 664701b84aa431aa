"""The facts of a seller's road, read from the contexts that hold them; a few statements, however many products there are."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, IntegerField, QuerySet, Value, When

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.both_languages import named
from tradepost.market.base.counting import count_up_to
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.debugging.api_trials import What, trials_of
from tradepost.market.debugging.models import ApiTrial
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.certify import may_publish
from tradepost.market.identity.models import AccessKey, Domain, Seller, SigningKey
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.product_types.contract import AssetKind
from tradepost.market.production.models import Address, Binding
from tradepost.market.review.product_versions import stock_of
from tradepost.market.review.seller_queries import last_of_product, latest

from .retrofit import answers_of
from .steps import MOCK_ORDER, ProductFacts, RoadFacts

PROTOCOL = "license_online"
KIND = "LICENSE"
FURTHEST = (
    AssetVersion.Status.APPROVED, AssetVersion.Status.REVIEW, AssetVersion.Status.CHECKING, AssetVersion.Status.APPEALED,
)  # fmt: skip


def road_facts(seller: Seller, products: QuerySet[Product], *, now: datetime) -> RoadFacts:
    """``products``: those that exist for the reader (business-rules §1.7)."""
    admitted = seller.status == Seller.Status.ACTIVE
    entry = latest(seller, "enter")
    addresses = list(Address.objects.filter(seller=seller, protocol=PROTOCOL, removed_at=None).select_related("domain"))
    trials = trials_of(seller.pk)
    return RoadFacts(
        admitted=admitted,
        suspended=seller.status == Seller.Status.SUSPENDED,
        entry=entry.status if entry is not None else "",
        before_publishing=tuple((one.field, str(one.words)) for one in may_publish(seller, now=now)) if admitted else (),
        answers={code: one.says for code, one in answers_of(seller).items()},
        addresses=len(addresses),
        unproven=_unproven(addresses),
        signing_key=SigningKey.objects.filter(seller=seller, interface_class="base", valid_until=None).exists(),
        access_key=AccessKey.objects.filter(seller=seller, valid_until=None).exists(),
        product=_product(products),
        event=_about(trials, What.EVENT),
        queried_at=next((one.at for one in trials if one.what == What.ORDER_QUERY and one.about == MOCK_ORDER), None),
        text_at=_at(trials, What.TEXT),
        file_at=_at(trials, What.FILE),
        asset=_asset(seller),
        sold=count_up_to(LicenseRequest.objects.filter(seller=seller, status=LicenseRequest.Status.DELIVERED)),
    )  # fmt: skip


def _unproven(addresses: list[Address]) -> tuple[str, ...]:
    domains = [one.domain for one in addresses]
    return tuple(sorted({one.host for one in domains if one is not None and one.status != Domain.Status.VERIFIED}))


def _at(trials: list[ApiTrial], what: What) -> datetime | None:
    return next((one.at for one in trials if one.what == what), None)


def _about(trials: list[ApiTrial], what: What) -> str:
    return next((one.about for one in trials if one.what == what), "")


def _product(products: QuerySet[Product]) -> ProductFacts | None:
    """The one that is furthest: on sale, else bound to an online License interface, else the latest."""
    bound = Binding.objects.filter(product__in=products, address__protocol=PROTOCOL).values("product")
    rank = Case(
        When(pk__in=bound, status=Product.Status.ON_SALE, then=Value(0)), When(pk__in=bound, then=Value(1)),
        default=Value(2), output_field=IntegerField(),
    )  # fmt: skip
    product = products.filter(product_type=KIND).alias(rank=rank).order_by("rank", "-pk").first()
    return None if product is None else _facts_of(product)


def _facts_of(product: Product) -> ProductFacts:
    version = newest_version(product)
    document = documents.load(version.document) if version is not None else None
    bound = Binding.objects.filter(product=product, address__protocol=PROTOCOL).exists()
    stock = stock_of(product, document, purpose=Purpose.SUBMIT) if document is not None and bound else None
    last = last_of_product(product)
    return ProductFacts(
        pk=product.pk,
        name=named(product),
        priced=document is not None and bool(document.modes()),
        bound=bound,
        missing=tuple(
            (one.words, (one.address, one.activity, one.variant) if one.address else None)
            for one in (stock.lacks if stock is not None else ())
        ),
        on_sale=bound and product.status == Product.Status.ON_SALE,
        submission=last.status if last is not None else "",
    )


def _asset(seller: Seller) -> str:
    """The status of the package version that is furthest."""
    versions = AssetVersion.objects.filter(asset__seller=seller, asset__kind=AssetKind.PACKAGE.value)
    found = set(versions.values_list("status", flat=True).distinct())
    return next((one.value for one in FURTHEST if one in found), "") or next(iter(sorted(found)), "")
