"""Read the facts of a seller's onboarding from other contexts, in a few statements for any number of products."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, IntegerField, QuerySet, Value, When

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.counting import count_up_to
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.debugging.api_trials import TrialKind, trials_of
from tradepost.market.debugging.models import ApiTrial
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.certify import publishing_obstacles
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
STATUS_ORDER = (
    AssetVersion.Status.APPROVED, AssetVersion.Status.REVIEW, AssetVersion.Status.CHECKING, AssetVersion.Status.APPEALED,
)  # fmt: skip


def road_facts(seller: Seller, products: QuerySet[Product], *, now: datetime) -> RoadFacts:
    """Return the facts. ``products``: those that the reader may see (business-rules §1.7)."""
    is_admitted = seller.status == Seller.Status.ACTIVE
    entry = latest(seller, "enter")
    addresses = list(Address.objects.filter(seller=seller, protocol=PROTOCOL, removed_at=None).select_related("domain"))
    trials = trials_of(seller.pk)
    return RoadFacts(
        admitted=is_admitted,
        suspended=seller.status == Seller.Status.SUSPENDED,
        entry=entry.status if entry is not None else "",
        before_publishing=tuple((item.field, str(item.words)) for item in publishing_obstacles(seller, now=now)) if is_admitted else (),
        answers={code: item.says for code, item in answers_of(seller).items()},
        addresses=len(addresses),
        unproven=_unproven(addresses),
        signing_key=SigningKey.objects.filter(seller=seller, interface_class="base", valid_until=None).exists(),
        access_key=AccessKey.objects.filter(seller=seller, valid_until=None).exists(),
        product=_product(products),
        event=_about(trials, TrialKind.EVENT),
        queried_at=next((item.at for item in trials if item.what == TrialKind.ORDER_QUERY and item.about == MOCK_ORDER), None),
        text_at=_at(trials, TrialKind.TEXT),
        file_at=_at(trials, TrialKind.FILE),
        asset=_asset(seller),
        sold=count_up_to(LicenseRequest.objects.filter(seller=seller, status=LicenseRequest.Status.DELIVERED)),
    )  # fmt: skip


def _unproven(addresses: list[Address]) -> tuple[str, ...]:
    domains = [domain.domain for domain in addresses]
    return tuple(
        sorted({domain.host for domain in domains if domain is not None and domain.status != Domain.Status.VERIFIED})
    )


def _at(trials: list[ApiTrial], kind: TrialKind) -> datetime | None:
    return next((trial.at for trial in trials if trial.what == kind), None)


def _about(trials: list[ApiTrial], kind: TrialKind) -> str:
    return next((trial.about for trial in trials if trial.what == kind), "")


def _product(products: QuerySet[Product]) -> ProductFacts | None:
    """Return the most advanced product: on sale, else bound to an online License interface, else the latest."""
    bound_products = Binding.objects.filter(product__in=products, address__protocol=PROTOCOL).values("product")
    rank = Case(
        When(pk__in=bound_products, status=Product.Status.ON_SALE, then=Value(0)), When(pk__in=bound_products, then=Value(1)),
        default=Value(2), output_field=IntegerField(),
    )  # fmt: skip
    product = products.filter(product_type=KIND).alias(rank=rank).order_by("rank", "-pk").first()
    return None if product is None else _facts_of(product)


def _facts_of(product: Product) -> ProductFacts:
    version = newest_version(product)
    document = documents.load(version.document) if version is not None else None
    is_bound = Binding.objects.filter(product=product, address__protocol=PROTOCOL).exists()
    stock = stock_of(product, document, purpose=Purpose.SUBMIT) if document is not None and is_bound else None
    last_submission = last_of_product(product)
    return ProductFacts(
        pk=product.pk,
        name=localised_name(product),
        priced=document is not None and bool(document.modes()),
        bound=is_bound,
        missing=tuple(
            (lack.words, (lack.address, lack.activity, lack.variant) if lack.address else None)
            for lack in (stock.lacks if stock is not None else ())
        ),
        on_sale=is_bound and product.status == Product.Status.ON_SALE,
        submission=last_submission.status if last_submission is not None else "",
    )


def _asset(seller: Seller) -> str:
    """Return the status of the most advanced package version."""
    versions = AssetVersion.objects.filter(asset__seller=seller, asset__kind=AssetKind.PACKAGE.value)
    statuses = set(versions.values_list("status", flat=True).distinct())
    return next((status.value for status in STATUS_ORDER if status in statuses), "") or next(iter(sorted(statuses)), "")
