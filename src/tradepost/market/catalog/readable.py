"""A document as lines for reading and comparing: one line per text, picture and price, each with a stable key.

A line has the same key in all versions of a product: specs use their key, SKUs their code, prices their productId. So
the differences of two documents are those of their lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.text import Text

from . import rich_text
from .document import AMOUNT, APPLICATION, ASSET, SECTIONS, Document, Factor, Price, Quantity, Sku, Spec
from .models import Category
from .price_models import PriceModel
from .view import way_of

type Words = str | Promise


class Line(Struct, frozen=True, kw_only=True):
    """``picture``, ``proof``: SHA-256 of a file shown instead of text. ``html``: the source of the text in
    ``value``."""

    section: str
    key: str
    label: str
    value: str
    picture: str = ""
    proof: str = ""
    html: str = ""

    @property
    def shown(self) -> str:
        """What is compared."""
        return self.html or self.value or self.picture or self.proof


WAYS: Mapping[str, Words] = {
    "day": gettext_lazy("Daily"),
    "month": gettext_lazy("Monthly"),
    "year": gettext_lazy("Yearly"),
    "once": pgettext_lazy("way to pay", "One-time"),
    "on_demand": gettext_lazy("On demand"),
    "package": gettext_lazy("Usage package"),
    "uses": gettext_lazy("Package of uses"),
    "trial": gettext_lazy("Free trial"),
}
MODELS: Mapping[str, Words] = {
    PriceModel.LINEAR: gettext_lazy("One price for each unit"),
    PriceModel.TIER: gettext_lazy("Tiered: all units at the price of the band that the quantity reaches"),
    PriceModel.STEP: gettext_lazy("Stepped: the units in each band at the price of that band"),
}
CYCLES: Mapping[str, Words] = {
    "hour": pgettext_lazy("charged", "each hour"), "day": pgettext_lazy("charged", "each day"),
    "month": pgettext_lazy("charged", "each month"),
}  # fmt: skip
ACCUMULATIONS: Mapping[str, Words] = {
    "": gettext_lazy("per usage record"), "day": gettext_lazy("accumulated daily"),
    "month": gettext_lazy("accumulated monthly"),
}  # fmt: skip
RESETS: Mapping[str, Words] = {
    "": pgettext_lazy("quota", "does not reset"), "month": pgettext_lazy("quota", "resets each month"),
    "year": pgettext_lazy("quota", "resets each year"),
}  # fmt: skip
STOPS = "stops"
WHEN_USED_UP: Mapping[str, Words] = {
    "": gettext_lazy("excess usage is charged on demand"),
    STOPS: gettext_lazy("the service stops, without further charges"),
}
_PARTS: Mapping[str, Words] = {
    "name": gettext_lazy("Product name"), "summary": gettext_lazy("Summary"), "body": gettext_lazy("Text"),
    "hours": gettext_lazy("Service hours"), "content": gettext_lazy("Scope of support"),
    "keywords": gettext_lazy("Keywords"), "terms": gettext_lazy("Additional terms"),
}  # fmt: skip


def lines(document: Document, *, currency: str) -> list[Line]:
    """Return all lines, in the order of the sections."""
    return [line for section in SECTIONS for line in section_lines(document, section, currency=currency)]


def section_lines(document: Document, section: str, *, currency: str) -> list[Line]:
    """Return the non-empty lines of one section."""
    if section == "pricing":
        return list(_pricing(document, currency))
    return [line for line in _SECTIONS[section](document) if line.shown]


def changed(after: Iterable[Line], before: Iterable[Line]) -> Iterator[tuple[Line | None, Line | None]]:
    """Yield (before, after) of every line that differs; None for a line that does not exist."""
    old_lines, new_lines = {line.key: line for line in before}, {line.key: line for line in after}
    for key, line in new_lines.items():
        old_line = old_lines.get(key)
        if old_line is None:
            yield None, line
        elif old_line.shown != line.shown:
            yield _apart(old_line, line)
    for key, line in old_lines.items():
        if key not in new_lines:
            yield line, None


def _apart(old_line: Line, new_line: Line) -> tuple[Line, Line]:
    """If two texts differ only in their source, show the source."""
    if old_line.value != new_line.value or not new_line.html:
        return old_line, new_line
    return replace(old_line, value=old_line.html), replace(new_line, value=new_line.html)


def _both(section: str, part: str, text: Text, label: Words = "", *, html: bool = False) -> Iterator[Line]:
    part_label = str(label or _PARTS[part])
    for language, value, language_name in (("zh", text.zh, _("Chinese")), ("en", text.en, _("English"))):
        yield Line(
            section=section, key=f"{section}.{part}.{language}", label=f"{part_label} ({language_name})",
            value=rich_text.readable(value) if html else value, html=value if html else "",
        )  # fmt: skip


def _base(document: Document) -> Iterator[Line]:
    base = document.base
    yield from _both("base", "name", base.name)
    yield from _both("base", "summary", base.summary)
    for number, text in enumerate(base.highlights):
        yield from _both("base", f"highlights.{number}", text, f"{_('Highlight')} {number + 1}")
    category = Category.objects.filter(slug=base.category).first()
    category_name = Text(zh=category.name, en=category.name_en) if category else Text.same(base.category)
    yield Line(section="base", key="base.category", label=_("Category"), value=_localised(category_name))


def _localised(text: Text) -> str:
    """Return the text in the reader's language, or else the other."""
    return text.in_language(get_language()) or text.zh or text.en


def _drawing(svg: str) -> str:
    """Identify a drawing by its hash, because its source is not readable; the preview shows it."""
    return (
        _("SVG drawing %(hash)s, as the preview shows it") % {"hash": hashlib.sha256(svg.encode()).hexdigest()[:8]}
        if svg
        else ""
    )


def _media(document: Document) -> Iterator[Line]:
    media = document.media
    yield Line(section="media", key="media.logo", label=_("Logo"), value="", picture=media.logo)
    yield from _pictures("media", _("Main picture"), media.pictures)
    yield Line(section="media", key="media.drawing", label=_("Drawing"), value=_drawing(media.drawing))


def _pictures(section: str, label: str, hashes: Iterable[str]) -> Iterator[Line]:
    for number, sha256 in enumerate(hashes):
        yield Line(
            section=section, key=f"{section}.pictures.{number}", label=f"{label} {number + 1}", value="", picture=sha256
        )


def _description(document: Document) -> Iterator[Line]:
    description = document.description
    yield from _both("description", "body", description.body, html=True)
    yield from _pictures("description", _("Picture of the description"), description.pictures)


def _guide(document: Document) -> Iterator[Line]:
    yield from _both("guide", "body", document.guide.body, html=True)


def _support(document: Document) -> Iterator[Line]:
    support = document.support
    yield from _both("support", "hours", support.hours)
    yield from _both("support", "content", support.content)
    yield Line(section="support", key="support.email", label=_("Service e-mail"), value=support.email)
    yield Line(section="support", key="support.phone", label=_("Service phone"), value=support.phone)


def _purchase(document: Document) -> Iterator[Line]:
    purchase = document.purchase
    for param in purchase.extend_params:
        requirement = _("required") if param.required else _("optional")
        label = f"{_('Question at checkout')}: {param.name}"
        yield Line(
            section="purchase", key=f"purchase.param.{param.name}", label=label,
            value=f"{param.label.zh} / {param.label.en} ({requirement})",
        )  # fmt: skip
    yield from _both("purchase", "terms", purchase.terms)
    for name, label, is_set in (
        ("asks_mobile", _("The buyer's mobile number"), purchase.asks_mobile),
        ("asks_email", _("The buyer's e-mail address"), purchase.asks_email),
        ("asks_user", _("The buyer's user ID and user name"), purchase.asks_user),
        ("access_by_message", _("I send access data by SMS or e-mail"), purchase.access_by_message),
        ("public", _("Shown in the store and its searches"), purchase.public),
    ):
        yield Line(section="purchase", key=f"purchase.{name}", label=label, value=_("yes") if is_set else _("no"))


def _details(document: Document) -> Iterator[Line]:
    kind, details = product_type(document.product_type), document.details
    if kind.asset_kinds:
        key = whole_number(details.fields.get(ASSET, "")) or 0
        version = AssetVersion.objects.select_related("asset").filter(pk=key).first()
        description = (
            f"{version.asset.name} {version.label} · {version.file_name} · {version.sha256}" if version else ""
        )
        yield Line(section="details", key="details.asset", label=_("Deliverable"), value=description)
    if app_id := details.fields.get(APPLICATION, ""):
        yield Line(section="details", key="details.application", label=_("Application credential"), value=app_id)
    for question in kind.fields:
        for suffix in ("", "_en") if question.translated else ("",):
            answer = details.fields.get(f"{question.code}{suffix}", "")
            choice = question.chosen(answer)
            yield Line(
                section="details", key=f"details.{question.code}{suffix}", label=_localised(question.label),
                value=_localised(choice) if choice else answer,
            )  # fmt: skip
    for proof in kind.proofs:
        sha256 = details.proofs.get(proof.code, "")
        yield Line(
            section="details", key=f"details.proof.{proof.code}", label=_localised(proof.label), value="", proof=sha256,
        )  # fmt: skip


def _discovery(document: Document) -> Iterator[Line]:
    yield from _both("discovery", "keywords", document.discovery.keywords)
    yield Line(section="discovery", key="discovery.tags", label=_("Tags"), value=", ".join(document.discovery.tags))


_SECTIONS = {
    "base": _base, "media": _media, "description": _description, "guide": _guide, "support": _support,
    "purchase": _purchase, "details": _details, "discovery": _discovery,
}  # fmt: skip


# --- specs and prices -------------------------------------------------------------------------------------------------


def _pricing(document: Document, currency: str) -> Iterator[Line]:
    for spec in document.pricing.specs:
        prefix = f"pricing.{spec.key}"
        yield Line(
            section="pricing",
            key=prefix,
            label=f"{_('Spec')} “{_localised(spec.name)}”",
            value=f"{spec.name.zh} / {spec.name.en}",
        )
        for attribute in spec.attributes:
            values = ", ".join(f"{value.name.zh} / {value.name.en}" for value in attribute.values)
            yield Line(
                section="pricing", key=f"{prefix}.{attribute.code}",
                label=f"{_localised(spec.name)}: {attribute.name.zh} / {attribute.name.en}", value=values,
            )  # fmt: skip
        for sku in spec.skus:
            yield from _sku(spec, sku, currency)


def _sku(spec: Spec, sku: Sku, currency: str) -> Iterator[Line]:
    sku_name = " · ".join([_localised(spec.name), *selection_text(spec, sku)])
    if sku.quantity is not None:
        yield Line(
            section="pricing", key=f"pricing.{sku.code}.quantity", label=f"{sku_name}: {_('Quantity')}",
            value=quantity_text(sku.quantity),
        )  # fmt: skip
    for price in sku.prices:
        yield Line(
            section="pricing", key=f"pricing.{price.product_id}", label=f"{sku_name} · {_way_text(price)}",
            value=price_text(price, currency),
        )  # fmt: skip


def _way_text(price: Price) -> str:
    return f"{WAYS[way_of(price)]} {price.quota.normalize():f}" if price.quota else str(WAYS[way_of(price)])


def selection_text(spec: Spec, sku: Sku) -> list[str]:
    """Return the names of a SKU's values."""
    return [
        _localised(value.name)
        for attribute in spec.attributes
        for value in attribute.values
        if sku.values.get(attribute.code) == value.code
    ]


def quantity_text(quantity: Quantity) -> str:
    """Return the text of a numeric attribute, with its limits."""
    text = _("%(name)s, %(least)s to %(most)s in steps of %(step)s") % {
        "name": f"{quantity.name.zh} / {quantity.name.en}", "least": quantity.least, "most": quantity.most,
        "step": quantity.step,
    }  # fmt: skip
    return text if quantity.parameter == AMOUNT else f"{text} ({quantity.parameter})"


def price_text(price: Price, currency: str) -> str:
    """Return a price in one line: amounts, durations and units."""
    return "; ".join(price_parts(price, currency))


def price_parts(price: Price, currency: str) -> list[str]:
    """Return the same as a list: the amounts first, then the conditions."""
    if price.trial:
        return [_("%(days)s days free") % {"days": ", ".join(map(str, price.period_numbers))}]
    parts = [_amounts(price.model, price.amount, [(band.upto, band.amount) for band in price.bands], currency)]
    if price.factors:
        parts = [_factor(factor, currency) for factor in price.factors]
    if price.quota:
        reset = "" if price.charging.uses else f", {RESETS[price.reset]}"
        parts.append(f"{price.quota.normalize():f} {_localised(price.usage_unit)}{reset}")
        parts.append(_("when used up: %(then)s") % {"then": WHEN_USED_UP[STOPS if price.stops_when_used_up else ""]})
    if price.period_numbers:
        parts.append(_("sold for %(numbers)s") % {"numbers": ", ".join(map(str, price.period_numbers))})
    return parts


def _amounts(
    model: PriceModel, amount: Decimal | None, bands: list[tuple[int | None, Decimal | None]] | list[tuple[Decimal | None, Decimal | None]], currency: str
) -> str:  # fmt: skip
    if not model.banded:
        return _money(amount, currency)
    steps = ", ".join(
        (f"≤ {upto}: " if upto is not None else f"{_('more')}: ") + _money(price, currency) for upto, price in bands
    )
    return f"{_('tiers') if model is PriceModel.TIER else _('steps')} ({steps})"


def _money(amount: Decimal | None, currency: str) -> str:
    return _("no price yet") if amount is None else f"{amount.normalize():f} {currency}".strip()


def _factor(factor: Factor, currency: str) -> str:
    amounts = _amounts(factor.model, factor.amount, [(band.upto, band.amount) for band in factor.bands], currency)
    cycle = CYCLES.get(factor.cycle, factor.cycle)
    return f"{factor.code}, {_localised(factor.unit)}: {amounts}, {cycle}, {ACCUMULATIONS.get(factor.accumulation, '')}"
