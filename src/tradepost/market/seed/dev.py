"""A market around one seller's own server: a company, a product of each charging mode bound to the server, a buyer with money."""

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
from .data_files import BadData, Data, read
from .loading import account, give_money
from .people import BUYER, OPERATOR, DemoSeller, Login
from .shapes import Editions, picture

OWNER = Login(role="seller", email="owner@your-company.example", password="seller-sandbox", name="商家工程师")  # noqa: S106
LOGINS = (BUYER, OWNER, OPERATOR)
FILE = "your_server.toml"


class ModeProduct(Editions, frozen=True, kw_only=True):
    """How the product of a charging mode looks."""

    mode: ChargingMode
    name: Text
    summary: Text


class ServerFile(Data, frozen=True, kw_only=True):
    """``after_summary`` ends each product's description."""

    category: str
    after_summary: Text
    seller: DemoSeller
    product: tuple[ModeProduct, ...]


@cache
def server_file() -> ServerFile:
    """What is sold by somebody's own server. Raises ``BadData`` with the key that is wrong."""
    found = read(FILE, ServerFile)
    for number, product in enumerate(found.product):
        for key, wrong in product.problems():
            raise BadData(f"{FILE}: product[{number}].{key}: {wrong}")
    if found.category not in first_categories.SLUGS:
        raise BadData(f"{FILE}: category: {found.category} is none of the first categories")
    return found


def mode_products() -> Mapping[ChargingMode, ModeProduct]:
    return {product.mode: product for product in server_file().product}


@dataclass(frozen=True, slots=True)
class DevMarket:
    """What the seller's engineer needs: accounts, what can be bought, and the keys of the open APIs."""

    logins: tuple[Login, ...]
    products: tuple[tuple[ChargingMode, str], ...]
    """Charging mode → the product's slug."""
    access_key: str
    secret_key: str = field(repr=False)


def kind_over(protocol: str) -> ProductType:
    """The kind of product that is sold over this protocol. Raises ``Refused`` when none is."""
    found = next((kind for kind in product_types().values() if protocol in kind.protocols), None)
    if found is None:
        served = [name for name in protocols() if any(name in kind.protocols for kind in product_types().values())]
        raise Refused(
            "seed.protocol",
            _("No product is sold over %(protocol)s. Choose one of: %(served)s.")
            % {"protocol": protocol or "?", "served": ", ".join(served)},
        )
    return found


def load_dev(now: datetime, *, address: str, protocol: str, key: str) -> DevMarket:
    """Fill a sandbox around the server at ``address``, which speaks ``protocol`` and holds ``key``.

    Loading again into the same market changes only what differs: the address that serves the products, and the key.
    Raises ``Refused`` in a real market, and for an address or a protocol that cannot serve.
    """
    if not config().sandbox:
        raise Refused("seed.real_market", _("Demo data goes into a sandbox only: its passwords are public."))
    kind = kind_over(protocol)
    with transaction.atomic():
        users = {login.role: account(login, now) for login in LOGINS}
        give_money(users[BUYER.role], now)
        seller = enter_seller(server_file().seller, users[OWNER.role], now)
        Member.objects.get_or_create(seller=seller, user=users[OWNER.role], defaults={"role": Member.Role.OWNER})
        _import_key(seller, protocol, key, now)
        serving = _address(seller, address, protocol, now)
        products = tuple((mode, _product(seller, kind, mode, serving, now)) for mode in kind.charging_modes)
        living = keys.living_access_keys(seller, now=now).order_by("pk").first()
        if living is not None:
            return DevMarket(LOGINS, products, living.access_key, unseal(living.sealed))
        made = keys.create_access_key(seller, by=users[OWNER.role], now=now)
    return DevMarket(LOGINS, products, made.key_id, made.secret)


def _import_key(seller: Seller, protocol: str, key: str, now: datetime) -> None:
    interface_class = SigningKey.InterfaceClass(protocol_of(protocol).key_class)
    if keys.signing_secrets(seller.pk, interface_class, now=now)[:1] != (key,):
        keys.rotate_signing_key(seller, interface_class, now=now, secret=key)


def _address(seller: Seller, url: str, protocol: str, now: datetime) -> Address:
    known = Address.objects.filter(seller=seller, url=url.strip(), protocol=protocol, removed_at=None).first()
    if known is None and (host := addresses.host_in(addresses.check_url(url, outbound=SANDBOX))):
        domains.vouch(seller, host, now=now)  # whoever starts the sandbox says where its server is
    return known or addresses.register(
        seller,
        url=url,
        protocol=protocol,
        require_body_sign=config().body_sign == "required",
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
