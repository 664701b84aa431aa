"""Validate a draft before submission: every finding has its section, input and rule.

Every finding names a rule (business-rules §2.3, §2.5, §2.8, §3), so a correct product passes. The kinds of
submissions check data of other contexts: the production address, its cases, the seller's certification."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.models import Picture
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.values import replace
from tradepost.market.product_types.acceptance import SUPERVISED
from tradepost.market.product_types.check import check as check_kind
from tradepost.market.product_types.contract import YES
from tradepost.market.product_types.facts import ProductFacts, SpecFacts, Template
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.text import Text

from .controls import zero_price_findings
from .document import ASSET, SECTIONS, Document, Spec, load
from .document_texts import texts_of
from .evolves import check_changes
from .known import DraftContext, draft_context
from .listing import MAX_EXTEND_PARAMS, selling
from .models import Product
from .pictures import clean_svg
from .sellable import price_findings
from .text_rules import check_texts

PUBLISH = "business-rules §2.3"
SKUS = "business-rules §3.4"
PARAM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""A name that is transmitted as a member of ``saasExtendParams``."""
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{4,30}")
MAX_TAGS = 10
_KINDS_SECTIONS = {"kind": "details", "specs": "pricing", "proofs": "details"}
"""Subject of a kind's finding → the section of the draft."""


class Market(Struct, frozen=True, kw_only=True):
    """Properties of this market."""

    currency: str
    host: str
    """Its host, to which links of guides may lead (business-rules §2.3)."""


def find_missing(
    product: Product, document: Document, *, market: Market, known: DraftContext | None = None
) -> list[Finding]:
    """Return all findings on the document, in the order of the sections. ``known``: prefetched data of many
    drafts."""
    known = known or draft_context([(product, document)])
    seller = product.seller_id
    # Links of a guide may lead to this market, and to domains that its seller has proven (§2.3).
    hosts = [market.host, *known.hosts[seller]]
    findings = [
        *_base(product, document, known), *_media(document, seller, known), *_description(document, seller, known),
        *_guide(document), *_support(document), *_purchase(document), *_pricing(document, market), *_kind(document),
        *_proofs(document, seller, known), *_asset(document, seller, known), *_changed(product, document, known),
        *zero_price_findings(product, document, known.limited[product.pk]),
        *check_texts(texts_of(document), link_hosts=hosts),
    ]  # fmt: skip
    order = {section: number for number, section in enumerate(SECTIONS)}
    return sorted((_with_rule(finding) for finding in findings), key=lambda finding: order[finding.section])


def _with_rule(finding: Finding) -> Finding:
    return finding if "§" in finding.rule else replace(finding, rule=f"business-rules §{finding.rule}")


def _missing(section: str, field: str, message: str, rule: str = PUBLISH) -> Finding:
    return Finding(section=section, field=field, code=f"{section}.missing", words=message, rule=rule)


def _both(section: str, field: str, text: Text, message: str) -> Iterator[Finding]:
    """Check that both languages are filled."""
    for language, value in (("zh", text.zh), ("en", text.en)):
        if not value.strip():
            yield _missing(section, f"{field}.{language}", message)


def _either(section: str, field: str, text: Text, message: str) -> Iterator[Finding]:
    """Check that at least one language is filled: a page shows the other if one is empty."""
    if not (text.zh.strip() or text.en.strip()):
        yield _missing(section, f"{field}.zh", message)


def _base(product: Product, document: Document, context: DraftContext) -> Iterator[Finding]:
    base, listed = document.base, context.listed.get(product.pk, {})
    yield from _both("base", "name", base.name, _("Enter the name in Chinese and in English."))
    yield from _both(
        "base", "summary", base.summary, _("Describe the product in one sentence, in Chinese and in English.")
    )
    for number, text in enumerate(base.highlights):
        yield from _both("base", f"highlights.{number}", text, _("Fill in both languages, or leave both empty."))
    # A product on sale may stay in a category that was hidden later.
    if base.category not in context.categories and base.category != listed.get("base", {}).get("category", ""):
        yield _missing("base", "category", _("Choose a category."))


def _media(document: Document, seller: int, context: DraftContext) -> Iterator[Finding]:
    media = document.media
    if media.drawing:
        try:
            clean_svg(media.drawing)
        except Refused as refused:
            yield Finding(section="media", field="drawing", code=refused.code, words=refused.message, rule=PUBLISH)
    if not (media.logo or media.drawing):
        yield _missing("media", "logo", _("Upload a logo."))
    if not (media.pictures or media.drawing):
        yield _missing("media", "pictures.0", _("Upload at least one main picture."))
    yield from _pictures("media", "logo", [media.logo], seller, purpose=Picture.Purpose.PRODUCT_LOGO, known=context)
    yield from _pictures(
        "media", "pictures", media.pictures, seller, purpose=Picture.Purpose.PRODUCT_MAIN, known=context
    )


def _pictures(
    section: str, field: str, hashes: Iterable[str], seller: int, *, purpose: Picture.Purpose, known: DraftContext
) -> Iterator[Finding]:
    for number, sha256 in enumerate(hashes):
        if sha256 and (seller, purpose, sha256) not in known.pictures:
            message = _("This picture no longer exists. Upload it again.")
            path = field if field == "logo" else f"{field}.{number}"
            yield Finding(section=section, field=path, code="picture.unknown", words=message, rule=PUBLISH)


def _description(document: Document, seller: int, context: DraftContext) -> Iterator[Finding]:
    if not document.description.pictures:
        message = _("Describe the product, or upload pictures that describe it.")
        yield from _either("description", "body", document.description.body, message)
    pictures = document.description.pictures
    yield from _pictures(
        "description", "pictures", pictures, seller, purpose=Picture.Purpose.DESCRIPTION, known=context
    )


def _guide(document: Document) -> Iterator[Finding]:
    yield from _either("guide", "body", document.guide.body, _("Explain how buyers log in and get started."))


def _support(document: Document) -> Iterator[Finding]:
    support = document.support
    yield from _either("support", "hours", support.hours, _("Enter the support hours."))
    yield from _either("support", "content", support.content, _("Describe what support covers."))
    if not support.email:
        yield _missing("support", "email", _("Enter an e-mail address for questions from buyers."))
    else:
        try:
            validate_email(support.email)
        except ValidationError:
            message = _("Enter a valid e-mail address, such as help@company.com.")
            yield Finding(section="support", field="email", code="support.email", words=message, rule=PUBLISH)
    if not support.phone:
        yield _missing("support", "phone", _("Enter the number of a hotline."))
    elif not PHONE.fullmatch(support.phone):
        message = _("Enter a phone number in digits, such as 400-800-1234 or +86 755 12345678.")
        yield Finding(section="support", field="phone", code="support.phone", words=message, rule=PUBLISH)


def _purchase(document: Document) -> Iterator[Finding]:
    terms = document.purchase.terms
    if terms.zh.strip() or terms.en.strip():
        message = _("Enter the additional terms in both languages, or leave both empty.")
        yield from _both("purchase", "terms", terms, message)
    params = document.purchase.extend_params
    names = Counter(param.name for param in params)
    if len(params) > MAX_EXTEND_PARAMS:
        message = _("A product can have at most 3 extension parameters.")
        yield Finding(section="purchase", field="extend_params.0.name", code="product.extend_params", words=message, rule=PUBLISH)  # fmt: skip
    for number, param in enumerate(params):
        path = f"extend_params.{number}"
        if not PARAM.fullmatch(param.name):
            message = _(
                "A name begins with a letter and contains only letters, digits and _. It is sent to your server unchanged."
            )
            yield Finding(section="purchase", field=f"{path}.name", code="purchase.param", words=message, rule=PUBLISH)
        elif names[param.name] > 1:
            message = _("Two parameters have the same name.")
            yield Finding(
                section="purchase", field=f"{path}.name", code="purchase.param_twice", words=message, rule=PUBLISH
            )
        yield from _both(
            "purchase", f"{path}.label", param.label, _("Describe the requested information in both languages.")
        )


# --- specs and prices
# -------------------------------------------------------------------------------------------------


def _pricing(document: Document, market: Market) -> Iterator[Finding]:
    names = Counter((spec.name.zh, spec.name.en) for spec in document.pricing.specs)
    for index, spec in enumerate(document.pricing.specs):
        path = f"specs.{index}"
        yield from _both("pricing", f"{path}.name", spec.name, _("Name this spec in both languages."))
        if spec.name.zh and names[spec.name.zh, spec.name.en] > 1:
            message = _("Another spec has the same name.")
            yield Finding(section="pricing", field=f"{path}.name.zh", code="spec.twice", words=message, rule=SKUS)
        yield from _names(spec, path)
        if spec.plans:
            message = _("A billing option has no price yet. Enter a price, or remove the column.")
            yield Finding(
                section="pricing", field=f"{path}.plans", code="spec.plan_without_price", words=message, rule=SKUS
            )
        if not spec.skus:
            message = _("This spec has no combination for sale. Select a combination and set its price.")
            yield Finding(section="pricing", field=path, code="spec.no_sku", words=message, rule=SKUS)
    yield from price_findings(document, selling(document, currency=market.currency))


def _names(spec: Spec, path: str) -> Iterator[Finding]:
    for attribute_index, attribute in enumerate(spec.attributes):
        attribute_path = f"{path}.attributes.{attribute_index}"
        yield from _named(attribute_path, attribute.name)
        if not 1 <= len(attribute.values) <= 10:  # business-rules §3.4
            message = _("An attribute has one to ten values.")
            yield Finding(
                section="pricing", field=f"{attribute_path}.name.zh", code="attribute.values", words=message, rule=SKUS
            )
        counts = Counter(value.name.zh for value in attribute.values)
        for value_index, value in enumerate(attribute.values):
            yield from _named(f"{attribute_path}.values.{value_index}", value.name)
            if value.name.zh and counts[value.name.zh] > 1:
                message = _("Another value has the same name.")
                yield Finding(
                    section="pricing",
                    field=f"{attribute_path}.values.{value_index}.name.zh",
                    code="attribute.twice",
                    words=message,
                    rule=SKUS,
                )
    quantity = next((sku.quantity for sku in spec.skus if sku.quantity), spec.quantity)
    if quantity is not None:
        yield from _named(f"{path}.quantity", quantity.name)


def _named(path: str, name: Text) -> Iterator[Finding]:
    for language, text in (("zh", name.zh), ("en", name.en)):
        if not text.strip():
            yield _missing("pricing", f"{path}.name.{language}", _("Enter a name in both languages."), SKUS)


# --- kind, and changes to the listed version ------------------------------------------------------------------------


def facts_of(document: Document) -> ProductFacts:
    """Return the document in the form that the rules of its kind use."""
    return ProductFacts(
        specs=tuple(_spec_facts(spec) for spec in document.pricing.specs),
        answers=document.details.fields,
        supervised=document.details.fields.get(SUPERVISED.code) == YES,
        proofs=frozenset(code for code, sha256 in document.details.proofs.items() if sha256),
    )


def _spec_facts(spec: Spec) -> SpecFacts:
    counted = any(sku.quantity for sku in spec.skus)
    attributes = (*(attribute.code for attribute in spec.attributes), *(("quantity",) if counted else ()))
    prices = [price for sku in spec.skus for price in sku.prices]
    return SpecFacts(
        name=spec.name.in_language(get_language()) or spec.name.zh or spec.name.en,
        modes=frozenset(price.charging_mode for price in prices),
        template=Template.CUSTOM if attributes else Template.SIMPLE,
        attributes=attributes,
        trial=any(price.trial for price in prices),
        cycles=tuple(factor.cycle for price in prices for factor in price.factors),
    )


def _kind(document: Document) -> Iterator[Finding]:
    for finding in check_kind(product_type(document.product_type), facts_of(document)):
        section = _KINDS_SECTIONS.get(finding.section, "details")
        yield replace(finding, section=section, field=_kinds_field(finding))


def _proofs(document: Document, seller: int, context: DraftContext) -> Iterator[Finding]:
    for code, sha256 in document.details.proofs.items():
        if sha256 and (seller, sha256) not in context.proofs:
            message = _("This document no longer exists. Upload it again.")
            yield Finding(section="details", field=f"proofs.{code}", code="proof.unknown", words=message, rule=PUBLISH)


def _asset(document: Document, seller: int, context: DraftContext) -> Iterator[Finding]:
    """§2.6, §2.7: the deliverable must be approved, which includes a scan or an operator's confirmation."""
    kind = product_type(document.product_type)
    if not kind.asset_kinds:
        return
    asset_version = document.details.fields.get(ASSET, "")
    field = f"fields.{ASSET}"
    if not asset_version:
        message = _("Choose the content to deliver: an approved version from your asset center.")
        yield Finding(section="details", field=field, code="asset.missing", words=message, rule="business-rules §2.6")
    elif not any((seller, asset_version, asset_kind) in context.assets for asset_kind in kind.asset_kinds):
        message = _("This version is not approved or was replaced by an update. Choose another one.")
        yield Finding(
            section="details", field=field, code="asset.not_approved", words=message, rule="business-rules §2.7"
        )
    elif kind.scanned_clean and asset_version not in context.clean:
        message = _("This version has not passed a virus scan. Choose a version that has.")
        yield Finding(
            section="details", field=field, code="asset.not_scanned", words=message, rule="business-rules §2.7"
        )


def _kinds_field(finding: Finding) -> str:
    match finding.section:
        case "proofs":
            return f"proofs.{finding.field}"
        case "kind" if finding.field != "product_type":
            return f"fields.{finding.field}"
        case _:
            return finding.field


def _changed(product: Product, document: Document, context: DraftContext) -> Iterator[Finding]:
    """Check the changes to the listed version (business-rules §2.8)."""
    listed_document = context.listed.get(product.pk)
    if listed_document is not None:
        yield from check_changes(load(listed_document), document, stopped=context.stopped[product.pk])
