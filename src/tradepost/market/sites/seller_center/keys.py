"""Keys: the signing key of each interface class, and the access keys of the open APIs. A secret shows once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
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
from tradepost.market.production.notice_bindings import notified_at, notifies
from tradepost.market.production.seller_queries import find_address, key_class, seller_addresses
from tradepost.market.production.trials import Trial, newest_trials, start_trial

from .frame import SellerRequest, found, products_of, seller_page, show
from .looks import not_too_often


@require_safe
@seller_page(menu=Menu.TOOLS)
def keys(request: SellerRequest) -> HttpResponse:
    return _page(request)


@require_POST
@seller_page(menu=Menu.TOOLS)
def new_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    """Make the first signing key of a class, or the next one, and show it in this answer, the only one that ever holds it.

    The form names the key that is in use, so that sending it again (a reload of this page) makes no second one.
    """
    of = _class(interface_class)
    replaces, secret = request.POST.get("replaces", ""), request.POST.get("secret", "")
    try:
        if replaces:
            made = verbs.stage_signing_key(
                request.seller, of, replaces=replaces, secret=secret, by=request.user, now=request.now
            )
        else:
            made = verbs.first_signing_key(request.seller, of, secret=secret, now=request.now)
    except Refused as refused:
        if refused.field == "secret":
            return _page(request, refused=(of, refused.message))
        if refused.code == verbs.CHANGED:
            return _again(request)
        messages.error(request, refused.message)
        return redirect("seller_center:keys")
    return _page(request, signing=made, made_class=of, staged=bool(replaces))


@require_POST
@seller_page(menu=Menu.TOOLS)
def try_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    """Ask a server of this class with the staged key; the page follows it."""
    staged = found(verbs.staged_key(request.seller, _class(interface_class)))
    given = whole_number(request.POST.get("address", ""))
    own = found(find_address(request.seller, given) if given is not None else None)
    if key_class(own.protocol) != interface_class:
        raise Http404
    not_too_often(request)
    start_trial(own, staged=staged.key_id, now=request.now)
    return redirect(f"{reverse('seller_center:keys')}#sc-{interface_class}")


@require_safe
@seller_page(menu=Menu.TOOLS)
def key_live(request: SellerRequest, interface_class: str) -> HttpResponse:
    """What the test of a staged key says; it asks for itself again until the test has ended."""
    of = _class(interface_class)
    one = next(shown for shown in _classes(request) if shown.value == of)
    return show(request, "seller_center/parts/key_staged.html", one=one)


@require_POST
@seller_page(menu=Menu.TOOLS)
def switch_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    of = _class(interface_class)
    verbs.switch_signing_key(request.seller, of, to=request.POST.get("key", ""), now=request.now)
    hours = int(verbs.OVERLAP.total_seconds() // 3600)
    told = _(
        "Calls are signed with the new key from now on. Answers with the earlier one are accepted for %(hours)s hours."
    )
    messages.success(request, told % {"hours": hours})
    return redirect("seller_center:keys")


@require_POST
@seller_page(menu=Menu.TOOLS)
def discard_key(request: SellerRequest, interface_class: str) -> HttpResponse:
    verbs.discard_signing_key(request.seller, _class(interface_class), key_id=request.POST.get("key", ""))
    messages.success(request, _("The new key is discarded. Calls go on with the current one."))
    return redirect("seller_center:keys")


def _class(text: str) -> str:
    return found(text if text in SigningKey.InterfaceClass else None)


@require_POST
@seller_page(menu=Menu.TOOLS)
def create_access_key(request: SellerRequest) -> HttpResponse:
    """Make an AK/SK pair and show it in this answer only; a form that was sent before makes no second one."""
    living = verbs.living_access_keys(request.seller, now=request.now)
    if request.POST.get("living", "") != _living_words(k.access_key for k in living):
        return _again(request)
    try:
        made = verbs.create_access_key(request.seller, by=request.user, now=request.now)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("seller_center:keys")
    return _page(request, access=made)


@require_POST
@seller_page(menu=Menu.TOOLS)
def revoke(request: SellerRequest, access_key: str) -> HttpResponse:
    verbs.revoke_access_key(request.seller, access_key, now=request.now)
    done = _("The access key %(key)s is deleted. Requests signed with it are refused from now on.")
    messages.success(request, done % {"key": access_key})
    return redirect("seller_center:keys")


def _again(request: SellerRequest) -> HttpResponse:
    messages.warning(
        request, _("Nothing was made: the keys changed since you opened the page. A new key is shown only once.")
    )
    return redirect("seller_center:keys")


class ShownClass(Struct, frozen=True):
    """One interface class: whether an address needs its key, the current key, and those still in their overlap."""

    value: str
    label: str
    needed: bool
    current: SigningKey | None
    earlier: tuple[SigningKey, ...]
    staged: StagedKey | None
    addresses: tuple[Address, ...]
    """Those whose calls the key signs."""
    products: tuple[Product, ...]
    """Those that are served there: what a change of the key affects."""
    trials: tuple[tuple[Address, Trial], ...]
    """What test calls with the staged key said, by address."""

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
    living = list(verbs.living_access_keys(request.seller, now=request.now).select_related("created_by").order_by("pk"))
    return show(
        request,
        "seller_center/keys.html",
        classes=_classes(request),
        access_keys=living,
        may_add=len(living) < verbs.MOST_ACCESS_KEYS,
        most=verbs.MOST_ACCESS_KEYS,
        living=_living_words(k.access_key for k in living),
        overlap_hours=int(verbs.OVERLAP.total_seconds() // 3600),
        signing=signing,
        made_class=made_class,
        staged=staged,
        refused_class=refused[0],
        refused=refused[1],
        shortest=verbs.SHORTEST,
        longest=verbs.LONGEST,
        access=access,
    )


def _classes(request: SellerRequest) -> list[ShownClass]:
    valid = SigningKey.objects.filter(seller=request.seller).filter(
        Q(valid_until=None) | Q(valid_until__gt=request.now)
    )
    keys = list(valid.order_by("-pk"))
    staged = {one.interface_class: one for one in StagedKey.objects.filter(seller=request.seller)}
    addresses = seller_addresses(request.seller)
    products = list(products_of(request).defer("description").order_by("-pk"))
    visible = {product.pk for product in products}
    shown = []
    for value, label in SigningKey.InterfaceClass.choices:
        own = [key for key in keys if key.interface_class == value]
        served = [address for address in addresses if key_class(address.protocol) == value]
        shown.append(
            ShownClass(
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
                    *_notified(products, served),
                ),
                trials=tuple(_trials(served, staged.get(value))),
            )
        )
    return sorted(shown, key=lambda one: not (one.needed or one.current))


def _notified(products: Sequence[Product], addresses: Sequence[Address]) -> list[Product]:
    """Those of the products whose orders are notified at these addresses."""
    notices = [address.pk for address in addresses if notifies(address)]
    found = notified_at(products) if notices else {}
    return [product for product in products if product.pk in found and found[product.pk].address.pk in notices]


def _trials(addresses: list[Address], staged: StagedKey | None) -> list[tuple[Address, Trial]]:
    if staged is None:
        return []
    said = newest_trials(addresses, staged=staged.key_id)
    return [(address, said[address.pk]) for address in addresses if address.pk in said]


def _living_words(keys: Iterable[str]) -> str:
    """What the form says of the access keys it knows; a reload of an old answer says something else."""
    return ",".join(sorted(keys))
