"""Production addresses: register, change, test and delete; and say which product is served where (saas-v2 §1.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.applications import move
from tradepost.market.base.both_languages import named
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
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
from tradepost.market.web.refusals import say_why
from tradepost.market.web.templatetags.ui import protocol_title
from tradepost.protocols.cases import cases_of
from tradepost.protocols.commands import Encryption
from tradepost.protocols.registry import protocols

from . import order_notices
from .frame import SellerRequest, found, products_of, seller_page, show
from .looks import not_too_often


class AddressForm(forms.Form):
    """The inputs alone; the rules are the verb's."""

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
            "Which interface your server implements. It cannot be changed later: register another address instead."
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
        label=gettext_lazy("Require signed answers (Body-Sign)"),
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
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        self.fields["url"].help_text = (
            _("Starts with http:// or https://. In this sandbox loopback addresses and ports are allowed.")
            if config().sandbox
            else _(
                "https://, a domain that you have proven, and a path. The certificate must be valid. One address serves all "
                "activities."
            )
        )
        field = self.fields["protocol"]
        if isinstance(field, forms.ChoiceField):
            field.choices = protocol_choices(kind, [product.product_type for product in products])
        if isinstance(chosen := self.fields["product"], forms.ChoiceField):
            chosen.choices = [("", _("None for now")), *((str(p.pk), named(p)) for p in products)]


def protocol_choices(kind: str = "", sold: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Installed protocols that a product of this kind (of any kind, when empty) may be served by.

    In the order of the kind, those of the kinds that are ``sold`` first: the first, which the form proposes, is the one
    to begin with. Order notifications, which come beside any of them, are last.
    """
    kinds = product_types()
    wanted = [kind] if kind in kinds else [*(one for one in sold if one in kinds), *kinds]
    fit = [name for one in wanted for name in kinds[one].protocols]
    known = protocols()
    # Those of joint operation are spoken beside them, at the same address.
    fit += [name for name in known if set(cases_of(name).beside) & set(fit)]
    fit += notice_bindings.notice_protocols() if any(kinds[one].order_notices for one in wanted) else ()
    return [(name, protocol_title(name)) for name in dict.fromkeys(fit) if name in known]


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
        addresses=[_described(one, classes, visible, trials.get(one.pk), bindings) for one in own],
        products=[_choices(product, own) for product in products if product_types()[product.product_type].protocols],
        domains=Domain.objects.filter(seller=request.seller).count(),
        notice_addresses=order_notices.notice_addresses(own),
        notice_rows=order_notices.notice_rows(bindings, products, order_notices.closed_types(request)),
    )


def _choices(product: Product, own: Iterable[Address]) -> dict[str, object]:
    """A product, the addresses that can serve it, and whether it is bound to the only one: then there is no choice."""
    fit = [address for address in own if address.protocol in product_types()[product.product_type].protocols]
    bound = getattr(product, "binding", None)
    return {
        "product": product,
        "needed": product_types()[product.product_type].needs_interface,
        "choices": fit,
        "settled": bound is not None and [address.pk for address in fit] == [bound.address_id],
        "may_unbind": bound is not None and product.status != Product.Status.ON_SALE,
    }


def _described(
    address: Address,
    classes: set[str],
    visible: Collection[int],
    trial: Trial | None,
    bindings: Iterable[NoticeBinding],
) -> dict[str, object]:
    """``visible``: the products that exist for the reader. ``bindings``: all of the seller."""
    notified = [binding for binding in bindings if binding.address_id == address.pk]
    wanted = seller_queries.key_class(address.protocol)
    return {
        "address": address,
        "protocol": protocol_title(address.protocol),
        "fault": _fault(address),
        "encrypts": verbs.encrypts(address.protocol),
        "has_key": wanted in classes,
        "key_class": SigningKey.InterfaceClass(wanted).label if wanted else "",
        "trial": trial,
        "serves": [binding.product for binding in address.bindings.all() if binding.product_id in visible],
        "serves_nothing": not address.bindings.all() and not notified,
        "notifies": notice_bindings.notifies(address),
        "notified": order_notices.notified_titles(notified, visible),
    }


def _fault(address: Address) -> Reason | None:
    """What is wrong with it now, in words; of a failed probe its own page tells."""
    health = health_of(address)
    known = health.state in {AddressState.DEGRADED, AddressState.PAUSED} and health.trouble not in {"", "probe"}
    return reasons.explain(health.trouble, protocol=address.protocol) if known else None


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def new_address(request: SellerRequest) -> HttpResponse:
    products = list(products_of(request).select_related("binding__address").order_by("-pk"))
    asked = request.GET.get("product", "")
    product = next((p for p in products if str(p.pk) == asked), None)
    domains = _proven(request)
    form = AddressForm(
        request.POST or None,
        products=products,
        kind=product.product_type if product else "",
        initial={
            "require_body_sign": config().body_sign == "required",
            "product": asked,
            "protocol": request.GET.get("protocol", ""),
            "url": next((f"https://{one.host}/" for one in domains if str(one.pk) == request.GET.get("domain")), ""),
        },
    )
    if form.is_valid() and _register(request, form, products):
        messages.success(request, _("The address is registered."))
        return redirect("seller_center:addresses")
    return show(request, "seller_center/address_form.html", form=form, domains=domains)


def _proven(request: SellerRequest) -> list[Domain]:
    return list(Domain.objects.filter(seller=request.seller, status=Domain.Status.VERIFIED).order_by("host"))


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
                encryption=given["encryption"] or Encryption.AES256,
                outbound=config().outbound,
                now=request.now,
            )
            if product is not None and notice_bindings.notifies(address):
                notice_bindings.bind_product(product, address)
            elif product is not None:
                move.serve(product, address)
    except Refused as refused:
        say_why(form, refused, names={"address": "product"})
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def address(request: SellerRequest, pk: int) -> HttpResponse:
    own = _address(request, pk)
    form = AddressForm(
        request.POST or None,
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
    if not verbs.encrypts(own.protocol):
        del form.fields["encryption"]
    if form.is_valid() and _change(request, own, form):
        messages.success(request, _("The address is changed. Calls that were held are made at once."))
        return redirect("seller_center:addresses")
    visible = set(products_of(request).values_list("pk", flat=True))
    classes, trial = seller_queries.classes_with_key(request.seller), newest_trials([own]).get(own.pk)
    described = _described(own, classes, visible, trial, notice_bindings.bindings_of(request.seller))
    return show(request, "seller_center/address_form.html", form=form, own=described, domains=_proven(request))


def _change(request: SellerRequest, own: Address, form: AddressForm) -> bool:
    given = form.cleaned_data
    try:
        move.change_address(
            own,
            url=given["url"],
            require_body_sign=given.get("require_body_sign", own.require_body_sign),
            encryption=given.get("encryption", ""),
            outbound=config().outbound,
            now=request.now,
        )
    except Refused as refused:
        say_why(form, refused, names={"address": "product"})
        return False
    return True


@require_POST
@seller_page(menu=Menu.TOOLS)
def test_address(request: SellerRequest, pk: int) -> HttpResponse:
    """Ask the server something that makes nothing, signed with the current key; the page follows it."""
    own = _address(request, pk)
    not_too_often(request)
    start_trial(own, now=request.now)
    return redirect("seller_center:address", pk=pk)


@require_safe
@seller_page(menu=Menu.TOOLS)
def address_live(request: SellerRequest, pk: int) -> HttpResponse:
    """What a test says; it asks for itself again until the test has ended."""
    own = _address(request, pk)
    one = {"address": own, "trial": newest_trials([own]).get(own.pk)}
    return show(request, "seller_center/parts/address_trial.html", own=one)


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete_address(request: SellerRequest, pk: int) -> HttpResponse:
    own = _address(request, pk)
    verbs.remove(own, now=request.now)
    messages.success(request, _("The address %(url)s is deleted.") % {"url": own.url})
    return redirect("seller_center:addresses")


def _address(request: SellerRequest, pk: int) -> Address:
    return found(seller_queries.find_address(request.seller, pk))


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def bind(request: SellerRequest, pk: int) -> HttpResponse:
    """Serve a product at another address; both must be the seller's own."""
    product = found(seller_queries.find_product(request.seller, pk))
    given = whole_number(request.POST.get("address", ""))
    own = found(seller_queries.find_address(request.seller, given) if given is not None else None)
    move.serve(product, own)
    with_name = {"product": named(product), "address": own.url}
    messages.success(request, _("%(product)s is served at %(address)s.") % with_name)
    return redirect("seller_center:addresses")


@require_POST
@seller_page(menu=Menu.TOOLS, product="pk")
def unbind(request: SellerRequest, pk: int) -> HttpResponse:
    product = found(seller_queries.find_product(request.seller, pk))
    verbs.unbind(product)
    messages.success(request, _("%(product)s is served nowhere now.") % {"product": named(product)})
    return redirect("seller_center:addresses")
