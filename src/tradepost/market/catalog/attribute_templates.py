"""Attributes of a seller: defined once, found by kind or name, and copied into products (§3.4).

A product contains a copy, so a change or deletion here does not affect it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.identity.models import Seller
from tradepost.protocols.text import Text

from .models import AttributeTemplate
from .sellable import MAX_UNITS

RULE = "business-rules §3.4"
SECTION = "attribute"
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
MAX_NAME_LENGTH = 64
MAX_VALUES = 10
Kind = AttributeTemplate.Kind


class AttributeData(Struct, frozen=True, kw_only=True):
    """An attribute as entered. ``values`` belong to a choice; ``least``, ``most`` and ``step`` to a number (None:
    invalid input)."""

    code: str
    name: Text
    kind: str
    values: tuple[Text, ...] = ()
    least: int | None = None
    most: int | None = None
    step: int | None = None

    @property
    def label(self) -> str:
        """The label of its kind."""
        return str(Kind(self.kind).label)


PRESETS: Mapping[str, AttributeData] = {
    each.code: each
    for each in (
        AttributeData(code="appName", name=Text(en="Application", zh="应用名称"), kind=Kind.ENUM),
        AttributeData(code="version", name=Text(en="Version", zh="版本"), kind=Kind.ENUM),
        AttributeData(code="os", name=Text(en="Operating system", zh="操作系统"), kind=Kind.ENUM),
        AttributeData(code="mode", name=Text(en="Mode", zh="模式"), kind=Kind.ENUM),
    )
}
"""Attributes that every seller has: a name, whose values each product defines."""
_RESERVED = frozenset(code.lower() for code in PRESETS)


def read_template(template: AttributeTemplate) -> AttributeData:
    return AttributeData(
        code=template.code, name=Text(en=template.name_en, zh=template.name), kind=template.kind,
        values=tuple(Text(en=value["en"], zh=value["zh"]) for value in template.values),
        least=template.least, most=template.most, step=template.step,
    )  # fmt: skip


def find_template(seller: Seller, pk: int) -> AttributeTemplate | None:
    return AttributeTemplate.objects.filter(seller=seller, pk=pk).first()


def narrowed(seller: Seller, *, kind: str = "", search: str = "") -> QuerySet[AttributeTemplate]:
    """Return a seller's own attributes, filtered by kind and by a part of a name or of the code."""
    templates = AttributeTemplate.objects.filter(seller=seller)
    if kind in Kind.values:
        templates = templates.filter(kind=kind)
    if search:
        templates = templates.filter(
            Q(name__icontains=search) | Q(name_en__icontains=search) | Q(code__icontains=search)
        )
    return templates


def presets(*, kind: str = "", search: str = "") -> list[AttributeData]:
    """Return the predefined attributes with the same filters."""
    needle = search.lower()
    return [
        preset
        for preset in PRESETS.values()
        if kind in ("", preset.kind)
        and any(needle in text.lower() for text in (preset.code, preset.name.zh, preset.name.en))
    ]


def insertable(seller: Seller) -> Mapping[str, AttributeData]:
    """Return all attributes that this seller can use in a product, by code: its own first."""
    templates = AttributeTemplate.objects.filter(seller=seller).order_by("name", "pk")
    return {**{template.code: read_template(template) for template in templates}, **PRESETS}


# --- validation
# -------------------------------------------------------------------------------------------------------


def findings(attribute: AttributeData) -> Iterator[Finding]:
    """Yield the findings on an attribute, each with its input and rule."""
    if not CODE.fullmatch(attribute.code):
        yield _finding(
            "code", _("A code begins with a letter and contains only letters, digits and _, at most 32 characters.")
        )
    elif attribute.code.lower() in _RESERVED:
        yield _finding("code", _("This code belongs to a built-in attribute. Choose another one."))
    yield from _check_name("name", attribute.name)
    if attribute.kind == Kind.ENUM:
        yield from _check_values(attribute.values)
    else:
        yield from _check_numbers(attribute)


def _finding(field: str, words: str) -> Finding:
    return Finding(section=SECTION, field=field, code=f"attribute.{field.partition('.')[0]}", words=words, rule=RULE)


def _check_name(path: str, name: Text) -> Iterator[Finding]:
    for language, text in (("zh", name.zh), ("en", name.en)):
        if not text:
            yield _finding(f"{path}.{language}", _("Enter a name in both languages."))
        elif len(text) > MAX_NAME_LENGTH:
            yield _finding(f"{path}.{language}", _("At most %(most)s characters.") % {"most": MAX_NAME_LENGTH})
        elif not text.isprintable():
            yield _finding(f"{path}.{language}", _("A name must not contain invisible characters."))


def _check_values(values: tuple[Text, ...]) -> Iterator[Finding]:
    if not 1 <= len(values) <= MAX_VALUES:
        yield _finding("values.0.zh", _("An attribute has one to ten values."))
    chinese, english = Counter(value.zh for value in values), Counter(value.en for value in values)
    for number, value in enumerate(values):
        path = f"values.{number}"
        yield from _check_name(path, value)
        for language, text, counts in (("zh", value.zh, chinese), ("en", value.en, english)):
            if text and counts[text] > 1:
                yield _finding(f"{path}.{language}", _("Another value has the same name."))


def _check_numbers(attribute: AttributeData) -> Iterator[Finding]:
    for field, number in (("least", attribute.least), ("most", attribute.most), ("step", attribute.step)):
        if number is None or not 1 <= number <= MAX_UNITS:
            yield _finding(field, _("Enter a whole number from 1 to 1,000,000."))
    if attribute.least is not None and attribute.most is not None and attribute.most < attribute.least:
        yield _finding("most", _("The maximum is less than the minimum."))


# --- acts of a seller
# -------------------------------------------------------------------------------------------------


def create_template(seller: Seller, attribute: AttributeData, *, most: int, now: datetime) -> AttributeTemplate:
    """Create an attribute. Raises ``Refused`` for an invalid one (``findings``), a taken code, or more than
    ``most``."""
    _check(attribute)
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=seller.pk)
        templates = AttributeTemplate.objects.filter(seller=seller)
        if templates.filter(code__iexact=attribute.code).exists():
            raise Refused(
                "attribute.repeated", _("You already have an attribute with this code."), field="code", rule=RULE
            )
        if templates.count() >= most:
            message = _("A company has at most %(most)s attributes. Delete one that you do not use.") % {"most": most}
            raise Refused("attribute.too_many", message)
        return AttributeTemplate.objects.create(
            seller=seller, code=attribute.code, kind=attribute.kind, created_at=now, **_columns(attribute)
        )


def change_template(template: AttributeTemplate, attribute: AttributeData) -> None:
    """Change name, values and range. Code, kind and step never change (§3.4). Raises ``Refused``."""
    _check(attribute)
    with transaction.atomic():
        current = AttributeTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
        if (attribute.code, attribute.kind) != (current.code, current.kind):
            raise Refused(
                "attribute.fixed", _("The code and type of an attribute cannot be changed."), field="code", rule=RULE
            )
        if attribute.step != current.step:
            message = _("The step of an attribute cannot be changed. Create a new attribute for a different step.")
            raise Refused("attribute.step", message, field="step", rule=RULE)
        AttributeTemplate.objects.filter(pk=template.pk).update(**_columns(attribute))


def delete_template(template: AttributeTemplate) -> None:
    """Delete an attribute. Products that were created with it keep their copies (§3.4)."""
    template.delete()


def _check(attribute: AttributeData) -> None:
    for finding in findings(attribute):
        raise Refused(
            finding.code, finding.words, HTTPStatus.UNPROCESSABLE_ENTITY, field=finding.field, rule=finding.rule
        )


def _columns(attribute: AttributeData) -> dict[str, object]:
    number = attribute.kind == Kind.NUMBER
    return {
        "name": attribute.name.zh, "name_en": attribute.name.en,
        "values": [] if number else [{"zh": value.zh, "en": value.en} for value in attribute.values],
        "least": attribute.least if number else None, "most": attribute.most if number else None,
        "step": attribute.step if number else None,
    }  # fmt: skip
