"""Sale controls of a product: visibility, audience, limits and stock. Changes take effect at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import controls as verbs
from tradepost.market.catalog.models import Product, PurchaseLimit, SalesTarget, Spec, Stock
from tradepost.market.catalog.sellable import MAX_UNITS
from tradepost.market.identity.menus import Menu
from tradepost.market.web.product_history import product_events
from tradepost.market.web.refusals import add_refusal

from .frame import SellerRequest, seller_page, show
from .product_frame import PRODUCT_SCOPE, Scopes, own_product, scopes, spec_key_of

EVERYONE = "everyone"
MAX_LIST_LENGTH = 80_000
"""Maximum length of a list of buyers: as many lines as allowed, with long addresses."""


class LimitForm(forms.Form):
    spec = forms.ChoiceField(label=gettext_lazy("Applies to"))
    maximum = forms.IntegerField(
        label=gettext_lazy("At most"), min_value=1, max_value=MAX_UNITS,
        help_text=gettext_lazy("Per buyer. 1 allows one purchase of any quantity. A higher number limits the total quantity across all orders."),
    )  # fmt: skip
    until_expiry = forms.BooleanField(label=gettext_lazy("Count only active services"), required=False)

    def __init__(self, *args: Any, product: Product, known: Scopes | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "limit-%s"
        self.fields["spec"].choices = known or scopes(product)  # type: ignore[attr-defined]  # of a ChoiceField


class OwnProduct(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at runtime
    def label_from_instance(self, obj: Product) -> str:
        return localised_name(obj)


class TargetForm(forms.Form):
    spec = forms.ChoiceField(label=gettext_lazy("Applies to"))
    audience = forms.ChoiceField(
        label=gettext_lazy("Sold to"), choices=[(EVERYONE, gettext_lazy("Everyone")), *SalesTarget.Audience.choices]
    )
    buyers = forms.CharField(
        label=gettext_lazy("Listed buyers"), required=False, max_length=MAX_LIST_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "For listed buyers: enter one account ID and email address per line. Both must belong to the same buyer. Buyers see their ID on their profile. If the list is empty, no buyer can purchase."
        ),
    )  # fmt: skip
    holders_of = OwnProduct(
        label=gettext_lazy("Buyers of"), empty_label="–", queryset=Product.objects.none(), required=False,
        help_text=gettext_lazy("For buyers of another product: buyers with a delivered purchase of it."),
    )  # fmt: skip

    def __init__(self, *args: Any, product: Product, known: Scopes | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "target-%s"
        self.fields["spec"].choices = known or scopes(product)  # type: ignore[attr-defined]  # of a ChoiceField
        products = Product.objects.filter(seller=product.seller_id).exclude(pk=product.pk).order_by("name", "pk")
        self.fields["holders_of"].queryset = products  # type: ignore[attr-defined]  # of a ModelChoiceField


class StockForm(forms.Form):
    change = forms.IntegerField(
        label=gettext_lazy("Change by"), min_value=-verbs.MAX_CHANGE, max_value=verbs.MAX_CHANGE,
        help_text=gettext_lazy("Add (20) or remove (-20). The total cannot fall below the number sold or reserved."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "stock-%s"


@require_safe
@seller_page(menu=Menu.PRODUCTS, product="pk")
def controls(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, own_product(request, pk))


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def visibility(request: SellerRequest, pk: int) -> HttpResponse:
    """Hide or show (``what``) a spec by its key, or the product."""
    product, by = own_product(request, pk), request.user.email
    hidden, key = request.POST.get("what") == "hide", request.POST.get("spec", "")[:32]

    def change() -> str:
        if key:
            verbs.hide_spec(product, key, hidden=hidden, now=request.now, by=by)
            return _("The spec is sold by its link only.") if hidden else _("The spec is public.")
        (verbs.hide if hidden else verbs.show)(product, now=request.now, by=by)
        return (
            _("Only people with the link can find it now.")
            if hidden
            else _("The product and all its specs are public.")
        )

    return _run_change(request, product, change)


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def limit(request: SellerRequest, pk: int) -> HttpResponse:
    product, by = own_product(request, pk), request.user.email
    if "drop" in request.POST:
        key = request.POST.get("spec", "")[:32]

        def drop() -> str:
            verbs.remove_limit(product, spec_key=key, now=request.now, by=by)
            return _("The limit was removed.")

        return _run_change(request, product, drop)
    form = LimitForm(request.POST, product=product)

    def save() -> str:
        values = form.cleaned_data
        verbs.set_limit(
            product, spec_key=spec_key_of(values["spec"]), maximum=values["maximum"], until_expiry=values["until_expiry"],
            now=request.now, by=by,
        )  # fmt: skip
        return _("The limit applies from the next order.")

    return _run_change(request, product, save, limit_form=form)


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def target(request: SellerRequest, pk: int) -> HttpResponse:
    product, by = own_product(request, pk), request.user.email
    form = TargetForm(request.POST, product=product)

    def save() -> str:
        values = form.cleaned_data
        if values["audience"] == EVERYONE:
            verbs.remove_target(product, spec_key=spec_key_of(values["spec"]), now=request.now, by=by)
            return _("It is now sold to everyone.")
        verbs.set_target(
            product, spec_key=spec_key_of(values["spec"]), audience=values["audience"],
            buyers=verbs.read_buyers(values["buyers"]), holders_of=values["holders_of"], now=request.now, by=by,
        )  # fmt: skip
        return _("From the next order, it is sold only to these buyers.")

    return _run_change(request, product, save, target_form=form)


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def stock(request: SellerRequest, pk: int) -> HttpResponse:
    product, by = own_product(request, pk), request.user.email
    form = StockForm(request.POST)

    def save() -> str:
        row = verbs.change_stock(product, form.cleaned_data["change"], now=request.now, by=by)
        return _("The total is now %(total)s, with %(left)s available.") % {
            "total": row.total,
            "left": row.total - row.used,
        }

    return _run_change(request, product, save, stock_form=form)


def _run_change(
    request: SellerRequest, product: Product, act: Callable[[], str], **submitted_forms: forms.Form
) -> HttpResponse:
    """Run a change and redirect with its message. A refusal is shown beside its field, and the input is kept."""
    form = next(iter(submitted_forms.values()), None)
    if form is not None and not form.is_valid():
        return _page(request, product, **submitted_forms)
    try:
        with transaction.atomic():
            message = act()
    except Refused as refused:
        if form is None:
            messages.error(request, refused.message)
            return redirect("seller_center:product_controls", pk=product.pk)
        add_refusal(form, refused)
        return _page(request, product, **submitted_forms)
    messages.success(request, message)
    return redirect("seller_center:product_controls", pk=product.pk)


def _page(request: SellerRequest, product: Product, **submitted_forms: forms.Form) -> HttpResponse:
    scope_choices = scopes(product)
    names = {spec_key_of(scope): words for scope, words in scope_choices}
    targets = list(SalesTarget.objects.filter(product=product).select_related("holders_of").order_by("spec_key"))
    edited = next((target for target in targets if target.spec_key == request.GET.get("target", "-")), None)
    context: dict[str, Any] = {
        "product": product,
        "specs": Spec.objects.filter(product=product, stopped_at=None).order_by("position", "pk"),
        "base_url": config().base_url,
        "limits": [
            (names.get(purchase_limit.spec_key, "–"), purchase_limit)
            for purchase_limit in PurchaseLimit.objects.filter(product=product).order_by("spec_key")
        ],
        "targets": [(names.get(target.spec_key, "–"), target, target.buyers.count()) for target in targets],
        "stock": Stock.objects.filter(product=product).first(),
        "changes": product.status != Product.Status.STOPPED,
        "limit_form": LimitForm(product=product, known=scope_choices),
        "target_form": TargetForm(product=product, known=scope_choices, initial=_initial_values(edited)),
        "stock_form": StockForm(),
        "events": product_events(product, with_actors=False),
    }
    return show(request, "seller_center/controls.html", **context | submitted_forms)


def _initial_values(edited: SalesTarget | None) -> dict[str, Any]:
    if edited is None:
        return {}
    buyers = "\n".join(f"{buyer.customer_id} {buyer.email}" for buyer in edited.buyers.order_by("pk"))
    return {
        "spec": edited.spec_key or PRODUCT_SCOPE,
        "audience": edited.audience,
        "buyers": buyers,
        "holders_of": edited.holders_of_id,
    }
