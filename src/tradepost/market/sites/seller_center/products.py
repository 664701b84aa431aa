"""The seller's products: what is on sale and what is being written, a new one, and one with its versions and history."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import page
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts, seller_queries
from tradepost.market.catalog.complete import Market, complete
from tradepost.market.catalog.document import Base
from tradepost.market.catalog.known import known_of
from tradepost.market.catalog.models import Product, Version
from tradepost.market.catalog.seller_queries import ProductFilter, Versions
from tradepost.market.identity.menus import Menu
from tradepost.market.product_types.contract import ProductType
from tradepost.market.product_types.deliverable import why_undeliverable
from tradepost.market.product_types.registry import product_types
from tradepost.market.review.seller_queries import last_of_product
from tradepost.market.web.status import vocabulary
from tradepost.market.web.timeline import of_moves
from tradepost.protocols.text import Text

from .correcting import remarks_of
from .draft_inputs import Look, Shown, Wrong
from .frame import SellerRequest, found, products_of, seller_page, show

LONGEST_NAME = 64


def market() -> Market:
    """What this market sells."""
    settings = config()
    return Market(currency=settings.currency, host=settings.public_host)


def own(request: SellerRequest, pk: int) -> Product:
    return found(seller_queries.find_product(request.seller, pk))


class Listed(Struct, frozen=True):
    """A row of the list. ``missing``: how many things a draft lacks; None where there is no draft."""

    product: Product
    kind: str
    versions: Versions
    missing: int | None


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def products(request: SellerRequest) -> HttpResponse:
    wanted = ProductFilter(
        search=request.GET.get("q", "").strip()[:64],
        kind=request.GET.get("kind", ""),
        show=request.GET.get("show", ""),
    )
    rows = page(seller_queries.narrowed(products_of(request), wanted), after=request.GET.get("after", ""))
    versions = seller_queries.versions_of(rows.rows)
    kinds = product_types()
    return show(
        request,
        "seller_center/products.html",
        page=rows,
        rows=_all_listed([(product, versions.get(product.pk, Versions())) for product in rows.rows]),
        filters=wanted,
        kinds=[(code, kind.title.in_language(get_language())) for code, kind in kinds.items()],
        tabs=[("", _("All")), ("written", _("Drafts")), *vocabulary("product")[1:]],
    )


def _all_listed(rows: Sequence[tuple[Product, Versions]]) -> list[Listed]:
    """What all of these drafts refer to is asked for at once."""
    written = {product.pk: documents.load(own.draft.document) for product, own in rows if own.draft is not None}
    known = (
        known_of([(product, written[product.pk]) for product, _own in rows if product.pk in written])
        if written
        else None
    )
    kinds, language, sold = product_types(), get_language(), market()
    return [
        Listed(
            product,
            kinds[product.product_type].title.in_language(language),
            versions,
            len(complete(product, written[product.pk], market=sold, known=known)) if product.pk in written else None,
        )
        for product, versions in rows
    ]


# --- a new one --------------------------------------------------------------------------------------------------------


class Choice(Struct, frozen=True):
    """A kind that a seller can choose for a new product."""

    kind: ProductType
    title: str
    summary: str
    chosen: bool


def choices(chosen: str) -> Sequence[Choice]:
    """Return the kinds that this market can deliver. Others do not appear in the form."""
    language = get_language()
    kinds = [kind for kind in product_types().values() if why_undeliverable(kind) is None]
    return [
        Choice(
            kind,
            kind.title.in_language(language),
            kind.summary.in_language(language) if kind.summary else "",
            kind.code == chosen,
        )
        for kind in sorted(kinds, key=lambda kind: (kind.code != "SAAS", kind.code))
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS)
def new_product(request: SellerRequest) -> HttpResponse:
    """Only a name and a kind: everything else is written in the draft, which saves itself."""
    kind = request.POST.get("kind", request.GET.get("kind", ""))
    if not any(choice.kind.code == kind for choice in choices("")):
        kind = ""
    name = Text(zh=request.POST.get("name.zh", "").strip(), en=request.POST.get("name.en", "").strip())
    wrong = Wrong()
    if request.method == "POST":
        for language, said in (("zh", name.zh), ("en", name.en)):
            if not said:
                wrong.put(f"name.{language}", _("Enter the name in Chinese and in English."), "business-rules §2.3")
            elif len(said) > LONGEST_NAME:
                wrong.put(f"name.{language}", _("At most %(most)s characters.") % {"most": LONGEST_NAME})
        if not wrong:
            try:
                product = drafts.begin(request.seller, kind, Base(name=name), by=request.user, now=request.now)
            except Refused as refused:
                wrong.put("kind" if refused.field == "product_type" else "", refused.message, refused.rule)
            else:
                return redirect("seller_center:product_draft", product.pk, "base")
    return show(
        request,
        "seller_center/product_new.html",
        status=422 if wrong else 200,
        choices=choices(kind),
        wrong=wrong,
        kind_errors=wrong.at("kind"),
        loose=wrong.at(""),
        names=[
            Shown(
                name=f"name.{language}", label=gettext_lazy("Product name"), value=said, longest=LONGEST_NAME, language=language,
                required=True, errors=wrong.at(f"name.{language}"), look=Look.LINE,
            )
            for language, said in (("zh", name.zh), ("en", name.en))
        ],
    )  # fmt: skip


# --- one --------------------------------------------------------------------------------------------------------------


@require_safe
@seller_page(menu=Menu.PRODUCTS, product="pk")
def product(request: SellerRequest, pk: int) -> HttpResponse:
    thing = own(request, pk)
    versions = seller_queries.versions_of([thing]).get(thing.pk, Versions())
    written = seller_queries.all_versions(thing)
    return show(
        request,
        "seller_center/product.html",
        product=thing,
        row=_all_listed([(thing, versions)])[0],
        versions=written,
        remarks=remarks_of(last_of_product(thing)),
        events=of_moves(seller_queries.moves_of(thing, written)),
        may_write=thing.status != Product.Status.STOPPED and versions.sealed is None,
    )


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def discard(request: SellerRequest, pk: int) -> HttpResponse:
    """Discard the draft; what was never handed in goes whole."""
    thing = own(request, pk)
    drafts.discard(thing)
    messages.success(request, _("The draft was thrown away."))
    if not Version.objects.filter(product_id=pk).exists():
        return redirect("seller_center:products")
    return redirect("seller_center:product", pk)
