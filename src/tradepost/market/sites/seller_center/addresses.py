"""Production addresses: register, change, test and delete them, and bind products to them (saas-v2 §1.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.applications import move
from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Domain, SigningKey
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses as verbs
from tradepost.market.production import notice_bindings, reasons, seller_queries
from tradepost.market.production.address_health import AddressState, health_of
from tradepost.market.production.models import Address, NoticeBinding
from tradepost.market.production.reasons import Reason
from tradepost.market.production.trials import Trial, newest_trials, start_trial
from tradepost.market.web.pages import ask, require_choice, submitted_data
from tradepost.market.web.templatetags.ui import protocol_title
from tradepost.protocols.cases import cases_of
from tradepost.protocols.commands import Encryption
from tradepost.protocols.registry import protocols

from . import order_notices
from .frame import SellerRequest, or_404, products_of, seller_page, show
from .looks import check_rate


class AddressForm(forms.Form):
    """Inputs of an address; the verb validates them."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=512,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "list": "sc-domains"}
        ),
    )
    protocol = forms.ChoiceField(
        label=gettext_lazy("Protocol"),
        help_text=gettext_lazy(
            "The interface that your server implements. It cannot be changed later; register another address instead."
        ),
    )
    product = forms.ChoiceField(
        label=gettext_lazy("Serve this product at the address"),
        required=False,
        help_text=gettext_lazy(
            "You can bind more products afterwards. With the protocol “Order notification” the address is notified of the "
            "product's orders."
        ),
    )
    require_body_sign = forms.BooleanField(
        label=gettext_lazy("Require signed responses (Body-Sign)"),
        required=False,
        help_text=gettext_lazy(
            "Then an answer counts only if its Body-Sign header proves that your server wrote it. Leave it on, unless your "
            "server cannot sign yet: without it, somebody between us and your server could invent answers. "
            "A wrong signature is refused in any case. License 2.0 (authorization code), Online License and Order "
            "notification do not ask for it."
        ),
    )

    encryption = forms.ChoiceField(
        label=gettext_lazy("Encryption of phone numbers and email addresses"),
        choices=[(Encryption.AES256.value, "AES-256"), (Encryption.AES128.value, "AES-128")],
        required=False,
        help_text=gettext_lazy("Used by SaaS 1.0 only. Choose AES-128 if your server cannot decrypt AES-256."),
    )

    def __init__(self, *args: object, products: Sequence[Product] = (), kind: str = "", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on unchanged
        self.fields["url"].help_text = (
            _("Starts with http:// or https://. In this sandbox loopback addresses and ports are allowed.")
            if config().sandbox
            else _(
                "https://, a verified domain, and a path. The certificate must be valid. One address serves all "
                "activities."
            )
        )
        field = self.fields["protocol"]
        if isinstance(field, forms.ChoiceField):
            field.choices = protocol_choices(kind, [product.product_type for product in products])
        if isinstance(product_field := self.fields["product"], forms.ChoiceField):
            product_field.choices = [("", _("None for now")), *((str(p.pk), localised_name(p)) for p in products)]


def protocol_choices(kind: str = "", sold: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return the installed protocols for products of this kind, or of any kind if it is empty.

    They follow the order of the kind, starting with kinds that are ``sold``, because the form proposes the first. Order
    notifications, which supplement other protocols, come last.
    """
    kinds = product_types()
    preferred_kinds = [kind] if kind in kinds else [*(code for code in sold if code in kinds), *kinds]
    suitable = [name for code in preferred_kinds for name in kinds[code].protocols]
    installed = protocols()
    # Protocols of joint operation use the same address as these.
    suitable += [name for name in installed if set(cases_of(name).beside) & set(suitable)]
    suitable += notice_bindings.notice_protocols() if any(kinds[code].order_notices for code in preferred_kinds) else ()
    return [(name, protocol_title(name)) for name in dict.fromkeys(suitable) if name in installed]


@require_safe
@seller_page(menu=Menu.TOOLS)
def addresses(request: SellerRequest) -> HttpResponse:
    own = seller_queries.seller_addresses(request.seller)
    classes = seller_queries.classes_with_key(request.seller)
    products = list(products_of(request).select_related("binding__address").order_by("-pk"))
    trials, visible = newest_trials(own), {product.pk for product in products}
    bindings = notice_bindings.bindings_of(request.seller)
    return show(
        request,
        "seller_center/addresses.html",
        addresses=[_address_row(address, classes, visible, trials.get(address.pk), bindings) for address in own],
        products=[
            _product_row(product, own) for product in products if product_types()[product.product_type].protocols
        ],
        domains=Domain.objects.filter(seller=request.seller).count(),
        notice_addresses=order_notices.notice_addresses(own),
        notice_rows=order_notices.notice_rows(bindings, products, order_notices.closed_types(request)),
    )


def _product_row(product: Product, own: Iterable[Address]) -> dict[str, object]:
    """Return a product, the addresses that can serve it, and whether the only possible one is already bound."""
    suitable_addresses = [
        address for address in own if address.protocol in product_types()[product.product_type].protocols
    ]
    binding = getattr(product, "binding", None)
    return {
        "product": product,
        "needed": product_types()[product.product_type].needs_interface,
        "choices": suitable_addresses,
        "settled": binding is not None and [address.pk for address in suitable_addresses] == [binding.address_id],
        "may_unbind": binding is not None and product.status != Product.Status.ON_SALE,
    }


def _address_row(
    address: Address,
    classes: set[str],
    visible: Collection[int],
    trial: Trial | None,
    bindings: Iterable[NoticeBinding],
) -> dict[str, object]:
    """Return an address for its page. ``visible``: products that the reader may see. ``bindings``: all of the seller."""
    notified = [binding for binding in bindings if binding.address_id == address.pk]
    interface_class = seller_queries.key_class(address.protocol)
    return {
        "address": address,
        "protocol": protocol_title(address.protocol),
        "fault": _fault(address),
        "encrypts": verbs.encrypts_fields(address.protocol),
        "has_key": interface_class in classes,
        "key_class": SigningKey.InterfaceClass(interface_class).label if interface_class else "",
        "trial": trial,
        "serves": [binding.product for binding in address.bindings.all() if binding.product_id in visible],
        "serves_nothing": not address.bindings.all() and not notified,
        "notifies": notice_bindings.receives_notices(address),
        "notified": order_notices.notified_titles(notified, visible),
    }


def _fault(address: Address) -> Reason | None:
    """Return the address's current fault, explained; a failed probe has its own page."""
    health = health_of(address)
    has_fault = health.state in {AddressState.DEGRADED, AddressState.PAUSED} and health.trouble not in {"", "probe"}
    return reasons.explain(health.trouble, protocol=address.protocol) if has_fault else None


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def new_address(request: SellerRequest) -> HttpResponse:
    products = list(products_of(request).select_related("binding__address").order_by("-pk"))
    product_pk = request.GET.get("product", "")
    product = next((p for p in products if str(p.pk) == product_pk), None)
    domains = _proven_domains(request)
    form = AddressForm(
        submitted_data(request),
        products=products,
        kind=product.product_type if product else "",
        initial={
            "require_body_sign": config().production.body_sign == "required",
            "product": product_pk,
            "protocol": request.GET.get("protocol", ""),
            "url": next(
                (f"https://{domain.host}/" for domain in domains if str(domain.pk) == request.GET.get("domain")), ""
            ),
        },
    )
    return ask(
        request,
        form,
        lambda: _register(request, form.cleaned_data, products),
        page=lambda: show(request, "seller_center/address_form.html", form=form, domains=domains),
        done=_("The address was registered."),
        back="seller_center:addresses",
        fields={"address": "product"},
    )


def _proven_domains(request: SellerRequest) -> list[Domain]:
    return list(Domain.objects.filter(seller=request.seller, status=Domain.Status.VERIFIED).order_by("host"))


def _register(request: SellerRequest, values: dict[str, Any], products: list[Product]) -> None:
    product = next((p for p in products if str(p.pk) == values["product"]), None)
    address = verbs.register(
        request.seller,
        url=values["url"],
        protocol=values["protocol"],
        require_body_sign=values["require_body_sign"],
        encryption=values["encryption"] or Encryption.AES256,
        outbound=config().outbound,
        now=request.now,
    )
    if product is not None and notice_bindings.receives_notices(address):
        notice_bindings.bind_product(product, address)
    elif product is not None:
        move.bind_product(product, address)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def address(request: SellerRequest, pk: int) -> HttpResponse:
    own = _address(request, pk)
    form = AddressForm(
        submitted_data(request),
        initial={
            "url": own.url,
            "require_body_sign": own.require_body_sign,
            "protocol": own.protocol,
            "encryption": own.encryption,
        },
    )
    del form.fields["product"], form.fields["protocol"]
    if not own.asks_body_sign:
        del form.fields["require_body_sign"]
    if not verbs.encrypts_fields(own.protocol):
        del form.fields["encryption"]
    return ask(
        request,
        form,
        lambda: _change(request, own, form.cleaned_data),
        page=lambda: _address_page(request, own, form),
        done=_("The address was changed. Calls on hold are sent immediately."),
        back="seller_center:addresses",
        fields={"address": "product"},
    )


def _address_page(request: SellerRequest, own: Address, form: AddressForm) -> HttpResponse:
    visible = set(products_of(request).values_list("pk", flat=True))
    classes, trial = seller_queries.classes_with_key(request.seller), newest_trials([own]).get(own.pk)
    described = _address_row(own, classes, visible, trial, notice_bindings.bindings_of(request.seller))
    return show(request, "seller_center/address_form.html", form=form, own=described, domains=_proven_domains(request))


def _change(request: SellerRequest, own: Address, values: dict[str, Any]) -> None:
    move.change_address(
        own,
        url=values["url"],
        require_body_sign=values.get("require_body_sign", own.require_body_sign),
        encryption=values.get("encryption", ""),
        outbound=config().outbound,
        now=request.now,
    )


@require_POST
@seller_page(menu=Menu.TOOLS)
def test_address(request: SellerRequest, pk: int) -> HttpResponse:
    """Send the server a signed test call without effect. The page follows it."""
    own = _address(request, pk)
    check_rate(request)
    start_trial(own, now=request.now)
    return redirect("seller_center:address", pk=pk)


@require_safe
@seller_page(menu=Menu.TOOLS)
def address_live(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with a test's result, which is polled until the test has ended."""
    own = _address(request, pk)
    address_row = {"address": own, "trial": newest_trials([own]).get(own.pk)}
    return show(request, "seller_center/parts/address_trial.html", own=address_row)


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete_address(request: SellerRequest, pk: int) -> HttpResponse:
    own = _address(request, pk)
    verbs.remove(own, now=request.now)
    messages.success(request, _("The address %(url)s was deleted.") % {"url": own.url})
    return redirect("seller_center:addresses")


def _address(request: SellerRequest, pk: int) -> Address:
    return or_404(seller_queries.find_address(request.seller, pk))


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def bind(request: SellerRequest, pk: int) -> HttpResponse:
    """Bind a product to another address of the seller."""
    product = or_404(seller_queries.find_product(request.seller, pk))
    address_pk = whole_number(request.POST.get("address", ""))
    own = require_choice(seller_queries.find_address(request.seller, address_pk) if address_pk is not None else None)
    move.bind_product(product, own)
    with_name = {"product": localised_name(product), "address": own.url}
    messages.success(request, _("%(product)s is now served at %(address)s.") % with_name)
    return redirect("seller_center:addresses")


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def unbind(request: SellerRequest, pk: int) -> HttpResponse:
    product = or_404(seller_queries.find_product(request.seller, pk))
    verbs.unbind(product)
    messages.success(request, _("%(product)s no longer has an address.") % {"product": localised_name(product)})
    return redirect("seller_center:addresses")
