"""All products of the market: list, and detail page where an operator suspends, resumes or ends the sale."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.catalog import delist, trading
from tradepost.market.catalog.models import Product, Sku, Spec
from tradepost.market.catalog.operator_queries import ProductFilter, all_products, find_product, offers_of, versions_of
from tradepost.market.notifications.facts import is_chinese
from tradepost.market.probes.selling_again import check_may_be_sold
from tradepost.market.product_types.registry import product_types
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    ask,
    choice,
    day,
    fragment,
    hidden,
    page_link,
    search,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.product_history import product_events
from tradepost.market.web.status import look, state_choices
from tradepost.protocols.text import Text

from .list_parts import LAYOUT, seller_column
from .probes import figures


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=trading.MAX_CAUSE_LENGTH, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The seller can see it."),
    )  # fmt: skip


class StopForm(ReasonForm):
    what = forms.ChoiceField(label=gettext_lazy("Sales to end"))
    field_order = ("what", "reason")

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "stop-%s"
        self.fields["what"].choices = _part_choices(product)  # type: ignore[attr-defined]  # of a ChoiceField


def _part_choices(product: Product) -> list[tuple[str, Any]]:
    """Return the product, and each spec on sale with its SKUs, as choices."""
    parts: list[tuple[str, Any]] = [("product", _("The whole product"))]
    for spec in offers_of(product):
        if spec.stopped_at is not None:
            continue
        name = localised_name(spec)
        skus = [
            (f"sku:{sku.code}", _sku_label(sku, spec) or f"SKU {sku.code[:12]}")
            for sku in spec.skus.all()
            if not sku.stopped_at
        ]
        parts.append((name, [(f"spec:{spec.key}", _("Spec “%(name)s” with all its SKUs") % {"name": name}), *skus]))
    return parts


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Product]:
    del request
    filters = ProductFilter(
        text=query["q"], status=query["status"], kind=query["kind"], seller=query["seller"], since=query.since,
        until=query.until,
    )  # fmt: skip
    return all_products(filters, after=after, size=size)


def _kind(product: Product) -> str:
    kind = product_types().get(product.product_type)
    return _localized(kind.title) if kind else product.product_type


def _kinds(request: HttpRequest) -> list[tuple[str, str]]:
    del request
    return [(kind.code, _localized(kind.title)) for kind in product_types().values()]


LISTING: Listing[Product, Product] = Listing(
    name="console:products",
    title=gettext_lazy("Products"),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(gettext_lazy("Product"), ":name", "console:product", "pk", css="c-cell"),
        fragment(
            gettext_lazy("Status"),
            lambda one: str(look("product", one.status).label),
            "console/parts/product_state.html",
        ),
        seller_column(),
        text(gettext_lazy("Kind"), _kind),
        day(gettext_lazy("Created"), "created_at"),
        day(gettext_lazy("Listed on"), "listed_at"),
    ),
    filters=(
        search(gettext_lazy("Part of a name or page address, or a productId")),
        choice("status", gettext_lazy("Status"), lambda _request: state_choices("product")),
        choice("kind", gettext_lazy("Kind"), _kinds),
        time_range(gettext_lazy("Created")),
        hidden("seller"),
    ),
    empty=Empty(
        icon="package",
        title=gettext_lazy("No products yet"),
        text=gettext_lazy("Products appear here when sellers create them."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No products found"),
        text=gettext_lazy("Search for a part of the Chinese or English name, or remove a filter."),
    ),
    file="products",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _product(pk))


@operator_required
@require_POST
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_act(request, _product(pk), "freeze")


@operator_required
@require_POST
def unfreeze(request: HttpRequest, pk: int) -> HttpResponse:
    product = _product(pk)
    try:
        with transaction.atomic():
            check_may_be_sold(product)
            trading.unfreeze(product, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Sales resumed. The seller was notified."))
    return redirect("console:product", pk)


@operator_required
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """End the sale of the product, a spec or a SKU, named by ``what``."""
    return _run_act(request, _product(pk), "stop")


def _run_act(request: HttpRequest, product: Product, act: str) -> HttpResponse:
    form = ReasonForm(request.POST) if act == "freeze" else StopForm(request.POST, product=product)

    def end_sales() -> str:
        by, now, reason = person(request).email, now_of(request), form.cleaned_data["reason"]
        if act == "freeze":
            trading.freeze(product, cause=reason, actor=by, now=now)
            return _("Sales are suspended. The seller was notified of the reason.")
        delist.stop(_find_part(form.cleaned_data["what"], product), reason=reason, actor=by, now=now, by_operator=True)
        return _("Sales have ended permanently. The seller was notified of the reason.")

    return ask(
        request,
        form,
        end_sales,
        page=lambda: _page(request, product, **{act: form}),
        done=str,
        back=("console:product", product.pk),
    )


def _find_part(node_key: str, product: Product) -> Product | Spec | Sku:
    """Return the object of a choice of the form, which always exists."""
    kind, _colon, key = node_key.partition(":")
    match kind:
        case "spec":
            return Spec.objects.get(product=product, key=key)
        case "sku":
            return Sku.objects.select_related("spec").get(spec__product=product, code=key)
        case _:
            return product


def _sku_label(sku: Sku, spec: Spec) -> str:
    """Return the values that distinguish a SKU within its spec; "" without a choice."""
    return " · ".join(
        localised_name(value)
        for attribute in spec.attributes
        for value in attribute["values"]
        if sku.values.get(attribute["code"]) == value["code"]
    )


def _localized(text: Text) -> str:
    return text.zh if is_chinese() else text.en


def _product(pk: int) -> Product:
    product = find_product(pk)
    if product is None:
        raise Http404
    return product


def _page(request: HttpRequest, product: Product, **bound_forms: forms.Form) -> HttpResponse:
    kind = product_types().get(product.product_type)
    context: dict[str, Any] = {
        "product": product,
        "kind": _localized(kind.title) if kind else product.product_type,
        "versions": versions_of(product),
        "specs": [(spec, [(sku, _sku_label(sku, spec)) for sku in spec.skus.all()]) for spec in offers_of(product)],
        "events": product_events(product, with_actors=True),
        "freeze_form": bound_forms.get("freeze") or ReasonForm(auto_id="freeze-%s"),
        "stop_form": bound_forms.get("stop") or StopForm(product=product),
        **figures(request, product),
        "living": product.status in {Product.Status.ON_SALE, Product.Status.FROZEN},
    }
    wrong = any(form.errors for form in bound_forms.values())
    return render(
        request, "console/product.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    )  # fmt: skip
