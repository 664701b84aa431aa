"""Attribute management: what a seller's products are chosen by, written once and put into prices from there (§3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import page
from tradepost.market.catalog import attribute_templates as verbs
from tradepost.market.catalog.attribute_templates import LONGEST_NAME, MOST_VALUES, Described, Kind
from tradepost.market.catalog.models import AttributeTemplate
from tradepost.market.identity.menus import Menu
from tradepost.protocols.text import Text

from .draft_inputs import Look, Shown, Wrong
from .frame import SellerRequest, found, seller_page, show

LONGEST_CODE = 32
LONGEST_NUMBER = 9
FIRST_VALUES = 2
"""Lines for values that an empty form has."""
_LANGUAGES = ("zh", "en")
_NUMBERS = (("least", gettext_lazy("Minimum")), ("most", gettext_lazy("Maximum")), ("step", gettext_lazy("Step")))

type Typed = dict[str, str]


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def attributes(request: SellerRequest) -> HttpResponse:
    kind, search = request.GET.get("kind", ""), request.GET.get("q", "").strip()[:LONGEST_NAME]
    own = verbs.narrowed(request.seller, kind=kind, search=search)
    rows = page(own, after=request.GET.get("after", ""))
    return show(
        request,
        "seller_center/attributes.html",
        page=rows,
        rows=[
            *((row.pk, verbs.described(row)) for row in rows.rows),
            *((None, preset) for preset in ([] if rows.next_key else verbs.presets(kind=kind, search=search))),
        ],
        kind=kind,
        search=search,
        kinds=Kind.choices,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, write=True)
def new_attribute(request: SellerRequest, kind: str) -> HttpResponse:
    if kind not in Kind.values:
        raise Http404
    return _form(request, kind, None)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS)
def attribute(request: SellerRequest, pk: int) -> HttpResponse:
    template = _own(request, pk)
    return _form(request, template.kind, template)


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def delete_attribute(request: SellerRequest, pk: int) -> HttpResponse:
    template = _own(request, pk)
    verbs.delete_template(template)
    messages.success(
        request, _("The attribute %(code)s is deleted. Products keep what they have.") % {"code": template.code}
    )
    return redirect("seller_center:attributes")


def _own(request: SellerRequest, pk: int) -> AttributeTemplate:
    return found(verbs.find_template(request.seller, pk))


# --- its form ---------------------------------------------------------------------------------------------------------


def _form(request: SellerRequest, kind: str, template: AttributeTemplate | None) -> HttpResponse:
    """New where there is no ``template``. A button adds a line for one more value without saving."""
    wrong, typed = Wrong(), _typed(template)
    lines = max(FIRST_VALUES, len(template.values) if template else 0)
    if request.method == "POST":
        typed = {name: value for name, value in request.POST.items() if isinstance(value, str)}
        lines = next((n for n in range(MOST_VALUES) if f"values.{n}.zh" not in typed), MOST_VALUES)
        if request.POST.get("act") == "add-value":
            lines = min(lines + 1, MOST_VALUES)
        else:
            wanted, places = _read(typed, kind, template, lines)
            wrong = _wrong(wanted, places)
            if not wrong and _saved(request, wanted, template, wrong):
                messages.success(request, _("The attribute is saved. Products that have a copy stay as they are."))
                return redirect("seller_center:attributes")
    return show(
        request,
        "seller_center/attribute.html",
        status=422 if wrong else 200,
        own=template,
        kind=kind,
        wrong=wrong,
        loose=wrong.at(""),
        code=_line("code", _("Attribute code"), typed, wrong, longest=LONGEST_CODE, required=True)
        if template is None
        else None,
        names=_pair("name", _("Name of the attribute"), typed, wrong),
        values=[_pair(f"values.{n}", _("Value %(number)s") % {"number": n + 1}, typed, wrong) for n in range(lines)]
        if kind == Kind.ENUM
        else [],
        may_add=lines < MOST_VALUES,
        numbers=_numbers(template, typed, wrong) if kind == Kind.NUMBER else [],
    )


def _typed(template: AttributeTemplate | None) -> Typed:
    """What the form holds before anybody typed."""
    if template is None:
        return {"least": "1", "most": "100", "step": "1"}
    typed = {"name.zh": template.name, "name.en": template.name_en}
    for number, value in enumerate(template.values):
        typed |= {f"values.{number}.{language}": value[language] for language in _LANGUAGES}
    return typed | {name: str(getattr(template, name) or "") for name, _label in _NUMBERS}


def _read(typed: Typed, kind: str, template: AttributeTemplate | None, lines: int) -> tuple[Described, Sequence[int]]:
    """What was typed, and in which line each value stands: lines that are empty are none."""

    def text(at: str) -> Text:
        return Text(**{language: " ".join(typed.get(f"{at}.{language}", "").split()) for language in _LANGUAGES})

    values = [(n, text(f"values.{n}")) for n in range(lines)] if kind == Kind.ENUM else []
    filled = [(n, value) for n, value in values if value.zh or value.en]
    least, most, step = (
        whole_number(typed.get(name, ""), digits=LONGEST_NUMBER) if kind == Kind.NUMBER else None
        for name, _label in _NUMBERS
    )
    wanted = Described(
        code=template.code if template else typed.get("code", "").strip(), name=text("name"), kind=kind,
        values=tuple(value for _n, value in filled), least=least, most=most,
        step=template.step if template else step,
    )  # fmt: skip
    return wanted, [n for n, _value in filled]


def _wrong(wanted: Described, places: Sequence[int]) -> Wrong:
    wrong = Wrong()
    for finding in verbs.findings(wanted):
        wrong.put(_placed(finding.field, places), finding.words, finding.rule)
    return wrong


def _placed(field: str, places: Sequence[int]) -> str:
    """``values.0.en`` of an attribute → the input where it was typed."""
    head, _dot, rest = field.partition(".")
    number, _dot, language = rest.partition(".")
    return f"values.{places[int(number)]}.{language}" if head == "values" and places else field


def _saved(request: SellerRequest, wanted: Described, template: AttributeTemplate | None, wrong: Wrong) -> bool:
    try:
        with transaction.atomic():
            if template is None:
                verbs.create_template(request.seller, wanted, most=config().attributes_most, now=request.now)
            else:
                verbs.change_template(template, wanted)
    except Refused as refused:
        wrong.put(refused.field, refused.message, refused.rule)
        return False
    return True


def _numbers(template: AttributeTemplate | None, typed: Typed, wrong: Wrong) -> Sequence[Shown]:
    return [
        _line(name, str(label), typed, wrong, longest=LONGEST_NUMBER, required=True, look=Look.NUMBER)
        for name, label in _NUMBERS
        if template is None or name != "step"
    ]


def _pair(at: str, label: str, typed: Typed, wrong: Wrong) -> Sequence[Shown]:
    return [
        _line(f"{at}.{language}", label, typed, wrong, longest=LONGEST_NAME, language=language, required=True)
        for language in _LANGUAGES
    ]


def _line(name: str, label: str, typed: Typed, wrong: Wrong, **look: Any) -> Shown:
    return Shown(name=name, label=label, value=typed.get(name, ""), errors=wrong.at(name), **look)
