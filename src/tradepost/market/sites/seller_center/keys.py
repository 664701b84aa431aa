"""Keys: the signing key of each interface class, and the access keys of the open APIs. A secret shows once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.identity import keys as verbs
from tradepost.market.identity.keys import NewKey
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import SigningKey
from tradepost.market.production.seller_queries import classes_in_use

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TOOLS)
def keys(request: SellerRequest) -> HttpResponse:
    return _page(request)


@require_POST
@seller_page(menu=Menu.TOOLS)
def rotate(request: SellerRequest, interface_class: str) -> HttpResponse:
    """Make or rotate a signing key and show it in this answer, the only one that ever holds it.

    The form names the key it replaces, so that sending it again (a reload of this page) makes no second key.
    """
    found(interface_class if interface_class in SigningKey.InterfaceClass else None)
    current = SigningKey.objects.filter(
        seller=request.seller, interface_class=interface_class, valid_until=None
    ).first()
    if request.POST.get("replaces", "") != (current.key_id if current else ""):
        return _again(request)
    made = verbs.rotate_signing_key(
        request.seller, interface_class, now=request.now, replaces=request.POST.get("replaces", "")
    )
    return _page(request, signing=made, made_class=interface_class, rotated=current is not None)


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


@dataclass(frozen=True, slots=True)
class ShownClass:
    """One interface class: whether an address needs its key, the current key, and those still in their overlap."""

    value: str
    label: str
    needed: bool
    current: SigningKey | None
    earlier: tuple[SigningKey, ...]


def _page(
    request: SellerRequest,
    *,
    signing: NewKey | None = None,
    made_class: str = "",
    rotated: bool = False,
    access: NewKey | None = None,
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
        rotated=rotated,
        access=access,
    )


def _classes(request: SellerRequest) -> list[ShownClass]:
    valid = SigningKey.objects.filter(seller=request.seller).filter(
        Q(valid_until=None) | Q(valid_until__gt=request.now)
    )
    keys = list(valid.order_by("-pk"))
    needed = classes_in_use(request.seller)
    shown = []
    for value, label in SigningKey.InterfaceClass.choices:
        own = [key for key in keys if key.interface_class == value]
        current = next((key for key in own if key.valid_until is None), None)
        shown.append(ShownClass(value, str(label), value in needed, current, tuple(k for k in own if k.valid_until)))
    return sorted(shown, key=lambda one: not (one.needed or one.current))


def _living_words(keys: Iterable[str]) -> str:
    """What the form says of the access keys it knows; a reload of an old answer says something else."""
    return ",".join(sorted(keys))
