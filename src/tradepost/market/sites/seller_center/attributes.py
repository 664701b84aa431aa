"""Attribute management: attributes that buyers choose from, defined once and copied into prices (§3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog import attribute_templates as verbs
from tradepost.market.catalog.attribute_templates import MAX_NAME_LENGTH, MAX_VALUES, AttributeData, Kind
from tradepost.market.catalog.models import AttributeTemplate
from tradepost.market.identity.menus import Menu
from tradepost.market.web.pages import Empty, Listing, ListQuery, choice, page_link, search, text
from tradepost.market.web.templatetags.ui import said
from tradepost.protocols.text import Text

from .draft_inputs import InputErrors, InputView, Look
from .frame import SellerRequest, or_404, seller_list, seller_page, show

MAX_CODE = 32
MAX_DIGITS = 9
FIRST_VALUES = 2
"""Number of value rows in an empty form."""
_LANGUAGES = ("zh", "en")
_NUMBER_FIELDS = (("least", gettext_lazy("Minimum")), ("most", gettext_lazy("Maximum")), ("step", gettext_lazy("Step")))

type Typed = dict[str, str]


class Row(Struct, frozen=True):
    """An attribute in the list. ``pk``: None for a preset of the market."""

    pk: int | None
    attribute: AttributeData


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[Row]:
    """Return the seller's attributes. The market's presets follow on the last page."""
    own = page(verbs.narrowed(request.seller, kind=query["kind"], search=query["q"]), after=after, size=size)
    presets = [] if own.next_key else verbs.presets(kind=query["kind"], search=query["q"])
    rows = [*(Row(row.pk, verbs.read_template(row)) for row in own.rows), *(Row(None, preset) for preset in presets)]
    return Page(rows, own.next_key)


def _values(row: Row) -> str:
    attribute = row.attribute
    if attribute.kind == Kind.NUMBER:
        range_words = _("%(least)s to %(most)s, in steps of %(step)s")
        return range_words % {"least": attribute.least, "most": attribute.most, "step": attribute.step}
    return " · ".join(said(value) for value in attribute.values) or _("Defined per product")


LISTING: Listing[Row, Row] = Listing(
    name="seller_center:attributes",
    title=gettext_lazy("Attributes"),
    intro=gettext_lazy(
        "Attributes that buyers choose from. When you add one to a product's prices, the product gets a copy. Later changes here do not affect the copy."
    ),
    layout="seller_center/layout.html",
    template="seller_center/attributes.html",
    source=_source,
    sorts=False,  # presets follow the seller's own
    columns=(
        page_link(
            gettext_lazy("Attribute"), lambda row: said(row.attribute.name), "seller_center:attribute", "pk",
            under=lambda row: "" if row.pk else _("Built-in"),
        ),
        text(gettext_lazy("Attribute code"), "attribute.code", css="tp-id"),
        text(gettext_lazy("Attribute type"), "attribute.label"),
        text(gettext_lazy("Values"), _values),
    ),
    filters=(
        search(gettext_lazy("Name or code")),
        choice("kind", gettext_lazy("Attribute type"), Kind.choices),
    ),
    empty=Empty(
        icon="search",
        title=gettext_lazy("No attributes found"),
        text=gettext_lazy("Check the words or show all attributes."),
        action=gettext_lazy("Show all attributes"),
        page="seller_center:attributes",
    ),
    file="attributes",
)  # fmt: skip
attributes = seller_list(LISTING, menu=Menu.PRODUCTS)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, write=True)
def new_attribute(request: SellerRequest, kind: str) -> HttpResponse:
    if kind not in Kind.values:
        raise Http404
    return _form(request, kind, None)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS)
def attribute(request: SellerRequest, pk: int) -> HttpResponse:
    template = _own_template(request, pk)
    return _form(request, template.kind, template)


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def delete_attribute(request: SellerRequest, pk: int) -> HttpResponse:
    template = _own_template(request, pk)
    verbs.delete_template(template)
    messages.success(
        request,
        _("The attribute %(code)s was deleted. Products that use it keep their copy.") % {"code": template.code},
    )
    return redirect("seller_center:attributes")


def _own_template(request: SellerRequest, pk: int) -> AttributeTemplate:
    return or_404(verbs.find_template(request.seller, pk))


# --- the form
# -----------------------------------------------------------------------------------------------------------


def _form(request: SellerRequest, kind: str, template: AttributeTemplate | None) -> HttpResponse:
    """Show and save an attribute; without ``template`` a new one. A button adds a value row without saving."""
    wrong, typed = InputErrors(), _initial_values(template)
    lines = max(FIRST_VALUES, len(template.values) if template else 0)
    if request.method == "POST":
        typed = {name: value for name, value in request.POST.items() if isinstance(value, str)}
        lines = next((index for index in range(MAX_VALUES) if f"values.{index}.zh" not in typed), MAX_VALUES)
        if request.POST.get("act") == "add-value":
            lines = min(lines + 1, MAX_VALUES)
        else:
            attribute, places = _read(typed, kind, template, lines)
            wrong = _errors_of(attribute, places)
            if not wrong and _save(request, attribute, template, wrong):
                messages.success(request, _("The attribute was saved. Existing copies in products are unchanged."))
                return redirect("seller_center:attributes")
    return show(
        request,
        "seller_center/attribute.html",
        status=422 if wrong else 200,
        own=template,
        kind=kind,
        wrong=wrong,
        loose=wrong.at(""),
        code=_input("code", _("Attribute code"), typed, wrong, longest=MAX_CODE, required=True)
        if template is None
        else None,
        names=_language_inputs("name", _("Name of the attribute"), typed, wrong),
        values=[
            _language_inputs(f"values.{index}", _("Value %(number)s") % {"number": index + 1}, typed, wrong)
            for index in range(lines)
        ]
        if kind == Kind.ENUM
        else [],
        may_add=lines < MAX_VALUES,
        numbers=_number_inputs(template, typed, wrong) if kind == Kind.NUMBER else [],
    )


def _initial_values(template: AttributeTemplate | None) -> Typed:
    """Return the initial values of the form."""
    if template is None:
        return {"least": "1", "most": "100", "step": "1"}
    typed = {"name.zh": template.name, "name.en": template.name_en}
    for number, value in enumerate(template.values):
        typed |= {f"values.{number}.{language}": value[language] for language in _LANGUAGES}
    return typed | {name: str(getattr(template, name) or "") for name, _label in _NUMBER_FIELDS}


def _read(
    typed: Typed, kind: str, template: AttributeTemplate | None, lines: int
) -> tuple[AttributeData, Sequence[int]]:
    """Return the submitted attribute, and the row of each value. Empty rows are skipped."""

    def text(at: str) -> Text:
        return Text(**{language: " ".join(typed.get(f"{at}.{language}", "").split()) for language in _LANGUAGES})

    values = [(index, text(f"values.{index}")) for index in range(lines)] if kind == Kind.ENUM else []
    filled = [(index, value) for index, value in values if value.zh or value.en]
    minimum, maximum, step = (
        whole_number(typed.get(name, ""), digits=MAX_DIGITS) if kind == Kind.NUMBER else None
        for name, _label in _NUMBER_FIELDS
    )
    attribute = AttributeData(
        code=template.code if template else typed.get("code", "").strip(), name=text("name"), kind=kind,
        values=tuple(value for _n, value in filled), least=minimum, most=maximum,
        step=template.step if template else step,
    )  # fmt: skip
    return attribute, [index for index, _value in filled]


def _errors_of(attribute: AttributeData, places: Sequence[int]) -> InputErrors:
    wrong = InputErrors()
    for finding in verbs.findings(attribute):
        wrong.put(_input_of(finding.field, places), finding.words, finding.rule)
    return wrong


def _input_of(field: str, places: Sequence[int]) -> str:
    """Map a field of an attribute, such as ``values.0.en``, to its input."""
    head, _dot, rest = field.partition(".")
    number, _dot, language = rest.partition(".")
    return f"values.{places[int(number)]}.{language}" if head == "values" and places else field


def _save(
    request: SellerRequest, attribute: AttributeData, template: AttributeTemplate | None, wrong: InputErrors
) -> bool:
    try:
        with transaction.atomic():
            if template is None:
                verbs.create_template(request.seller, attribute, most=config().catalog.attributes_most, now=request.now)
            else:
                verbs.change_template(template, attribute)
    except Refused as refused:
        wrong.put(refused.field, refused.message, refused.rule)
        return False
    return True


def _number_inputs(template: AttributeTemplate | None, typed: Typed, wrong: InputErrors) -> Sequence[InputView]:
    return [
        _input(name, str(label), typed, wrong, longest=MAX_DIGITS, required=True, look=Look.NUMBER)
        for name, label in _NUMBER_FIELDS
        if template is None or name != "step"
    ]


def _language_inputs(at: str, label: str, typed: Typed, wrong: InputErrors) -> Sequence[InputView]:
    return [
        _input(f"{at}.{language}", label, typed, wrong, longest=MAX_NAME_LENGTH, language=language, required=True)
        for language in _LANGUAGES
    ]


def _input(name: str, label: str, typed: Typed, wrong: InputErrors, **look: Any) -> InputView:
    return InputView(name=name, label=label, value=typed.get(name, ""), errors=wrong.at(name), **look)
