"""The seller's products with price, sales of 30 days, health and state, with a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import seller_queries
from tradepost.market.catalog.cheapest import LowestPrice
from tradepost.market.catalog.complete import find_missing
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.known import draft_context
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.seller_queries import ProductFilter, Versions
from tradepost.market.catalog.view import view_of
from tradepost.market.identity.menus import Menu
from tradepost.market.orders.best_sellers import recent_purchases
from tradepost.market.probes import seller_queries as probes
from tradepost.market.probes.scope import PROBED_STATUSES
from tradepost.market.product_types.registry import kinds_with_interface, product_types
from tradepost.market.web.pages import Empty, Link, Listing, ListQuery, choice, fragment, number, search, tabs
from tradepost.market.web.probes import HealthNote, watched_health
from tradepost.market.web.status import look, state_choices
from tradepost.market.web.watching import watch

from .frame import SellerRequest, may_change, products_of, seller_list
from .products import market


class ListedProduct(Struct, frozen=True):
    """A product with its current versions. ``missing``: number of open items of a draft; None without a draft."""

    product: Product
    kind: str
    versions: Versions
    missing: int | None
    document: Document | None
    """Document of the listed version, otherwise of the draft."""


class Row(Struct, frozen=True):
    """A row of the list. ``picture``: SHA-256; ``health``: None if not probed; ``sold``: None before the listing."""

    listed: ListedProduct
    picture: str
    drawn: bool
    least: LowestPrice | None
    sold: int | None
    health: HealthNote | None
    sees_probes: bool
    """Whether the reader may open the product's probes."""


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[Product]:
    filters = ProductFilter(search=query["q"], kind=query["kind"], show=query["show"])
    return page(seller_queries.narrowed(products_of(request), filters), after=after, size=size)


def _kinds(request: SellerRequest) -> list[tuple[str, str]]:
    del request
    return [(code, kind.title.in_language(get_language())) for code, kind in product_types().items()]


def _tabs(request: SellerRequest) -> list[tuple[str, str | Promise]]:
    del request
    return [("", _("All")), ("written", _("Drafts")), *state_choices("product")[1:]]


def _empty_context(request: SellerRequest, query: ListQuery) -> dict[str, Empty]:
    if query["show"] or query.narrowed:
        return {"nothing": NO_MATCHES}
    return {"nothing": NO_PRODUCTS} if may_change(request) else {}


def products_with_versions(products: Sequence[Product]) -> list[ListedProduct]:
    """Return the products with their versions. Objects that drafts refer to are loaded together."""
    versions = seller_queries.versions_of(products)
    own = {product.pk: versions.get(product.pk, Versions()) for product in products}
    loaded = {
        pk: documents.load(product_versions.latest.document)
        for pk, product_versions in own.items()
        if product_versions.latest is not None
    }
    written = [(product, loaded[product.pk]) for product in products if own[product.pk].draft is not None]
    context = draft_context(written) if written else None
    kinds, language, sold = product_types(), get_language(), market()
    missing = {product.pk: len(find_missing(product, draft, market=sold, known=context)) for product, draft in written}

    def shown(product: Product) -> Document | None:
        listed = own[product.pk].listed
        return documents.load(listed.document) if listed is not None else loaded.get(product.pk)

    return [
        ListedProduct(
            product, kinds[product.product_type].title.in_language(language), own[product.pk], missing.get(product.pk),
            shown(product),
        )
        for product in products
    ]  # fmt: skip


def _rows(request: SellerRequest, products: list[Product]) -> list[Row]:
    for product in products:
        product.seller = request.seller
    listed, settings, with_interface = products_with_versions(products), config(), set(kinds_with_interface())
    sold = recent_purchases([entry.product.pk for entry in listed], now=request.now)
    monitored_products = [
        entry.product
        for entry in listed
        if entry.product.status in PROBED_STATUSES and entry.product.product_type in with_interface
    ]
    health_by_product = probes.monitored_by_key(
        monitored_products, watch=watch(), today=timezone.localdate(request.now)
    )

    def row(product: ListedProduct) -> Row:
        media = product.document.media if product.document is not None else None
        monitored, is_draft = health_by_product.get(product.product.pk), product.product.status == Product.Status.DRAFT
        return Row(
            listed=product,
            picture=next(iter(media.pictures), media.logo) if media is not None else "",
            drawn=bool(media and media.drawing) and not is_draft,
            least=view_of(product.document, currency=settings.currency).least if product.document is not None else None,
            sold=None if is_draft else sold.get(product.product.pk, 0),
            health=watched_health(monitored, freeze_days=settings.probes.probe_freeze_days)
            if monitored is not None
            else None,
            sees_probes=request.rights.sees(Menu.TOOLS),
        )

    return [row(entry) for entry in listed]


def _price_of(row: Row) -> Money | None:
    """Return the initial payment, or None for a price per usage."""
    return row.least.total if row.least is not None and not row.least.charging.postpaid else None


NO_PRODUCTS = Empty(
    icon="package",
    title=gettext_lazy("No products yet"),
    text=gettext_lazy(
        "Create your first product. It is saved automatically and is not visible to buyers until it is approved."
    ),
    action=gettext_lazy("New product"),
    page="seller_center:product_new",
)
NO_MATCHES = Empty(
    icon="search",
    title=gettext_lazy("No products found"),
    text=gettext_lazy("Check the words or show all products."),
    action=gettext_lazy("Show all products"),
    page="seller_center:products",
)
LISTING: Listing[Product, Row] = Listing(
    name="seller_center:products",
    title=gettext_lazy("My products"),
    layout="seller_center/layout.html",
    source=_source,
    rows=_rows,
    columns=(
        fragment(
            gettext_lazy("Product"), lambda row: localised_name(row.listed.product, "name"), "seller_center/parts/listed_product.html",
            labelled=False,
        ),
        fragment(
            gettext_lazy("Status"), lambda row: str(look("product", row.listed.product.status).label),
            "seller_center/parts/listed_status.html", labelled=False,
        ),
        fragment(
            gettext_lazy("Price"), _price_of, "seller_center/parts/listed_price.html",
            css="sc-price", is_money=True,
        ),
        number(gettext_lazy("Sold in 30 days"), "sold"),
        fragment(
            gettext_lazy("Health"), lambda row: str(look("health", row.health.state).label) if row.health else "",
            "seller_center/parts/listed_health.html",
        ),
    ),
    filters=(
        tabs(_tabs),
        search(gettext_lazy("Name, page address or productId")),
        choice("kind", gettext_lazy("Kind"), _kinds),
    ),
    empty=Empty(
        icon="package",
        title=gettext_lazy("No products yet"),
        text=gettext_lazy("Products of your company appear here."),
    ),
    no_fit=NO_MATCHES,
    links=(
        Link(
            words=gettext_lazy("New product"), page="seller_center:product_new", icon="plus", primary=True, may=may_change
        ),
    ),
    file="products",
    also=_empty_context,
)  # fmt: skip
products = seller_list(LISTING, menu=Menu.PRODUCTS)
