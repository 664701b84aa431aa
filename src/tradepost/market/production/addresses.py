"""Register production addresses and bind products to them (saas-v2 §1.2)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.both_languages import named
from tradepost.market.base.errors import Refused
from tradepost.market.base.hosts import wrong_host, wrong_port
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

LONGEST_URL = 512


def check_url(url: str, *, outbound: OutboundPolicy) -> str:
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
            if outbound.sandbox
            else _("Give a web address that starts with https://, at most 512 characters, without blanks.")
        )
    if "@" in parts.netloc or "#" in url:
        raise _wrong(_("The address must not hold a user name, a password or a #fragment."))
    if not outbound.sandbox and parts.scheme != "https":
        raise _wrong(_("A real market calls https:// addresses only."))
    if "[" in parts.netloc and ":" not in host:  # not IPv6, but a form of the future that nobody speaks
        raise _wrong(_("This is not a web address."))
    if wrong := wrong_host(host, outbound) or wrong_port(port, outbound):
        raise _wrong(wrong)
    return url


def _wrong(message: str) -> Refused:
    return Refused("address.url", message, HTTPStatus.BAD_REQUEST, field="url")


def register(
    seller: Seller, *, url: str, protocol: str, require_body_sign: bool, outbound: OutboundPolicy, now: datetime,
    encryption: str = Encryption.AES256,
) -> Address:  # fmt: skip
    """Store an address of this seller, on a domain that it has proven. ``encryption``: of protocols that encrypt.

    Raises ``Refused`` for a bad address, a domain that is not verified, an unknown protocol or a repetition.
    """
    url = check_url(url, outbound=outbound)
    if protocol not in protocols():
        raise Refused("address.protocol", _("Choose one of the protocols."), HTTPStatus.BAD_REQUEST, field="protocol")
    with transaction.atomic():
        _not_repeated(seller, url, protocol)
        domain = verified_domain(seller, host_in(url), outbound=outbound, now=now)
        return Address.objects.create(
            seller=seller, url=url, protocol=protocol, require_body_sign=require_body_sign, created_at=now,
            domain=domain, encryption=Encryption(encryption).value if encrypts(protocol) else Encryption.AES256.value,
        )  # fmt: skip


def encrypts(protocol: str) -> bool:
    """Whether requests of this protocol encrypt private fields, with a strength that the seller chooses (saas-v1-license A1.4)."""
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
    """Change where calls go. Its breaker starts afresh, and calls that it held are due at once. ``encryption``: empty keeps it."""
    url = check_url(url, outbound=outbound)
    with transaction.atomic():
        # What is known of the other place says nothing of this one.
        unknown: dict[str, Any] = {
            "proven": [],
            "last_success_at": None,
            "trouble": "",
            "trouble_at": None,
            "trouble_since": None,
        }
        Address.objects.filter(pk=address.pk).exclude(url=url).update(**unknown)
        _not_repeated(address.seller, url, address.protocol, besides=address.pk)
        # One that stays where it is needs no new proof: its other settings can be changed though the domain lapsed.
        same = host_in(url) == host_in(address.url) and address.domain_id is not None
        domain = address.domain if same else verified_domain(address.seller, host_in(url), outbound=outbound, now=now)
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


def host_in(url: str) -> str:
    """The host of an address that was checked, in lower case."""
    return urlsplit(url).hostname or ""


def _not_repeated(seller: Seller, url: str, protocol: str, *, besides: int = 0) -> None:
    standing = Address.objects.filter(seller=seller, url=url, protocol=protocol, removed_at=None)
    if standing.exclude(pk=besides).exists():
        raise Refused("address.repeated", _("You have registered this address already."), field="url")


def bind(product: Product, address: Address) -> None:
    """Serve a product at an address of the same seller, whose protocol fits the product's type."""
    if product.seller_id != address.seller_id or address.removed_at is not None:
        raise Refused("address.foreign", _("There is no such address."), HTTPStatus.NOT_FOUND, field="address")
    if address.protocol not in product_type(product.product_type).protocols:
        raise Refused(
            "address.protocol_fits", _("This type of product is not served over this protocol."), field="address"
        )
    _says_its_periods(product, address)
    Binding.objects.update_or_create(product=product, defaults={"address": address})


def _says_its_periods(product: Product, address: Address) -> None:
    """What is sold by a period must be one that the requests there can name (saas-v1-license §A2.1, §B1)."""
    spoken = protocols()[address.protocol]
    sold = Offer.objects.filter(
        sku__spec__product=product, charging_mode=ChargingMode.PERIOD, trial=False, stopped_at=None
    )
    if sold.exclude(period_type__in=spoken.life.periods).exists():
        said = _("%(protocol)s sells by the month and the year: its requests name a day for trials alone.")
        raise Refused("address.period", said % {"protocol": spoken.title.in_language(get_language())}, field="address")


def unbind(product: Product) -> None:
    """Serve a product nowhere. Raises ``Refused`` while it is on sale: what is paid for could not be delivered."""
    if product.status == Product.Status.ON_SALE:
        said = _("This product is on sale. Serve it at another address instead, or take it off sale first.")
        raise Refused("address.on_sale", said, field="address")
    Binding.objects.filter(product=product).delete()


def remove(address: Address, *, now: datetime) -> None:
    """Delete an address that serves no product and to which nothing is being asked. Calls that went there keep it."""
    with transaction.atomic():
        locked = Address.objects.select_for_update(no_key=True).get(pk=address.pk)
        if bound := list(Product.objects.filter(binding__address=locked).order_by("name")):
            said = _("It serves %(products)s. Serve them at another address first.")
            names = ", ".join(named(product) for product in bound)
            raise Refused("address.in_use", said % {"products": names})
        if NoticeBinding.objects.filter(address=locked).exists():
            raise Refused("address.in_use", _("Orders are notified here. Choose another address for them first."))
        calls = Call.objects.filter(address=locked)
        if calls.filter(state__in=[State.WAITING, State.HELD]).exists() or calls.filter(state=State.LEASED).exists():
            raise Refused("address.under_way", _("Calls to it are under way. Wait until they have ended."))
        Address.objects.filter(pk=locked.pk).update(
            removed_at=now, domain=None, breaker=Address.Breaker.CLOSED, opened_at=None, trial_at=None
        )
