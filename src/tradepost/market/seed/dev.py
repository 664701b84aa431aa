"""A sandbox around a seller's own server: a company, a product per charging mode at the server, and a buyer with
money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog import document as sold
from tradepost.market.catalog import first_categories
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.listing import draft_product, list_draft
from tradepost.market.catalog.models import Category, Product
from tradepost.market.identity import domains, keys
from tradepost.market.identity.models import Member, Seller, SigningKey
from tradepost.market.product_types.contract import ProductType
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocol as protocol_of
from tradepost.protocols.registry import protocols
from tradepost.protocols.text import Text

from .companies import enter_seller
from .data_files import DataTable, InvalidData, read
from .loading import ensure_account, top_up_buyer
from .people import BUYER, OPERATOR, DemoSeller, Login
from .shapes import Editions, picture

OWNER = Login(role="seller", email="owner@your-company.example", password="seller-sandbox", name="商家工程师")  # noqa: S106
LOGINS = (BUYER, OWNER, OPERATOR)
FILE = "your_server.toml"


class ModeProduct(Editions, frozen=True, kw_only=True):
    """The product of a charging mode."""

    mode: ChargingMode
    name: Text
    summary: Text


class ServerFile(DataTable, frozen=True, kw_only=True):
    """The data file. ``after_summary`` ends each product's description."""

    category: str
    after_summary: Text
    seller: DemoSeller
    product: tuple[ModeProduct, ...]


@cache
def server_file() -> ServerFile:
    """Read the data file. Raises ``InvalidData`` with the invalid key."""
    data = read(FILE, ServerFile)
    for number, product in enumerate(data.product):
        for key, problem in product.problems():
            raise InvalidData(f"{FILE}: product[{number}].{key}: {problem}")
    if data.category not in first_categories.SLUGS:
        raise InvalidData(f"{FILE}: category: {data.category} is none of the first categories")
    return data


def mode_products() -> Mapping[ChargingMode, ModeProduct]:
    return {product.mode: product for product in server_file().product}


@dataclass(frozen=True, slots=True)
class DevMarket:
    """The results for the seller's engineer: accounts, products, and keys of the open APIs."""

    logins: tuple[Login, ...]
    products: tuple[tuple[ChargingMode, str], ...]
    """Slug of the product by charging mode."""
    access_key: str
    secret_key: str = field(repr=False)


def product_type_of(protocol: str) -> ProductType:
    """Return the product type that is sold over this protocol. Raises ``Refused`` if there is none."""
    kind_found = next((kind for kind in product_types().values() if protocol in kind.protocols), None)
    if kind_found is None:
        served = [name for name in protocols() if any(name in kind.protocols for kind in product_types().values())]
        raise Refused(
            "seed.protocol",
            _("No product is sold over %(protocol)s. Choose one of: %(served)s.")
            % {"protocol": protocol or "?", "served": ", ".join(served)},
        )
    return kind_found


def load_dev(now: datetime, *, address: str, protocol: str, key: str) -> DevMarket:
    """Fill a sandbox for the server at ``address``, which uses ``protocol`` and ``key``.

    Loading again changes only the address and the key. Raises ``Refused`` in a real market, and for an unusable address
    or protocol.
    """
    if not config().sandbox:
        raise Refused(
            "seed.real_market", _("Demo data can be loaded only into a sandbox, because its passwords are public.")
        )
    kind = product_type_of(protocol)
    with transaction.atomic():
        users = {login.role: ensure_account(login, now) for login in LOGINS}
        top_up_buyer(users[BUYER.role], now)
        seller = enter_seller(server_file().seller, users[OWNER.role], now)
        Member.objects.get_or_create(seller=seller, user=users[OWNER.role], defaults={"role": Member.Role.OWNER})
        _import_key(seller, protocol, key, now)
        serving = _address(seller, address, protocol, now)
        products = tuple((mode, _product(seller, kind, mode, serving, now)) for mode in kind.charging_modes)
        existing_key = keys.valid_access_keys(seller, now=now).order_by("pk").first()
        if existing_key is not None:
            return DevMarket(LOGINS, products, existing_key.access_key, unseal(existing_key.sealed))
        new_key = keys.create_access_key(seller, by=users[OWNER.role], now=now)
    return DevMarket(LOGINS, products, new_key.key_id, new_key.secret)


def _import_key(seller: Seller, protocol: str, key: str, now: datetime) -> None:
    interface_class = SigningKey.InterfaceClass(protocol_of(protocol).key_class)
    if keys.signing_secrets(seller.pk, interface_class, now=now)[:1] != (key,):
        keys.rotate_signing_key(seller, interface_class, now=now, secret=key)


def _address(seller: Seller, url: str, protocol: str, now: datetime) -> Address:
    existing = Address.objects.filter(seller=seller, url=url.strip(), protocol=protocol, removed_at=None).first()
    if existing is None and (host := addresses.host_of(addresses.check_url(url, outbound=SANDBOX))):
        domains.verify_without_proof(seller, host, now=now)  # the person who starts the sandbox vouches for the server
    return existing or addresses.register(
        seller,
        url=url,
        protocol=protocol,
        require_body_sign=config().production.body_sign == "required",
        outbound=SANDBOX,
        now=now,
    )


def _product(seller: Seller, kind: ProductType, mode: ChargingMode, serving: Address, now: datetime) -> str:
    slug = f"{server_file().seller.slug}-{kind.code}-{mode}".lower().replace("_", "-")
    product = Product.objects.filter(slug=slug).first()
    if product is None:
        product = draft_product(seller, _document(kind, mode), slug=slug, now=now)
        addresses.bind(product, serving)
        list_draft(product, currency=config().currency, now=now)
    else:
        addresses.bind(product, serving)
    return slug


def _document(kind: ProductType, mode: ChargingMode) -> Document:
    data, product = server_file(), mode_products()[mode]
    first_categories.ensure(Category.objects, data.category)
    return Document(
        product_type=kind.code,
        base=sold.Base(
            name=Text(zh=f"{kind.title.zh} {product.name.zh}", en=f"{kind.title.en} {product.name.en}"),
            summary=product.summary,
            category=data.category,
        ),
        media=sold.Media(drawing=picture(data.seller.slug)),
        description=sold.Description(
            body=Text(
                zh=f"<p>{product.summary.zh}{data.after_summary.zh}</p>",
                en=f"<p>{product.summary.en}{data.after_summary.en}</p>",
            )
        ),
        support=sold.Support(email=data.seller.contact_email),
        pricing=sold.Pricing(specs=(product.spec(),)),
    )
