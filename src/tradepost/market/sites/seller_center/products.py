"""Create a product and discard a draft. Other modules contain the list and the page of a product."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import drafts, seller_queries
from tradepost.market.catalog.complete import Market
from tradepost.market.catalog.document import Base
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.menus import Menu
from tradepost.market.product_types.contract import ProductType
from tradepost.market.product_types.deliverable import reason_undeliverable
from tradepost.market.product_types.registry import product_types
from tradepost.protocols.text import Text

from .draft_inputs import InputErrors, InputView, Look
from .frame import SellerRequest, or_404, seller_page, show

MAX_NAME = 64


def market() -> Market:
    """Return the properties of this market that products depend on."""
    settings = config()
    return Market(currency=settings.currency, host=settings.public_host)


def find_own_product(request: SellerRequest, pk: int) -> Product:
    return or_404(seller_queries.find_product(request.seller, pk))


# --- new product ------------------------------------------------------------------------------------------------------


class Choice(Struct, frozen=True):
    """A product type that can be chosen for a new product."""

    kind: ProductType
    title: str
    summary: str
    chosen: bool


def choices(chosen: str) -> Sequence[Choice]:
    """Return the types that this market can deliver."""
    language = get_language()
    kinds = [kind for kind in product_types().values() if reason_undeliverable(kind) is None]
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
    """Create a product with a name and a type. Other data is entered in the draft, which saves itself."""
    kind = request.POST.get("kind", request.GET.get("kind", ""))
    if not any(choice.kind.code == kind for choice in choices("")):
        kind = ""
    name = Text(zh=request.POST.get("name.zh", "").strip(), en=request.POST.get("name.en", "").strip())
    wrong = InputErrors()
    if request.method == "POST":
        for language, value in (("zh", name.zh), ("en", name.en)):
            if not value:
                wrong.put(f"name.{language}", _("Enter the name in Chinese and in English."), "business-rules §2.3")
            elif len(value) > MAX_NAME:
                wrong.put(f"name.{language}", _("At most %(most)s characters.") % {"most": MAX_NAME})
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
            InputView(
                name=f"name.{language}", label=gettext_lazy("Product name"), value=value, longest=MAX_NAME,
                language=language, required=True, errors=wrong.at(f"name.{language}"), look=Look.LINE,
            )
            for language, value in (("zh", name.zh), ("en", name.en))
        ],
    )  # fmt: skip


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def discard(request: SellerRequest, pk: int) -> HttpResponse:
    """Discard the draft; a product that was never submitted is deleted."""
    product = find_own_product(request, pk)
    drafts.discard(product)
    messages.success(request, _("The draft was discarded."))
    if not Version.objects.filter(product_id=pk).exists():
        return redirect("seller_center:products")
    return redirect("seller_center:product", pk)
