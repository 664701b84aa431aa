"""The checklist from registration to the first order: state of each step, and its page."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.complete import find_missing
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.models import Product, Version
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity import agreements
from tradepost.market.identity.certify import publishing_obstacles
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Domain, Seller
from tradepost.market.production.models import Address
from tradepost.market.production.seller_queries import classes_with_key, key_class
from tradepost.market.review.models import CORRECTABLE, OPEN, Submission
from tradepost.market.review.product_versions import address_of, needs_interface, stock_of
from tradepost.market.review.seller_queries import last_of_product, latest
from tradepost.market.web import checklist as checklists
from tradepost.market.web.checklist import State

from .frame import SellerRequest, products_of
from .products import market


class StepPage(Struct, frozen=True):
    """The page of a step. ``menu``: required by its reader; ``changes``: only for readers who may change it."""

    menu: Menu
    name: str
    args: tuple[object, ...] = ()
    suffix: str = ""
    changes: bool = False


class Step(checklists.Step, frozen=True):
    words: str = ""
    page: StepPage | None = None
    url: str = ""
    """Address of the page for a reader who may use it, otherwise ""."""


class LeadingProduct(Struct, frozen=True):
    """The most advanced product, with its latest document and last submission."""

    product: Product
    version: Version
    document: Document
    last: Submission | None


def checklist(request: SellerRequest) -> list[Step]:
    """Return the steps with a fixed number of queries. Links lead only to pages that the reader may use (business-rules
    §1.7)."""
    offer = _leading_product(request)
    steps = [
        _company(request), *_interface_steps(request.seller, offer), _product(offer), _review(offer), _listing(offer),
    ]  # fmt: skip
    return [
        Step(step.code, step.title, step.state, step.words, step.page, _url(request, step.page) if step.page else "")
        for step in steps
    ]


def checklist_context(steps: list[Step]) -> dict[str, Any]:
    """Return the context of ``web/parts/checklist.html``."""
    return {"checklist": steps, "settled": sum(step.is_settled for step in steps)}


def _url(request: SellerRequest, page: StepPage) -> str:
    rights, seller = request.rights, request.seller
    is_permitted = rights.changes(page.menu) if page.changes else rights.sees(page.menu)
    # An applicant sees only its entry, and a suspended company cannot change anything (``standing``).
    is_open = seller.is_selling or page.menu == Menu.COMPANY
    return reverse(f"seller_center:{page.name}", args=page.args) + page.suffix if is_permitted and is_open else ""


def _leading_product(request: SellerRequest) -> LeadingProduct | None:
    rank = Case(
        When(status=Product.Status.ON_SALE, then=Value(0)), When(status=Product.Status.DRAFT, then=Value(1)),
        default=Value(2), output_field=IntegerField(),
    )  # fmt: skip
    product = products_of(request).select_related("seller").alias(rank=rank).order_by("rank", "-pk").first()
    version = newest_version(product) if product is not None else None
    if product is None or version is None:
        return None
    return LeadingProduct(product, version, documents.load(version.document), last_of_product(product))


def _company(request: SellerRequest) -> Step:
    seller, title = request.seller, _("Company")
    page = StepPage(Menu.COMPANY, "company")
    if seller.status == Seller.Status.SUSPENDED:
        return Step("company", title, State.WAITING, _("Your company is suspended. Contact Support."), page)
    if seller.status == Seller.Status.APPLICANT:
        entry = latest(seller, "enter")
        if entry is not None and entry.status in OPEN:
            return Step("company", title, State.WAITING, _("An operator is reviewing your application."), page)
        return Step("company", title, State.MISSING, _("Complete the application and submit it."), page)
    lacks = publishing_obstacles(seller, now=request.now)
    if not lacks:
        return Step("company", title, State.DONE, page=page)
    name = "agreements" if lacks[0].field in agreements.OF_SELLERS else "company"
    return Step("company", title, State.MISSING, str(lacks[0].words), StepPage(Menu.COMPANY, name))


def _interface_steps(seller: Seller, offer: LeadingProduct | None) -> list[Step]:
    """Return the steps domain, address and key, and test calls, needed only by products with a production interface."""
    titles = {"domain": _("Domain"), "address": _("Address and key"), "cases": _("Test calls")}
    if offer is not None and not needs_interface(offer.document):
        words = _("This product type is delivered without a production interface.")
        return [Step(code, title, State.NOT_NEEDED, words) for code, title in titles.items()]
    addresses = list(Address.objects.filter(seller=seller, removed_at=None).order_by("pk"))
    return [
        _domain(seller, titles["domain"]), _address(seller, addresses, offer, titles["address"]),
        _cases(addresses, offer, titles["cases"]),
    ]  # fmt: skip


def _domain(seller: Seller, title: str) -> Step:
    page = StepPage(Menu.TOOLS, "domains")
    status_by_host = dict(Domain.objects.filter(seller=seller).order_by("-pk").values_list("host", "status")[:50])
    if Domain.Status.VERIFIED in status_by_host.values():
        return Step("domain", title, State.DONE, page=page)
    if status_by_host:
        words = _("Verify that you own %(host)s.") % {"host": next(iter(status_by_host))}
        return Step("domain", title, State.MISSING, words, page)
    return Step("domain", title, State.MISSING, _("Add the domain of your server and verify that you own it."), page)


def _address(seller: Seller, addresses: list[Address], offer: LeadingProduct | None, title: str) -> Step:
    if not addresses:
        words = _("Register the production address of the server that opens services after payment.")
        return Step("address", title, State.MISSING, words, StepPage(Menu.TOOLS, "addresses"))
    keys = classes_with_key(seller)
    bound = address_of(offer.product) if offer is not None else None
    if any(key_class(address.protocol) not in keys for address in ([bound] if bound is not None else addresses)):
        words = _("Create the signing key. Your server and the market sign their calls with it.")
        return Step("address", title, State.MISSING, words, StepPage(Menu.TOOLS, "keys"))
    if offer is not None and bound is None:
        words = _("Choose the address that serves %(product)s.") % {"product": localised_name(offer.product)}
        return Step("address", title, State.MISSING, words, StepPage(Menu.TOOLS, "addresses", suffix="#products"))
    return Step("address", title, State.DONE, page=StepPage(Menu.TOOLS, "addresses"))


def _cases(addresses: list[Address], offer: LeadingProduct | None, title: str) -> Step:
    stock = stock_of(offer.product, offer.document, purpose=Purpose.SUBMIT) if offer is not None else None
    if stock is None:
        words = _("Send test calls to your server and save them as debug cases.")
        return Step("cases", title, State.MISSING, words, StepPage(Menu.TOOLS, "debug") if addresses else None)
    if stock.lacks:
        number = len(stock.lacks)
        words = ngettext(
            "%(number)s debug case is missing.", "%(number)s debug cases are missing.", number
        ) % {"number": number}  # fmt: skip
        return Step("cases", title, State.MISSING, words, StepPage(Menu.TOOLS, "debug"))
    return Step("cases", title, State.DONE, page=StepPage(Menu.TOOLS, "cases"))


def _product(offer: LeadingProduct | None) -> Step:
    title = _("Product")
    if offer is None:
        words = _("Create your first product.")
        return Step("product", title, State.MISSING, words, StepPage(Menu.PRODUCTS, "product_new", changes=True))
    page = StepPage(Menu.PRODUCTS, "product", (offer.product.pk,))
    missing = 0
    if offer.version.status == Version.Status.DRAFT and offer.product.status == Product.Status.DRAFT:
        missing = len(find_missing(offer.product, offer.document, market=market()))
    if not missing:
        return Step("product", title, State.DONE, page=page)
    words = ngettext("%(number)s item is missing.", "%(number)s items are missing.", missing) % {"number": missing}
    draft = StepPage(Menu.PRODUCTS, "product_draft", (offer.product.pk, "base"), "?check=1")
    return Step("product", title, State.MISSING, words, draft)


def _review(offer: LeadingProduct | None) -> Step:
    title = _("Review")
    if offer is None:
        return Step("review", title, State.MISSING, _("Submit the product when it is complete."))
    page = StepPage(Menu.PRODUCTS, "product", (offer.product.pk,))
    if offer.product.status != Product.Status.DRAFT:
        return Step("review", title, State.DONE, page=page)
    if offer.last is not None and offer.last.status in OPEN:
        return Step("review", title, State.WAITING, _("An operator is reviewing the product."), page)
    if offer.last is not None and offer.last.status in CORRECTABLE:
        return Step("review", title, State.MISSING, _("Correct the product and submit it again."), page)
    submit = StepPage(Menu.PRODUCTS, "product_submit", (offer.product.pk,))
    return Step("review", title, State.MISSING, _("Submit the product when it is complete."), submit)


def _listing(offer: LeadingProduct | None) -> Step:
    title = _("Listing")
    if offer is None or offer.product.status == Product.Status.DRAFT:
        waits = offer is not None and offer.last is not None and offer.last.status in OPEN
        words = _("The product is listed as soon as an operator approves it.")
        return Step("listing", title, State.WAITING if waits else State.MISSING, words)
    page = StepPage(Menu.PRODUCTS, "product", (offer.product.pk,))
    if offer.product.status == Product.Status.ON_SALE:
        return Step("listing", title, State.DONE, page=page)
    return Step("listing", title, State.MISSING, _("The product is not on sale. Its page shows the reason."), page)
