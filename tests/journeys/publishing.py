"""A seller on the pages: writes a product section by section, debugs its cases, and submits it."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories.pictures import PDF, picture_file
from tests.factories.publishable import BODY_EN, BODY_ZH, without_web_site
from tests.market.sites.seller_center.pricing_inputs import inputs
from tests.waiting import until
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.debugging.missing import lacking_cases
from tradepost.market.debugging.models import DebugRun
from tradepost.market.production.models import Address
from tradepost.market.review.models import Submission
from tradepost.market.review.product_versions import sold_properties
from tradepost.market.sites.seller_center.pricing_document import form_of_document
from tradepost.market.sites.seller_center.pricing_editor import PricingState

SUPPORT = {
    "hours.zh": "周一至周五 9:00–18:00", "hours.en": "Monday to Friday, 9 to 18", "content.zh": "使用咨询。",
    "content.en": "Questions.", "email": "help@qingxie.example", "phone": "400-800-1234",
}  # fmt: skip


def document_of(product: Product) -> documents.Document:
    version = newest_version(product)
    assert version is not None
    return documents.load(version.document)


def current_revision(product: Product, section: str) -> str:
    """Return the revision that the page shows. A change of a listed product starts at 0."""
    version = newest_version(product)
    assert version is not None
    return str(version.revisions.get(section, 0) if version.status == "draft" else 0)


def write(page: Client, product: Product, section: str, **typed: object) -> None:
    """Fill in a section and save it."""
    answer = page.post(
        f"/seller/products/{product.pk}/draft/{section}/",
        {"seen": current_revision(product, section), "act": "save", **typed},
    )
    assert answer.status_code == 302, answer.content.decode()


def begin(page: Client, kind: str, *, zh: str, en: str) -> Product:
    answer = page.post("/seller/products/new/", {"kind": kind, "name.zh": zh, "name.en": en})
    product = Product.objects.get(pk=answer["Location"].split("/")[3])
    write(page, product, "base", **{
        "name.zh": zh, "name.en": en, "summary.zh": "面向中小企业的在线软件。", "summary.en": "For smaller companies.",
        "category": "office",
    })  # fmt: skip
    write(page, product, "description", **{"body.zh": BODY_ZH, "body.en": BODY_EN})
    write(page, product, "guide", **{"body.zh": "<p>打开网址并登录。</p>", "body.en": "<p>Sign in.</p>"})
    write(page, product, "support", **SUPPORT)
    return product


def upload_files(page: Client, product: Product, *proofs: str) -> None:
    """Upload a logo and a picture, and documents by their codes."""

    def file(name: str, content: bytes, kind: str) -> SimpleUploadedFile:
        return SimpleUploadedFile(name, content, kind)

    write(page, product, "media", **{
        "logo_file": file("logo.png", picture_file(width=240, height=240), "image/png"),
        "pictures.0_file": file("main.png", picture_file(), "image/png"),
    })  # fmt: skip
    said = {f"fields.{name}": value for name, value in without_web_site(product.product_type).items()}
    write(page, product, "details", **said, **{
        f"proofs.{code}_file": file(f"{code}.pdf", PDF, "application/pdf") for code in proofs
    })  # fmt: skip


def price(page: Client, product: Product, *buttons: str, fields: Mapping[str, str]) -> PricingState:
    """Press these buttons of the price form in turn, then fill it in and save."""
    where = f"/seller/products/{product.pk}/draft/pricing/"
    for button in buttons:
        state, _places = form_of_document(document_of(product).pricing)
        page.post(where, inputs(state) | {"seen": current_revision(product, "pricing"), "act": button})
    state, _places = form_of_document(document_of(product).pricing)
    write(page, product, "pricing", **(inputs(state) | dict(fields)))
    return form_of_document(document_of(product).pricing)[0]


def serve_at(page: Client, product: Product, url: str, protocol: str) -> Address:
    page.post("/seller/addresses/new/", {"url": url, "protocol": protocol, "require_body_sign": "on"})
    address = Address.objects.get(seller=product.seller, url=url, protocol=protocol)
    page.post(f"/seller/products/{product.pk}/bind/", {"address": str(address.pk)})
    return address


def debug_all(
    page: Client, product: Product, address: Address, *, typed: Mapping[str, Mapping[str, str]] | None = None
) -> int:
    """Debug and save every case that the product needs, as the pages propose, and return their number. ``typed``
    replaces what the form of an activity proposes."""
    lacks = lacking_cases(address, sold_properties(document_of(product)))
    for lack in lacks:
        part = f"{lack.activity}/{lack.variant}/" if lack.variant else f"{lack.activity}/"
        where = f"/seller/debug/{lack.address}/{part}"
        form, own = page.get(where).context["form"], (typed or {}).get(lack.activity, {})
        answer = page.post(where, {**form.initial, **own, "do": "debug"})
        assert answer.status_code == 302, answer.content.decode()
        run = int(answer["Location"].partition("run=")[2].partition("#")[0])
        until(lambda run=run: DebugRun.objects.get(pk=run).ended_at is not None, what=lack.activity)  # type: ignore[misc]
        assert DebugRun.objects.get(pk=run).passed, lack.activity
    return len(lacks)


def submit(page: Client, product: Product) -> Submission:
    """Accept the agreements and submit. Wait until an operator can review it."""
    where = f"/seller/products/{product.pk}/submit/"
    boxes = {f"agreement_{agreement.pk}": "on" for agreement, _agreed in page.get(where).context["agreements"]}
    answer = page.post(where, boxes)
    assert answer.status_code == 302, answer.content.decode()
    sent = Submission.objects.filter(product=product).order_by("-pk")[0]
    until(lambda: Submission.objects.get(pk=sent.pk).status != "checking", within=60, what="the checks end")
    return Submission.objects.get(pk=sent.pk)
