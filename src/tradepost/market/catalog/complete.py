"""What a draft lacks before it may be handed in: every finding with its section, its input and the rule that asks for it.

Nothing is refused without a rule (business-rules §2.3, §2.5, §2.8, §3): a product that is right goes through. What other
contexts know (the production address, its cases, the seller's certification) is asked by the kind of submission.
"""

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
from .evolves import evolves
from .known import Known, known_of
from .listing import MOST_EXTEND_PARAMS, selling
from .models import Product
from .pictures import clean_svg
from .sellable import price_findings
from .text_rules import check_texts

PUBLISH = "business-rules §2.3"
SKUS = "business-rules §3.4"
PARAM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""A name that goes over the wire as a member of ``saasExtendParams``."""
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{4,30}")
MOST_TAGS = 10
_KINDS_SECTIONS = {"kind": "details", "specs": "pricing", "proofs": "details"}
"""Where the rules of a kind point to → the section of the draft."""


class Market(Struct, frozen=True, kw_only=True):
    """What this market sells at all."""

    currency: str
    host: str
    """Where people reach it: links of guides may lead there (business-rules §2.3)."""


def complete(product: Product, document: Document, *, market: Market, known: Known | None = None) -> list[Finding]:
    """Everything of the document itself that stands in the way, in the order of the sections. ``known``: of many drafts,
    fetched together."""
    known = known or known_of([(product, document)])
    seller = product.seller_id
    # Where links of a guide may lead: to this market, and to what its seller has proven to be its own (§2.3).
    hosts = [market.host, *known.hosts[seller]]
    found = [
        *_base(product, document, known), *_media(document, seller, known), *_description(document, seller, known),
        *_guide(document), *_support(document), *_purchase(document), *_pricing(document, market), *_kind(document),
        *_proofs(document, seller, known), *_asset(document, seller, known), *_changed(product, document, known),
        *zero_price_findings(product, document, known.limited[product.pk]),
        *check_texts(texts_of(document), link_hosts=hosts),
    ]  # fmt: skip
    order = {section: number for number, section in enumerate(SECTIONS)}
    return sorted((_with_rule(each) for each in found), key=lambda each: order[each.section])


def _with_rule(finding: Finding) -> Finding:
    return finding if "§" in finding.rule else replace(finding, rule=f"business-rules §{finding.rule}")


def _missing(section: str, field: str, words: str, rule: str = PUBLISH) -> Finding:
    return Finding(section=section, field=field, code=f"{section}.missing", words=words, rule=rule)


def _both(section: str, field: str, text: Text, words: str) -> Iterator[Finding]:
    """In Chinese and in English."""
    for language, said in (("zh", text.zh), ("en", text.en)):
        if not said.strip():
            yield _missing(section, f"{field}.{language}", words)


def _either(section: str, field: str, text: Text, words: str) -> Iterator[Finding]:
    """In one language at least: a page shows the other where one is empty."""
    if not (text.zh.strip() or text.en.strip()):
        yield _missing(section, f"{field}.zh", words)


def _base(product: Product, document: Document, known: Known) -> Iterator[Finding]:
    base, listed = document.base, known.listed.get(product.pk, {})
    yield from _both("base", "name", base.name, _("Enter the name in Chinese and in English."))
    yield from _both("base", "summary", base.summary, _("Say in one sentence what it is, in Chinese and in English."))
    for n, text in enumerate(base.highlights):
        yield from _both("base", f"highlights.{n}", text, _("Say it in both languages, or leave both empty."))
    # A product that is on sale may stay in a category that was hidden later.
    if base.category not in known.categories and base.category != listed.get("base", {}).get("category", ""):
        yield _missing("base", "category", _("Choose a category."))


def _media(document: Document, seller: int, known: Known) -> Iterator[Finding]:
    media = document.media
    if media.drawing:
        try:
            clean_svg(media.drawing)
        except Refused as refused:
            yield Finding(section="media", field="drawing", code=refused.code, words=refused.message, rule=PUBLISH)
    if not (media.logo or media.drawing):
        yield _missing("media", "logo", _("Hand in a logo."))
    if not (media.pictures or media.drawing):
        yield _missing("media", "pictures.0", _("Hand in at least one main picture."))
    yield from _pictures("media", "logo", [media.logo], seller, purpose=Picture.Purpose.PRODUCT_LOGO, known=known)
    yield from _pictures("media", "pictures", media.pictures, seller, purpose=Picture.Purpose.PRODUCT_MAIN, known=known)


def _pictures(
    section: str, field: str, hashes: Iterable[str], seller: int, *, purpose: Picture.Purpose, known: Known
) -> Iterator[Finding]:
    for n, sha256 in enumerate(hashes):
        if sha256 and (seller, purpose, sha256) not in known.pictures:
            words = _("This picture is not there any more. Hand it in again.")
            at = field if field == "logo" else f"{field}.{n}"
            yield Finding(section=section, field=at, code="picture.unknown", words=words, rule=PUBLISH)


def _description(document: Document, seller: int, known: Known) -> Iterator[Finding]:
    if not document.description.pictures:
        words = _("Describe the product, or hand in pictures that do.")
        yield from _either("description", "body", document.description.body, words)
    pictures = document.description.pictures
    yield from _pictures("description", "pictures", pictures, seller, purpose=Picture.Purpose.DESCRIPTION, known=known)


def _guide(document: Document) -> Iterator[Finding]:
    yield from _either("guide", "body", document.guide.body, _("Say how buyers log in and begin."))


def _support(document: Document) -> Iterator[Finding]:
    support = document.support
    yield from _either("support", "hours", support.hours, _("Say when somebody answers."))
    yield from _either("support", "content", support.content, _("Say what support covers."))
    if not support.email:
        yield _missing("support", "email", _("Enter an e-mail address where buyers get an answer."))
    else:
        try:
            validate_email(support.email)
        except ValidationError:
            words = _("This is no e-mail address, such as help@company.com.")
            yield Finding(section="support", field="email", code="support.email", words=words, rule=PUBLISH)
    if not support.phone:
        yield _missing("support", "phone", _("Enter the number of a hotline."))
    elif not PHONE.fullmatch(support.phone):
        words = _("Enter a phone number in digits, such as 400-800-1234 or +86 755 12345678.")
        yield Finding(section="support", field="phone", code="support.phone", words=words, rule=PUBLISH)


def _purchase(document: Document) -> Iterator[Finding]:
    terms = document.purchase.terms
    if terms.zh.strip() or terms.en.strip():
        words = _("Write the additional terms in both languages, or leave both empty.")
        yield from _both("purchase", "terms", terms, words)
    params = document.purchase.extend_params
    names = Counter(param.name for param in params)
    if len(params) > MOST_EXTEND_PARAMS:
        words = _("A product may ask at most 3 extension parameters.")
        yield Finding(section="purchase", field="extend_params.0.name", code="product.extend_params", words=words, rule=PUBLISH)  # fmt: skip
    for n, param in enumerate(params):
        at = f"extend_params.{n}"
        if not PARAM.fullmatch(param.name):
            words = _(
                "A name begins with a letter and has only letters, digits and _: it goes to your server as it stands."
            )
            yield Finding(section="purchase", field=f"{at}.name", code="purchase.param", words=words, rule=PUBLISH)
        elif names[param.name] > 1:
            words = _("Two parameters have the same name.")
            yield Finding(
                section="purchase", field=f"{at}.name", code="purchase.param_twice", words=words, rule=PUBLISH
            )
        yield from _both("purchase", f"{at}.label", param.label, _("Say what is asked, in both languages."))


# --- specs and prices -------------------------------------------------------------------------------------------------


def _pricing(document: Document, market: Market) -> Iterator[Finding]:
    names = Counter((spec.name.zh, spec.name.en) for spec in document.pricing.specs)
    for i, spec in enumerate(document.pricing.specs):
        at = f"specs.{i}"
        yield from _both("pricing", f"{at}.name", spec.name, _("Name this spec in both languages."))
        if spec.name.zh and names[spec.name.zh, spec.name.en] > 1:
            words = _("Another spec has the same name.")
            yield Finding(section="pricing", field=f"{at}.name.zh", code="spec.twice", words=words, rule=SKUS)
        yield from _names(spec, at)
        if spec.plans:
            words = _("A way to pay has no price yet. Enter one, or take the column away.")
            yield Finding(
                section="pricing", field=f"{at}.plans", code="spec.plan_without_price", words=words, rule=SKUS
            )
        if not spec.skus:
            words = _("Nothing of this spec is sold: tick and price a combination.")
            yield Finding(section="pricing", field=at, code="spec.no_sku", words=words, rule=SKUS)
    yield from price_findings(document, selling(document, currency=market.currency))


def _names(spec: Spec, at: str) -> Iterator[Finding]:
    for a, attribute in enumerate(spec.attributes):
        here = f"{at}.attributes.{a}"
        yield from _named(here, attribute.name)
        if not 1 <= len(attribute.values) <= 10:  # business-rules §3.4
            words = _("An attribute has one to ten values.")
            yield Finding(section="pricing", field=f"{here}.name.zh", code="attribute.values", words=words, rule=SKUS)
        twice = Counter(value.name.zh for value in attribute.values)
        for v, value in enumerate(attribute.values):
            yield from _named(f"{here}.values.{v}", value.name)
            if value.name.zh and twice[value.name.zh] > 1:
                words = _("Another value has the same name.")
                yield Finding(
                    section="pricing",
                    field=f"{here}.values.{v}.name.zh",
                    code="attribute.twice",
                    words=words,
                    rule=SKUS,
                )
    quantity = next((sku.quantity for sku in spec.skus if sku.quantity), spec.quantity)
    if quantity is not None:
        yield from _named(f"{at}.quantity", quantity.name)


def _named(at: str, name: Text) -> Iterator[Finding]:
    for language, said in (("zh", name.zh), ("en", name.en)):
        if not said.strip():
            yield _missing("pricing", f"{at}.name.{language}", _("Enter a name in both languages."), SKUS)


# --- its kind, and what is listed -------------------------------------------------------------------------------------


def facts_of(document: Document) -> ProductFacts:
    """The document as the rules of its kind look at it."""
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


def _proofs(document: Document, seller: int, known: Known) -> Iterator[Finding]:
    for code, sha256 in document.details.proofs.items():
        if sha256 and (seller, sha256) not in known.proofs:
            words = _("This document is not there any more. Hand it in again.")
            yield Finding(section="details", field=f"proofs.{code}", code="proof.unknown", words=words, rule=PUBLISH)


def _asset(document: Document, seller: int, known: Known) -> Iterator[Finding]:
    """§2.6, §2.7: what a product is delivered with is approved, and so scanned, or confirmed by an operator."""
    kind = product_type(document.product_type)
    if not kind.asset_kinds:
        return
    chosen = document.details.fields.get(ASSET, "")
    field = f"fields.{ASSET}"
    if not chosen:
        words = _("Choose what it is delivered with: an approved version out of your asset center.")
        yield Finding(section="details", field=field, code="asset.missing", words=words, rule="business-rules §2.6")
    elif not any((seller, chosen, wanted) in known.assets for wanted in kind.asset_kinds):
        words = _("This version is not approved, or an update took its place. Choose another one.")
        yield Finding(
            section="details", field=field, code="asset.not_approved", words=words, rule="business-rules §2.7"
        )
    elif kind.scanned_clean and chosen not in known.clean:
        words = _("This version has not passed a virus scan. Choose a version that has.")
        yield Finding(section="details", field=field, code="asset.not_scanned", words=words, rule="business-rules §2.7")


def _kinds_field(finding: Finding) -> str:
    match finding.section:
        case "proofs":
            return f"proofs.{finding.field}"
        case "kind" if finding.field != "product_type":
            return f"fields.{finding.field}"
        case _:
            return finding.field


def _changed(product: Product, document: Document, known: Known) -> Iterator[Finding]:
    """What a modification may not change of what is on sale (business-rules §2.8)."""
    plain = known.listed.get(product.pk)
    if plain is not None:
        yield from evolves(load(plain), document, stopped=known.stopped[product.pk])
