"""Register production addresses and bind products to them (saas-v2 §1.2)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.errors import Refused
from tradepost.market.base.hosts import host_error, port_error
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.domains import verified_domain
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.cases import cases_of
from tradepost.protocols.commands import ChargingMode, Create, Encryption
from tradepost.protocols.registry import protocols

from .models import Address, Binding, Call, NoticeBinding

MAX_URL = 512


def check_url(url: str, *, outbound: OutboundPolicy) -> str:
    """Return the address without surrounding blanks. Raises ``Refused`` with the violated rule.

    A real market requires ``https`` and a domain name (saas-v2 §1.2). A sandbox also accepts ``http``, names without a
    dot, IP addresses, and ports below 1024. ``hosts`` checks hosts and ports.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _invalid(_("This is not a web address.")) from None
    is_printable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not host or len(url) > MAX_URL or not is_printable:
        raise _invalid(
            _("Enter a web address that starts with http:// or https://, at most 512 characters, without spaces.")
            if outbound.sandbox
            else _("Enter a web address that starts with https://, at most 512 characters, without spaces.")
        )
    if "@" in parts.netloc or "#" in url:
        raise _invalid(_("The address must not contain a user name, a password or a #fragment."))
    if not outbound.sandbox and parts.scheme != "https":
        raise _invalid(_("A production market calls only https:// addresses."))
    if "[" in parts.netloc and ":" not in host:  # a future IP version in brackets
        raise _invalid(_("This is not a web address."))
    if problem := host_error(host, outbound) or port_error(port, outbound):
        raise _invalid(problem)
    return url


def _invalid(message: str) -> Refused:
    return Refused("address.url", message, HTTPStatus.BAD_REQUEST, field="url")


def register(
    seller: Seller, *, url: str, protocol: str, require_body_sign: bool, outbound: OutboundPolicy, now: datetime,
    encryption: str = Encryption.AES256,
) -> Address:  # fmt: skip
    """Store an address of this seller, on a verified domain. ``encryption``: for protocols that encrypt.

    Raises ``Refused`` for an invalid or repeated address, an unverified domain, or an unknown protocol.
    """
    url = check_url(url, outbound=outbound)
    if protocol not in protocols():
        raise Refused("address.protocol", _("Choose one of the protocols."), HTTPStatus.BAD_REQUEST, field="protocol")
    with transaction.atomic():
        _check_unique(seller, url, protocol)
        domain = verified_domain(seller, host_of(url), outbound=outbound, now=now)
        return Address.objects.create(
            seller=seller, url=url, protocol=protocol, require_body_sign=require_body_sign, created_at=now,
            domain=domain, encryption=Encryption(encryption).value if encrypts_fields(protocol) else Encryption.AES256.value,
        )  # fmt: skip


def encrypts_fields(protocol: str) -> bool:
    """Return whether requests of this protocol encrypt private fields with a strength that the seller chooses
    (saas-v1-license A1.4)."""
    return any(field.name == "encryptType" for field in cases_of(protocol).tables.get(Create, ()))


def change(
    address: Address,
    *,
    url: str,
    require_body_sign: bool,
    outbound: OutboundPolicy,
    now: datetime,
    encryption: str = "",
) -> None:
    """Change the target of calls. The breaker is reset and held calls become due. ``encryption``: empty keeps the
    present one."""
    url = check_url(url, outbound=outbound)
    with transaction.atomic():
        # Results of the previous URL do not apply to the new one.
        reset: dict[str, Any] = {
            "proven": [],
            "last_success_at": None,
            "trouble": "",
            "trouble_at": None,
            "trouble_since": None,
        }
        Address.objects.filter(pk=address.pk).exclude(url=url).update(**reset)
        _check_unique(address.seller, url, address.protocol, excluded=address.pk)
        # An unchanged host needs no new proof, so other settings can be changed after the domain lapsed.
        same_host = host_of(url) == host_of(address.url) and address.domain_id is not None
        domain = (
            address.domain if same_host else verified_domain(address.seller, host_of(url), outbound=outbound, now=now)
        )
        Address.objects.filter(pk=address.pk).update(
            url=url,
            domain=domain,
            require_body_sign=require_body_sign,
            encryption=Encryption(encryption).value if encryption else address.encryption,
            breaker=Address.Breaker.CLOSED,
            failures=0,
            opened_at=None,
            trial_at=None,
        )
        Call.objects.filter(address=address, state=State.HELD).update(state=State.WAITING, hold=Call.Hold.NONE)


def host_of(url: str) -> str:
    """Return the host of a checked address in lower case."""
    return urlsplit(url).hostname or ""


def _check_unique(seller: Seller, url: str, protocol: str, *, excluded: int = 0) -> None:
    existing = Address.objects.filter(seller=seller, url=url, protocol=protocol, removed_at=None)
    if existing.exclude(pk=excluded).exists():
        raise Refused("address.repeated", _("You have registered this address already."), field="url")


def bind(product: Product, address: Address) -> None:
    """Bind a product to an address of the same seller whose protocol suits the product type."""
    if product.seller_id != address.seller_id or address.removed_at is not None:
        raise Refused("address.foreign", _("This address does not exist."), HTTPStatus.NOT_FOUND, field="address")
    if address.protocol not in product_type(product.product_type).protocols:
        raise Refused("address.protocol_fits", _("This type of product does not use this protocol."), field="address")
    _check_periods(product, address)
    Binding.objects.update_or_create(product=product, defaults={"address": address})


def _check_periods(product: Product, address: Address) -> None:
    """Raise ``Refused`` if the protocol cannot name a period type on sale (saas-v1-license §A2.1, §B1)."""
    address_protocol = protocols()[address.protocol]
    sold_offers = Offer.objects.filter(
        sku__spec__product=product, charging_mode=ChargingMode.PERIOD, trial=False, stopped_at=None
    )
    if sold_offers.exclude(period_type__in=address_protocol.life.periods).exists():
        message = _("%(protocol)s supports only monthly and yearly sales. Its requests use days only for trials.")
        raise Refused(
            "address.period",
            message % {"protocol": address_protocol.title.in_language(get_language())},
            field="address",
        )


def unbind(product: Product) -> None:
    """Remove the binding. Raises ``Refused`` while the product is on sale, because orders could not be delivered."""
    if product.status == Product.Status.ON_SALE:
        message = _(
            "This product is on sale. Use another production address instead, or take the product off sale first."
        )
        raise Refused("address.on_sale", message, field="address")
    Binding.objects.filter(product=product).delete()


def remove(address: Address, *, now: datetime) -> None:
    """Delete an address without products and open calls. Earlier calls keep their reference to it."""
    with transaction.atomic():
        locked_address = Address.objects.select_for_update(no_key=True).get(pk=address.pk)
        if bound_products := list(Product.objects.filter(binding__address=locked_address).order_by("name")):
            message = _("This address serves %(products)s. Move them to another address first.")
            names = ", ".join(localised_name(product) for product in bound_products)
            raise Refused("address.in_use", message % {"products": names})
        if NoticeBinding.objects.filter(address=locked_address).exists():
            raise Refused("address.in_use", _("Orders are notified here. Choose another address for them first."))
        calls = Call.objects.filter(address=locked_address)
        if calls.filter(state__in=[State.WAITING, State.HELD]).exists() or calls.filter(state=State.LEASED).exists():
            raise Refused("address.under_way", _("Calls to this address are in progress. Wait until they finish."))
        Address.objects.filter(pk=locked_address.pk).update(
            removed_at=now, domain=None, breaker=Address.Breaker.CLOSED, opened_at=None, trial_at=None
        )
