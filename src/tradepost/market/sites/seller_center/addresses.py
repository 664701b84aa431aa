"""Production addresses: register, change, and say which product is served where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import SigningKey
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses as verbs
from tradepost.market.production import reasons, seller_queries
from tradepost.market.production.models import Address
from tradepost.protocols.registry import protocols

from .frame import SellerRequest, found, seller_page, show


class AddressForm(forms.Form):
    """The inputs alone; the rules are the verb's."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=512,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    protocol = forms.ChoiceField(
        label=gettext_lazy("Protocol"),
        help_text=gettext_lazy(
            "Which interface your server implements. It cannot be changed later: register another address instead."
        ),
    )
    product = forms.ChoiceField(
        label=gettext_lazy("Serve this product at the address"),
        required=False,
        help_text=gettext_lazy("You can bind more products afterwards."),
    )
    require_body_sign = forms.BooleanField(
        label=gettext_lazy("Require signed answers (Body-Sign)"),
        required=False,
        help_text=gettext_lazy(
            "Then an answer counts only if its Body-Sign header proves that your server wrote it. Leave it on, unless your "
            "server cannot sign yet: without it, somebody between us and your server could invent answers. "
            "A wrong signature is refused in any case."
        ),
    )

    def __init__(self, *args: object, products: Sequence[Product] = (), kind: str = "", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        self.fields["url"].help_text = (
            _("Starts with http:// or https://. In this sandbox loopback addresses and ports are allowed.")
            if config().sandbox
            else _(
                "Starts with https:// and a public domain name with a valid certificate. One address serves all activities."
            )
        )
        field = self.fields["protocol"]
        if isinstance(field, forms.ChoiceField):
            field.choices = protocol_choices(kind, [product.product_type for product in products])
        if isinstance(chosen := self.fields["product"], forms.ChoiceField):
            chosen.choices = [("", _("None for now")), *((str(p.pk), p.name) for p in products)]


def protocol_choices(kind: str = "", sold: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Installed protocols that a product of this kind (of any kind, when empty) may be served by.

    In the order of the kind, those of the kinds that are ``sold`` first: the first, which the form proposes, is the one
    to begin with.
    """
    kinds = product_types()
    wanted = [kind] if kind in kinds else [*(one for one in sold if one in kinds), *kinds]
    fit = [name for one in wanted for name in kinds[one].protocols]
    known = protocols()
    return [(name, known[name].title) for name in dict.fromkeys(fit) if name in known]


@require_safe
@seller_page(menu=Menu.TOOLS)
def addresses(request: SellerRequest) -> HttpResponse:
    own = seller_queries.seller_addresses(request.seller)
    classes = seller_queries.classes_with_key(request.seller)
    return show(
        request,
        "seller_center/addresses.html",
        addresses=[_described(address, classes) for address in own],
        products=[_choices(product, own) for product in seller_queries.seller_products(request.seller)],
    )


def _choices(product: Product, own: Iterable[Address]) -> tuple[Product, list[Address], bool]:
    """A product, the addresses that can serve it, and whether it is bound to the only one: then there is no choice."""
    fit = [address for address in own if address.protocol in product_types()[product.product_type].protocols]
    bound = getattr(product, "binding", None)
    return product, fit, bound is not None and [address.pk for address in fit] == [bound.address_id]


def _described(address: Address, classes: set[str]) -> dict[str, object]:
    wanted = seller_queries.key_class(address.protocol)
    return {
        "address": address,
        "protocol": protocols()[address.protocol].title if address.protocol in protocols() else address.protocol,
        "fault": reasons.explain(address.last_fault) if address.last_fault else None,
        "has_key": wanted in classes,
        "key_class": SigningKey.InterfaceClass(wanted).label if wanted else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def new_address(request: SellerRequest) -> HttpResponse:
    products = seller_queries.seller_products(request.seller)
    asked = request.GET.get("product", "")
    product = next((p for p in products if str(p.pk) == asked), None)
    form = AddressForm(
        request.POST or None,
        products=products,
        kind=product.product_type if product else "",
        initial={"require_body_sign": config().body_sign == "required", "product": asked},
    )
    if form.is_valid() and _register(request, form, products):
        messages.success(request, _("The address is registered."))
        return redirect("seller_center:addresses")
    return show(request, "seller_center/address_form.html", form=form)


def _register(request: SellerRequest, form: AddressForm, products: list[Product]) -> bool:
    given = form.cleaned_data
    product = next((p for p in products if str(p.pk) == given["product"]), None)
    try:
        with transaction.atomic():
            address = verbs.register(
                request.seller,
                url=given["url"],
                protocol=given["protocol"],
                require_body_sign=given["require_body_sign"],
                sandbox=config().sandbox,
                now=request.now,
            )
            if product is not None:
                verbs.bind(product, address)
    except Refused as refused:
        _beside(form, refused)
        return False
    return True


def _beside(form: forms.Form, refused: Refused) -> None:
    """The refusal beside the field it is about; above the form when it is about none."""
    field = {"address": "product"}.get(refused.field, refused.field)
    form.add_error(field if field in form.fields else None, refused.message)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def address(request: SellerRequest, pk: int) -> HttpResponse:
    own = found(seller_queries.find_address(request.seller, pk))
    form = AddressForm(
        request.POST or None,
        initial={"url": own.url, "require_body_sign": own.require_body_sign, "protocol": own.protocol},
    )
    del form.fields["product"], form.fields["protocol"]
    if form.is_valid():
        given = form.cleaned_data
        try:
            verbs.change(own, url=given["url"], require_body_sign=given["require_body_sign"], sandbox=config().sandbox)
        except Refused as refused:
            _beside(form, refused)
        else:
            messages.success(request, _("The address is changed. Calls that were held are made at once."))
            return redirect("seller_center:addresses")
    return show(
        request,
        "seller_center/address_form.html",
        form=form,
        own=_described(own, seller_queries.classes_with_key(request.seller)),
    )


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def bind(request: SellerRequest, pk: int) -> HttpResponse:
    """Serve a product at another address; both must be the seller's own."""
    product = found(seller_queries.find_product(request.seller, pk))
    given = whole_number(request.POST.get("address", ""))
    own = found(seller_queries.find_address(request.seller, given) if given is not None else None)
    verbs.bind(product, own)
    with_name = {"product": product.name, "address": own.url}
    messages.success(request, _("%(product)s is served at %(address)s.") % with_name)
    return redirect("seller_center:addresses")
