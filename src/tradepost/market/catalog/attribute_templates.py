"""Attributes of a seller: kept once, found by kind or name, and copied into the products that are sold by them (§3.4).

A product holds a copy, so that neither a change nor a deletion here touches it.
"""

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
from .sellable import MOST_UNITS

RULE = "business-rules §3.4"
SECTION = "attribute"
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
LONGEST_NAME = 64
MOST_VALUES = 10
Kind = AttributeTemplate.Kind


class Described(Struct, frozen=True, kw_only=True):
    """An attribute as it is written. ``values`` belong to a choice; ``least``, ``most`` and ``step`` to a number (None: what
    was typed is none)."""

    code: str
    name: Text
    kind: str
    values: tuple[Text, ...] = ()
    least: int | None = None
    most: int | None = None
    step: int | None = None

    @property
    def label(self) -> str:
        """Its kind in words."""
        return str(Kind(self.kind).label)


PRESETS: Mapping[str, Described] = {
    each.code: each
    for each in (
        Described(code="appName", name=Text(en="Application", zh="应用名称"), kind=Kind.ENUM),
        Described(code="version", name=Text(en="Version", zh="版本"), kind=Kind.ENUM),
        Described(code="os", name=Text(en="Operating system", zh="操作系统"), kind=Kind.ENUM),
        Described(code="mode", name=Text(en="Mode", zh="模式"), kind=Kind.ENUM),
    )
}
"""Those that every seller has: a name whose values each product says for itself."""
_RESERVED = frozenset(code.lower() for code in PRESETS)


def described(template: AttributeTemplate) -> Described:
    return Described(
        code=template.code, name=Text(en=template.name_en, zh=template.name), kind=template.kind,
        values=tuple(Text(en=value["en"], zh=value["zh"]) for value in template.values),
        least=template.least, most=template.most, step=template.step,
    )  # fmt: skip


def find_template(seller: Seller, pk: int) -> AttributeTemplate | None:
    return AttributeTemplate.objects.filter(seller=seller, pk=pk).first()


def narrowed(seller: Seller, *, kind: str = "", search: str = "") -> QuerySet[AttributeTemplate]:
    """A seller's own, by kind and by a part of a name or of the code."""
    own = AttributeTemplate.objects.filter(seller=seller)
    if kind in Kind.values:
        own = own.filter(kind=kind)
    if search:
        own = own.filter(Q(name__icontains=search) | Q(name_en__icontains=search) | Q(code__icontains=search))
    return own


def presets(*, kind: str = "", search: str = "") -> list[Described]:
    """The same of those that every seller has."""
    wanted = search.lower()
    return [
        each
        for each in PRESETS.values()
        if kind in ("", each.kind) and any(wanted in said.lower() for said in (each.code, each.name.zh, each.name.en))
    ]


def insertable(seller: Seller) -> Mapping[str, Described]:
    """Everything that can be put into a product of this seller, by code: its own first."""
    own = AttributeTemplate.objects.filter(seller=seller).order_by("name", "pk")
    return {**{each.code: described(each) for each in own}, **PRESETS}


# --- what is wrong ----------------------------------------------------------------------------------------------------


def findings(wanted: Described) -> Iterator[Finding]:
    """What stands against an attribute as it is written; beside which input, by which rule."""
    if not CODE.fullmatch(wanted.code):
        yield _finding("code", _("A code begins with a letter and has letters, digits and _, at most 32."))
    elif wanted.code.lower() in _RESERVED:
        yield _finding("code", _("Every seller has an attribute of this code already. Choose another."))
    yield from _named("name", wanted.name)
    if wanted.kind == Kind.ENUM:
        yield from _values(wanted.values)
    else:
        yield from _numbers(wanted)


def _finding(field: str, words: str) -> Finding:
    return Finding(section=SECTION, field=field, code=f"attribute.{field.partition('.')[0]}", words=words, rule=RULE)


def _named(at: str, name: Text) -> Iterator[Finding]:
    for language, said in (("zh", name.zh), ("en", name.en)):
        if not said:
            yield _finding(f"{at}.{language}", _("Enter a name in both languages."))
        elif len(said) > LONGEST_NAME:
            yield _finding(f"{at}.{language}", _("At most %(most)s characters.") % {"most": LONGEST_NAME})
        elif not said.isprintable():
            yield _finding(f"{at}.{language}", _("A name holds only signs that can be seen."))


def _values(values: tuple[Text, ...]) -> Iterator[Finding]:
    if not 1 <= len(values) <= MOST_VALUES:
        yield _finding("values.0.zh", _("An attribute has one to ten values."))
    chinese, english = Counter(value.zh for value in values), Counter(value.en for value in values)
    for number, value in enumerate(values):
        at = f"values.{number}"
        yield from _named(at, value)
        for language, said, all_said in (("zh", value.zh, chinese), ("en", value.en, english)):
            if said and all_said[said] > 1:
                yield _finding(f"{at}.{language}", _("Another value has the same name."))


def _numbers(wanted: Described) -> Iterator[Finding]:
    for field, number in (("least", wanted.least), ("most", wanted.most), ("step", wanted.step)):
        if number is None or not 1 <= number <= MOST_UNITS:
            yield _finding(field, _("Enter a whole number from 1 to 1,000,000."))
    if wanted.least is not None and wanted.most is not None and wanted.most < wanted.least:
        yield _finding("most", _("The most is less than the least."))


# --- what a seller does -----------------------------------------------------------------------------------------------


def create_template(seller: Seller, wanted: Described, *, most: int, now: datetime) -> AttributeTemplate:
    """A new one. Raises ``Refused`` for what is wrong (``findings``), a code that is taken, or one more than ``most``."""
    _refuse(wanted)
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=seller.pk)
        own = AttributeTemplate.objects.filter(seller=seller)
        if own.filter(code__iexact=wanted.code).exists():
            raise Refused(
                "attribute.repeated", _("You have an attribute of this code already."), field="code", rule=RULE
            )
        if own.count() >= most:
            said = _("A company has at most %(most)s attributes. Delete one that you do not use.") % {"most": most}
            raise Refused("attribute.too_many", said)
        return AttributeTemplate.objects.create(
            seller=seller, code=wanted.code, kind=wanted.kind, created_at=now, **_columns(wanted)
        )


def change_template(template: AttributeTemplate, wanted: Described) -> None:
    """Its name, values and range. Code and kind stay, and the step never changes (§3.4). Raises ``Refused``."""
    _refuse(wanted)
    with transaction.atomic():
        now = AttributeTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
        if (wanted.code, wanted.kind) != (now.code, now.kind):
            raise Refused("attribute.fixed", _("Code and kind of an attribute stay."), field="code", rule=RULE)
        if wanted.step != now.step:
            said = _("The step of an attribute never changes. Make a new attribute for another step.")
            raise Refused("attribute.step", said, field="step", rule=RULE)
        AttributeTemplate.objects.filter(pk=template.pk).update(**_columns(wanted))


def delete_template(template: AttributeTemplate) -> None:
    """It is offered no more. Products that were made with it keep what they have (§3.4)."""
    template.delete()


def _refuse(wanted: Described) -> None:
    for wrong in findings(wanted):
        raise Refused(wrong.code, wrong.words, HTTPStatus.UNPROCESSABLE_ENTITY, field=wrong.field, rule=wrong.rule)


def _columns(wanted: Described) -> dict[str, object]:
    number = wanted.kind == Kind.NUMBER
    return {
        "name": wanted.name.zh, "name_en": wanted.name.en,
        "values": [] if number else [{"zh": value.zh, "en": value.en} for value in wanted.values],
        "least": wanted.least if number else None, "most": wanted.most if number else None,
        "step": wanted.step if number else None,
    }  # fmt: skip
