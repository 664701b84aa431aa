"""Register production addresses and bind products to them (saas-v2 §1.2)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.hosts import wrong_host, wrong_port
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.registry import protocols

from .models import Address, Binding, Call

LONGEST_URL = 512


def check_url(url: str, *, sandbox: bool) -> str:
    """The address without surrounding blanks. Raises ``Refused`` that says which rule it breaks.

    A real market wants ``https`` and a domain name (saas-v2 §1.2); a sandbox also takes ``http``, names without a dot, IPs,
    and ports below 1024. What hosts and ports are beyond that: ``hosts``.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(_("This is not a web address.")) from None
    legible = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not host or len(url) > LONGEST_URL or not legible:
        raise _wrong(
            _("Give a web address that starts with http:// or https://, at most 512 characters, without blanks.")
            if sandbox
            else _("Give a web address that starts with https://, at most 512 characters, without blanks.")
        )
    if "@" in parts.netloc or "#" in url:
        raise _wrong(_("The address must not hold a user name, a password or a #fragment."))
    if not sandbox and parts.scheme != "https":
        raise _wrong(_("A real market calls https:// addresses only."))
    if "[" in parts.netloc and ":" not in host:  # not IPv6, but a form of the future that nobody speaks
        raise _wrong(_("This is not a web address."))
    if wrong := wrong_host(host, sandbox=sandbox) or wrong_port(port, sandbox=sandbox):
        raise _wrong(wrong)
    return url


def _wrong(message: str) -> Refused:
    return Refused("address.url", message, HTTPStatus.BAD_REQUEST, field="url")


def register(
    seller: Seller, *, url: str, protocol: str, require_body_sign: bool, sandbox: bool, now: datetime
) -> Address:
    """Store an address of this seller. Raises ``Refused`` for a bad address, protocol or a repetition."""
    url = check_url(url, sandbox=sandbox)
    if protocol not in protocols():
        raise Refused("address.protocol", _("Choose one of the protocols."), HTTPStatus.BAD_REQUEST, field="protocol")
    if Address.objects.filter(seller=seller, url=url, protocol=protocol).exists():
        raise Refused("address.repeated", _("You have registered this address already."), field="url")
    return Address.objects.create(
        seller=seller, url=url, protocol=protocol, require_body_sign=require_body_sign, created_at=now
    )


def change(address: Address, *, url: str, require_body_sign: bool, sandbox: bool) -> None:
    """Change where calls go. Its breaker starts afresh, and calls that it held are due at once."""
    url = check_url(url, sandbox=sandbox)
    if (
        Address.objects.filter(seller=address.seller, url=url, protocol=address.protocol)
        .exclude(pk=address.pk)
        .exists()
    ):
        raise Refused("address.repeated", _("You have registered this address already."), field="url")
    with transaction.atomic():
        Address.objects.filter(pk=address.pk).update(
            url=url,
            require_body_sign=require_body_sign,
            breaker=Address.Breaker.CLOSED,
            failures=0,
            opened_at=None,
            trial_at=None,
        )
        Call.objects.filter(address=address, state=State.HELD).update(state=State.WAITING, hold=Call.Hold.NONE)


def bind(product: Product, address: Address) -> None:
    """Serve a product at an address of the same seller, whose protocol fits the product's type."""
    if product.seller_id != address.seller_id:
        raise Refused("address.foreign", _("There is no such address."), HTTPStatus.NOT_FOUND, field="address")
    if address.protocol not in product_type(product.product_type).protocols:
        raise Refused(
            "address.protocol_fits", _("This type of product is not served over this protocol."), field="address"
        )
    Binding.objects.update_or_create(product=product, defaults={"address": address})
