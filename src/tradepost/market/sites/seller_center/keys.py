"""Signing keys of each interface class, and access keys of the open APIs. A secret is shown once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity import keys as verbs
from tradepost.market.identity.keys import NewKey
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import SigningKey, StagedKey
from tradepost.market.production.models import Address
from tradepost.market.production.notice_bindings import notified_at, receives_notices
from tradepost.market.production.seller_queries import find_address, key_class, seller_addresses
from tradepost.market.production.trials import Trial, newest_trials, start_trial
from tradepost.market.web.pages import require_choice

from .frame import SellerRequest, or_404, products_of, seller_page, show
from .looks import check_rate


@require_safe
@seller_page(menu=Menu.TOOLS)
def keys(request: SellerRequest) -> HttpResponse:
    return _page(request)


@require_POST
@seller_page(menu=Menu.TOOLS)
def new_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    """Create the first signing key of a class, or stage the next one, and show it only in this response.

    The form names the current key, so a repeated submission does not create a second one.
    """
    chosen_class = _interface_class(interface_class)
    replaces, secret = request.POST.get("replaces", ""), request.POST.get("secret", "")
    try:
        if replaces:
            new_key = verbs.stage_signing_key(
                request.seller, chosen_class, replaces=replaces, secret=secret, by=request.user, now=request.now
            )
        else:
            new_key = verbs.first_signing_key(request.seller, chosen_class, secret=secret, now=request.now)
    except Refused as refused:
        if refused.field == "secret":
            return _page(request, refused=(chosen_class, refused.message))
        if refused.code == verbs.CHANGED:
            return _reject_outdated(request)
        messages.error(request, refused.message)
        return redirect("seller_center:keys")
    return _page(request, signing=new_key, made_class=chosen_class, staged=bool(replaces))


@require_POST
@seller_page(menu=Menu.TOOLS)
def try_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    """Test a server of this class with the staged key. The page shows the progress."""
    staged = or_404(verbs.staged_key(request.seller, _interface_class(interface_class)))
    address_pk = whole_number(request.POST.get("address", ""))
    own = find_address(request.seller, address_pk) if address_pk is not None else None
    own = require_choice(own if own is not None and key_class(own.protocol) == interface_class else None)
    check_rate(request)
    start_trial(own, staged=staged.key_id, now=request.now)
    return redirect(f"{reverse('seller_center:keys')}#sc-{interface_class}")


@require_safe
@seller_page(menu=Menu.TOOLS)
def key_live(request: SellerRequest, interface_class: str) -> HttpResponse:
    """Return the part with the test of a staged key, which is polled until the test has ended."""
    chosen_class = _interface_class(interface_class)
    key_row = next(row for row in _classes(request) if row.value == chosen_class)
    return show(request, "seller_center/parts/key_staged.html", one=key_row)


@require_POST
@seller_page(menu=Menu.TOOLS)
def switch_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    chosen_class = _interface_class(interface_class)
    verbs.switch_signing_key(request.seller, chosen_class, to=request.POST.get("key", ""), now=request.now)
    hours = int(verbs.OVERLAP.total_seconds() // 3600)
    message = _(
        "Calls are now signed with the new key. Responses signed with the previous key are accepted for "
        "%(hours)s hours."
    )
    messages.success(request, message % {"hours": hours})
    return redirect("seller_center:keys")


@require_POST
@seller_page(menu=Menu.TOOLS)
def discard_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    verbs.discard_signing_key(request.seller, _interface_class(interface_class), key_id=request.POST.get("key", ""))
    messages.success(request, _("The new key was discarded. Calls continue to use the current one."))
    return redirect("seller_center:keys")


def _interface_class(text: str) -> str:
    return or_404(text if text in SigningKey.InterfaceClass else None)


@require_POST
@seller_page(menu=Menu.TOOLS)
def create_access_key(request: SellerRequest) -> HttpResponse:
    """Create an access key and show it only in this response. A repeated form does not create a second one."""
    valid_keys = verbs.valid_access_keys(request.seller, now=request.now)
    if request.POST.get("living", "") != _keys_stamp(k.access_key for k in valid_keys):
        return _reject_outdated(request)
    try:
        new_access_key = verbs.create_access_key(request.seller, by=request.user, now=request.now)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("seller_center:keys")
    return _page(request, access=new_access_key)


@require_POST
@seller_page(menu=Menu.TOOLS)
def revoke(request: SellerRequest, access_key: str) -> HttpResponse:
    verbs.revoke_access_key(request.seller, access_key, now=request.now)
    done = _("The access key %(key)s was deleted. Requests signed with it are now refused.")
    messages.success(request, done % {"key": access_key})
    return redirect("seller_center:keys")


def _reject_outdated(request: SellerRequest) -> HttpResponse:
    messages.warning(
        request,
        _("No key was created because the keys changed after you opened the page. A new key is shown only once."),
    )
    return redirect("seller_center:keys")


class KeyClass(Struct, frozen=True):
    """An interface class: whether an address needs its key, the current key, and earlier keys in their overlap."""

    value: str
    label: str
    needed: bool
    current: SigningKey | None
    earlier: tuple[SigningKey, ...]
    staged: StagedKey | None
    addresses: tuple[Address, ...]
    """Addresses whose calls the key signs."""
    products: tuple[Product, ...]
    """Products served there, which a change of the key affects."""
    trials: tuple[tuple[Address, Trial], ...]
    """Results of test calls with the staged key, by address."""

    @property
    def trying(self) -> bool:
        return any(trial.running for _, trial in self.trials)


def _page(
    request: SellerRequest,
    *,
    signing: NewKey | None = None,
    made_class: str = "",
    staged: bool = False,
    access: NewKey | None = None,
    refused: tuple[str, str] = ("", ""),
) -> HttpResponse:
    valid_keys = list(
        verbs.valid_access_keys(request.seller, now=request.now).select_related("created_by").order_by("pk")
    )
    return show(
        request,
        "seller_center/keys.html",
        classes=_classes(request),
        access_keys=valid_keys,
        may_add=len(valid_keys) < verbs.MAX_ACCESS_KEYS,
        most=verbs.MAX_ACCESS_KEYS,
        living=_keys_stamp(k.access_key for k in valid_keys),
        overlap_hours=int(verbs.OVERLAP.total_seconds() // 3600),
        signing=signing,
        made_class=made_class,
        staged=staged,
        refused_class=refused[0],
        refused=refused[1],
        shortest=verbs.MIN_LENGTH,
        longest=verbs.MAX_LENGTH,
        access=access,
    )


def _classes(request: SellerRequest) -> list[KeyClass]:
    valid = SigningKey.objects.filter(seller=request.seller).filter(
        Q(valid_until=None) | Q(valid_until__gt=request.now)
    )
    keys = list(valid.order_by("-pk"))
    staged = {staged_key.interface_class: staged_key for staged_key in StagedKey.objects.filter(seller=request.seller)}
    addresses = seller_addresses(request.seller)
    products = list(products_of(request).defer("description").order_by("-pk"))
    visible = {product.pk for product in products}
    rows = []
    for value, label in SigningKey.InterfaceClass.choices:
        own = [key for key in keys if key.interface_class == value]
        served = [address for address in addresses if key_class(address.protocol) == value]
        rows.append(
            KeyClass(
                value=value,
                label=str(label),
                needed=bool(served),
                current=next((key for key in own if key.valid_until is None), None),
                earlier=tuple(key for key in own if key.valid_until),
                staged=staged.get(value),
                addresses=tuple(served),
                products=(
                    *(
                        binding.product
                        for address in served
                        for binding in address.bindings.all()
                        if binding.product_id in visible
                    ),
                    *_notified_products(products, served),
                ),
                trials=tuple(_trials(served, staged.get(value))),
            )
        )
    return sorted(rows, key=lambda row: not (row.needed or row.current))


def _notified_products(products: Sequence[Product], addresses: Sequence[Address]) -> list[Product]:
    """Return the products whose orders are notified at these addresses."""
    notices = [address.pk for address in addresses if receives_notices(address)]
    bindings = notified_at(products) if notices else {}
    return [product for product in products if product.pk in bindings and bindings[product.pk].address.pk in notices]


def _trials(addresses: list[Address], staged: StagedKey | None) -> list[tuple[Address, Trial]]:
    if staged is None:
        return []
    trials = newest_trials(addresses, staged=staged.key_id)
    return [(address, trials[address.pk]) for address in addresses if address.pk in trials]


def _keys_stamp(keys: Iterable[str]) -> str:
    """Return the form's state of the access keys; an outdated form has another value."""
    return ",".join(sorted(keys))
