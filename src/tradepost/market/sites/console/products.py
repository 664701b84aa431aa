"""All products of the market, and one with what is sold of it: an operator suspends its sale, lets it go on, or ends it."""

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

from tradepost.market.base.both_languages import named
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import delist, trading
from tradepost.market.catalog.models import Product, Sku, Spec
from tradepost.market.catalog.operator_queries import ProductFilter, all_products, find_product, offers_of, versions_of
from tradepost.market.notifications.facts import is_chinese
from tradepost.market.probes.selling_again import check_may_be_sold
from tradepost.market.product_types.registry import product_types
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.product_history import product_events
from tradepost.market.web.refusals import say_why
from tradepost.market.web.status import vocabulary
from tradepost.protocols.text import Text

from .probes import figures


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=trading.LONGEST_CAUSE, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The seller reads it."),
    )  # fmt: skip


class StopForm(ReasonForm):
    what = forms.ChoiceField(label=gettext_lazy("What ends"))
    field_order = ("what", "reason")

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "stop-%s"
        self.fields["what"].choices = _parts(product)  # type: ignore[attr-defined]  # of a ChoiceField


def _parts(product: Product) -> list[tuple[str, Any]]:
    """The whole product, and each spec that is sold with its SKUs."""
    parts: list[tuple[str, Any]] = [("product", _("The whole product"))]
    for spec in offers_of(product):
        if spec.stopped_at is not None:
            continue
        name = named(spec)
        skus = [
            (f"sku:{sku.code}", _chosen(sku, spec) or f"SKU {sku.code[:12]}")
            for sku in spec.skus.all()
            if not sku.stopped_at
        ]
        parts.append((name, [(f"spec:{spec.key}", _("Spec “%(name)s” with all its SKUs") % {"name": name}), *skus]))
    return parts


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = ProductFilter(
        text=request.GET.get("q", "").strip()[:64], status=request.GET.get("status", ""),
        kind=request.GET.get("kind", "")[:32], seller=request.GET.get("seller", "")[:18],
    )  # fmt: skip
    context = {
        "page": all_products(asked, after=request.GET.get("after", "")),
        "asked": asked,
        "statuses": vocabulary("product"),
        "kinds": [(kind.code, _in_words(kind.title)) for kind in product_types().values()],
    }
    return render(request, "console/products.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk))


@operator_required
@require_POST
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, _found(pk), "freeze")


@operator_required
@require_POST
def unfreeze(request: HttpRequest, pk: int) -> HttpResponse:
    product = _found(pk)
    try:
        with transaction.atomic():
            check_may_be_sold(product)
            trading.unfreeze(product, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("It is sold again. The seller was told."))
    return redirect("console:product", pk)


@operator_required
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """The product, or one of its specs or SKUs: ``what`` names it."""
    return _do(request, _found(pk), "stop")


def _do(request: HttpRequest, product: Product, act: str) -> HttpResponse:
    form = ReasonForm(request.POST) if act == "freeze" else StopForm(request.POST, product=product)
    if not form.is_valid():
        return _page(request, product, **{act: form})
    by, now, reason = person(request).email, now_of(request), form.cleaned_data["reason"]
    try:
        with transaction.atomic():
            if act == "freeze":
                trading.freeze(product, cause=reason, actor=by, now=now)
                said = _("Sales are suspended. The seller was told why.")
            else:
                delist.stop(
                    _node(form.cleaned_data["what"], product), reason=reason, actor=by, now=now, by_operator=True
                )
                said = _("Sales have ended for good. The seller was told why.")
    except Refused as refused:
        messages.error(request, refused.message)
        say_why(form, refused)
        return _page(request, product, **{act: form})
    messages.success(request, said)
    return redirect("console:product", product.pk)


def _node(what: str, product: Product) -> Product | Spec | Sku:
    """``what`` is one of the form's choices, so that it is there."""
    kind, _colon, key = what.partition(":")
    match kind:
        case "spec":
            return Spec.objects.get(product=product, key=key)
        case "sku":
            return Sku.objects.select_related("spec").get(spec__product=product, code=key)
        case _:
            return product


def _chosen(sku: Sku, spec: Spec) -> str:
    """The values that tell a SKU from the others of its spec; nothing where there is nothing to choose."""
    return " · ".join(
        named(value)
        for attribute in spec.attributes
        for value in attribute["values"]
        if sku.values.get(attribute["code"]) == value["code"]
    )


def _in_words(text: Text) -> str:
    return text.zh if is_chinese() else text.en


def _found(pk: int) -> Product:
    product = find_product(pk)
    if product is None:
        raise Http404
    return product


def _page(request: HttpRequest, product: Product, **forms_: forms.Form) -> HttpResponse:
    kind = product_types().get(product.product_type)
    context: dict[str, Any] = {
        "product": product,
        "kind": _in_words(kind.title) if kind else product.product_type,
        "versions": versions_of(product),
        "specs": [(spec, [(sku, _chosen(sku, spec)) for sku in spec.skus.all()]) for spec in offers_of(product)],
        "events": product_events(product, with_actors=True),
        "freeze_form": forms_.get("freeze") or ReasonForm(auto_id="freeze-%s"),
        "stop_form": forms_.get("stop") or StopForm(product=product),
        **figures(request, product),
        "living": product.status in {Product.Status.ON_SALE, Product.Status.FROZEN},
    }
    wrong = any(form.errors for form in forms_.values())
    return render(
        request, "console/product.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    )  # fmt: skip
