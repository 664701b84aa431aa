"""Sale controls of a product: who finds it, who may buy, how much, and how many there are. What they change counts at once."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import named
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import controls as verbs
from tradepost.market.catalog.models import Product, PurchaseLimit, SalesTarget, Spec, Stock
from tradepost.market.catalog.sellable import MOST_UNITS
from tradepost.market.identity.menus import Menu
from tradepost.market.web.product_history import product_events
from tradepost.market.web.refusals import say_why

from .frame import SellerRequest, seller_page, show
from .product_frame import ALL, Scopes, key_of, own_product, scopes

EVERYONE = "everyone"
LONGEST_LIST = 80_000
"""Characters of a list of buyers: as many lines as there may be, and long addresses."""


class LimitForm(forms.Form):
    spec = forms.ChoiceField(label=gettext_lazy("Applies to"))
    maximum = forms.IntegerField(
        label=gettext_lazy("At most"), min_value=1, max_value=MOST_UNITS,
        help_text=gettext_lazy("For each buyer. 1 means once, whatever the quantity; more is a quantity over all orders."),
    )  # fmt: skip
    until_expiry = forms.BooleanField(
        label=gettext_lazy("Only until the service ends: what has ended is not counted"), required=False
    )

    def __init__(self, *args: Any, product: Product, known: Scopes | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "limit-%s"
        self.fields["spec"].choices = known or scopes(product)  # type: ignore[attr-defined]  # of a ChoiceField


class OwnProduct(forms.ModelChoiceField):  # type: ignore[type-arg]  # no generic when it runs
    def label_from_instance(self, obj: Product) -> str:
        return named(obj)


class TargetForm(forms.Form):
    spec = forms.ChoiceField(label=gettext_lazy("Applies to"))
    audience = forms.ChoiceField(
        label=gettext_lazy("Sold to"), choices=[(EVERYONE, gettext_lazy("Everyone")), *SalesTarget.Audience.choices]
    )
    buyers = forms.CharField(
        label=gettext_lazy("Listed buyers"), required=False, max_length=LONGEST_LIST,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "For listed buyers: one a line, account id and e-mail address. Both must be the buyer's; buyers see their id on "
            "their profile. An empty list sells to nobody."
        ),
    )  # fmt: skip
    holders_of = OwnProduct(
        label=gettext_lazy("Buyers of"), empty_label="–", queryset=Product.objects.none(), required=False,
        help_text=gettext_lazy("For buyers of another product: who has bought it and got it."),
    )  # fmt: skip

    def __init__(self, *args: Any, product: Product, known: Scopes | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "target-%s"
        self.fields["spec"].choices = known or scopes(product)  # type: ignore[attr-defined]  # of a ChoiceField
        others = Product.objects.filter(seller=product.seller_id).exclude(pk=product.pk).order_by("name", "pk")
        self.fields["holders_of"].queryset = others  # type: ignore[attr-defined]  # of a ModelChoiceField


class StockForm(forms.Form):
    change = forms.IntegerField(
        label=gettext_lazy("Change by"), min_value=-verbs.LARGEST_CHANGE, max_value=verbs.LARGEST_CHANGE,
        help_text=gettext_lazy("More (20) or fewer (-20). The total stays above what is sold or reserved."),
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
    """``what``: hide or show; ``spec``: the key of one, empty for the product."""
    product, by = own_product(request, pk), request.user.email
    hidden, key = request.POST.get("what") == "hide", request.POST.get("spec", "")[:32]

    def change() -> str:
        if key:
            verbs.hide_spec(product, key, hidden=hidden, now=request.now, by=by)
            return _("The spec is sold by its link only.") if hidden else _("The spec is public.")
        (verbs.hide if hidden else verbs.show)(product, now=request.now, by=by)
        return _("Only who has the link finds it now.") if hidden else _("The product and all its specs are public.")

    return _do(request, product, change)


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def limit(request: SellerRequest, pk: int) -> HttpResponse:
    product, by = own_product(request, pk), request.user.email
    if "drop" in request.POST:
        key = request.POST.get("spec", "")[:32]

        def drop() -> str:
            verbs.drop_limit(product, spec_key=key, now=request.now, by=by)
            return _("There is no limit any more.")

        return _do(request, product, drop)
    form = LimitForm(request.POST, product=product)

    def save() -> str:
        given = form.cleaned_data
        verbs.set_limit(
            product, spec_key=key_of(given["spec"]), maximum=given["maximum"], until_expiry=given["until_expiry"],
            now=request.now, by=by,
        )  # fmt: skip
        return _("The limit holds from the next order on.")

    return _do(request, product, save, limit_form=form)


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def target(request: SellerRequest, pk: int) -> HttpResponse:
    product, by = own_product(request, pk), request.user.email
    form = TargetForm(request.POST, product=product)

    def save() -> str:
        given = form.cleaned_data
        if given["audience"] == EVERYONE:
            verbs.drop_target(product, spec_key=key_of(given["spec"]), now=request.now, by=by)
            return _("It is sold to everyone.")
        verbs.set_target(
            product, spec_key=key_of(given["spec"]), audience=given["audience"], buyers=verbs.read_buyers(given["buyers"]),
            holders_of=given["holders_of"], now=request.now, by=by,
        )  # fmt: skip
        return _("From the next order on it is sold to them only.")

    return _do(request, product, save, target_form=form)


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def stock(request: SellerRequest, pk: int) -> HttpResponse:
    product, by = own_product(request, pk), request.user.email
    form = StockForm(request.POST)

    def save() -> str:
        row = verbs.change_stock(product, form.cleaned_data["change"], now=request.now, by=by)
        return _("There are %(total)s in all now, %(left)s of them free.") % {
            "total": row.total,
            "left": row.total - row.used,
        }

    return _do(request, product, save, stock_form=form)


def _do(request: SellerRequest, product: Product, act: Callable[[], str], **forms_: forms.Form) -> HttpResponse:
    """Change it and say so; what is refused stands beside its field, and what was typed stays."""
    form = next(iter(forms_.values()), None)
    if form is not None and not form.is_valid():
        return _page(request, product, status=HTTPStatus.UNPROCESSABLE_ENTITY, **forms_)
    try:
        with transaction.atomic():
            said = act()
    except Refused as refused:
        if form is None:
            messages.error(request, refused.message)
            return redirect("seller_center:product_controls", pk=product.pk)
        say_why(form, refused)
        return _page(request, product, status=refused.status, **forms_)
    messages.success(request, said)
    return redirect("seller_center:product_controls", pk=product.pk)


def _page(
    request: SellerRequest, product: Product, *, status: int = HTTPStatus.OK, **forms_: forms.Form
) -> HttpResponse:
    known = scopes(product)
    names = {key_of(scope): words for scope, words in known}
    targets = list(SalesTarget.objects.filter(product=product).select_related("holders_of").order_by("spec_key"))
    edited = next((one for one in targets if one.spec_key == request.GET.get("target", "-")), None)
    context: dict[str, Any] = {
        "product": product,
        "specs": Spec.objects.filter(product=product, stopped_at=None).order_by("position", "pk"),
        "base_url": config().base_url,
        "limits": [
            (names.get(one.spec_key, "–"), one)
            for one in PurchaseLimit.objects.filter(product=product).order_by("spec_key")
        ],
        "targets": [(names.get(one.spec_key, "–"), one, one.buyers.count()) for one in targets],
        "stock": Stock.objects.filter(product=product).first(),
        "changes": product.status != Product.Status.STOPPED,
        "limit_form": LimitForm(product=product, known=known),
        "target_form": TargetForm(product=product, known=known, initial=_filled(edited)),
        "stock_form": StockForm(),
        "events": product_events(product, with_actors=False),
    }
    return show(request, "seller_center/controls.html", status=status, **context | forms_)


def _filled(edited: SalesTarget | None) -> dict[str, Any]:
    if edited is None:
        return {}
    buyers = "\n".join(f"{one.customer_id} {one.email}" for one in edited.buyers.order_by("pk"))
    return {
        "spec": edited.spec_key or ALL,
        "audience": edited.audience,
        "buyers": buyers,
        "holders_of": edited.holders_of_id,
    }
