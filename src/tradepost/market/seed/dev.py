"""A market around one seller's own server: a company, a product of each charging mode bound to the server, a buyer with money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog.listing import ListProduct, NewSku, NewSpec, Price, list_product, put_on_sale
from tradepost.market.catalog.models import Category, Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import Member, Seller, SigningKey
from tradepost.market.product_types.contract import ProductType
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocol as protocol_of
from tradepost.protocols.registry import protocols

from .loading import account, give_money
from .people import BUYER, OPERATOR, Login
from .shapes import MONTHS, YEARS

OWNER = Login(role="seller", email="owner@your-company.example", password="seller-sandbox", name="商家工程师")  # noqa: S106
LOGINS = (BUYER, OWNER, OPERATOR)
SELLER = "your-company"
CATEGORY = "development"
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><rect width="320" height="200" fill="#0f3d5e"/>'
    '<rect x="88" y="52" width="144" height="40" rx="8" fill="#2f7fb5"/>'
    '<rect x="88" y="108" width="144" height="40" rx="8" fill="#7fc4ea"/>'
    '<circle cx="110" cy="72" r="7" fill="#ffffff"/><circle cx="110" cy="128" r="7" fill="#0f3d5e"/></svg>'
)


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
        seller = _seller(now)
        Member.objects.get_or_create(seller=seller, user=users[OWNER.role], defaults={"role": Member.Role.OWNER})
        _import_key(seller, protocol, key, now)
        serving = _address(seller, address, protocol, now)
        products = tuple((mode, _product(seller, kind, mode, serving, now)) for mode in kind.charging_modes)
        living = keys.living_access_keys(seller, now=now).order_by("pk").first()
        if living is not None:
            return DevMarket(LOGINS, products, living.access_key, unseal(living.sealed))
        made = keys.create_access_key(seller, by=users[OWNER.role], now=now)
    return DevMarket(LOGINS, products, made.key_id, made.secret)


def _seller(now: datetime) -> Seller:
    return Seller.objects.get_or_create(
        slug=SELLER,
        defaults={
            "name": "你的公司",
            "name_en": "Your company",
            "contact_email": f"support@{SELLER}.example",
            "about": "这里的商品都由你自己的服务器交付。",
            "about_en": "Everything here is delivered by your own server.",
            "created_at": now,
        },
    )[0]


def _import_key(seller: Seller, protocol: str, key: str, now: datetime) -> None:
    interface_class = SigningKey.InterfaceClass(protocol_of(protocol).key_class)
    if keys.signing_secrets(seller.pk, interface_class, now=now)[:1] != (key,):
        keys.rotate_signing_key(seller, interface_class, now=now, secret=key)


def _address(seller: Seller, url: str, protocol: str, now: datetime) -> Address:
    known = Address.objects.filter(seller=seller, url=url.strip(), protocol=protocol).first()
    return known or addresses.register(seller, url=url, protocol=protocol, now=now)


def _product(seller: Seller, kind: ProductType, mode: ChargingMode, serving: Address, now: datetime) -> str:
    slug = f"{SELLER}-{kind.code}-{mode}".lower().replace("_", "-")
    product = Product.objects.filter(slug=slug).first()
    if product is None:
        product = list_product(seller, _command(kind, mode, slug), now=now, sells_metered=True)
        addresses.bind(product, serving)
        put_on_sale(product, now=now, sells_metered=True)
    else:
        addresses.bind(product, serving)
    return slug


def _command(kind: ProductType, mode: ChargingMode, slug: str) -> ListProduct:
    Category.objects.get_or_create(
        slug=CATEGORY,
        defaults={"name": "开发与运维", "name_en": "Development & operations", "icon": "code", "position": 0},
    )
    words, spec = SHAPES[mode]
    return ListProduct(
        product_type=kind.code,
        category=CATEGORY,
        slug=slug,
        name=f"{kind.title.zh} {words.name}",
        name_en=f"{kind.title.en} {words.name_en}",
        summary=words.summary,
        summary_en=words.summary_en,
        description=f"<p>{words.summary}下单并付款（或开通）后，商埠立即调用你的生产接口；每一次调用都可以在商家中心的接口消息里看到。</p>",
        description_en=f"<p>{words.summary_en} Once an order is paid, or opened without payment, the market calls your production interface at once; "
        "every call can be looked at under interface messages in the seller center.</p>",
        picture=PICTURE,
        contact_email=f"support@{SELLER}.example",
        currency=config().currency,
        specs=(spec(),),
    )


@dataclass(frozen=True, slots=True)
class _Words:
    name: str
    name_en: str
    summary: str
    summary_en: str


_EDITIONS = (("standard", "标准版", "Standard", "50"), ("professional", "专业版", "Professional", "120"))


def _by_period() -> NewSpec:
    """Two editions with a number of users, so that both kinds of an upgrade have somewhere to go."""
    skus = tuple(
        NewSku(
            prices=(
                Price(
                    charging_mode=ChargingMode.PERIOD,
                    amount=Decimal(month),
                    period_type="month",
                    period_numbers=MONTHS,
                ),
                Price(
                    charging_mode=ChargingMode.PERIOD,
                    amount=Decimal(month) * 10,
                    period_type="year",
                    period_numbers=YEARS,
                ),
            ),
            values={"edition": code},
            quantity_name="用户数",
            quantity_name_en="Users",
            quantity_max=1000,
        )
        for code, _name, _name_en, month in _EDITIONS
    )
    values = [{"code": code, "name": name, "name_en": name_en} for code, name, name_en, _price in _EDITIONS]
    attributes = [{"code": "edition", "name": "版本", "name_en": "Edition", "values": values}]
    return NewSpec(name="标准规格", name_en="Standard", skus=skus, attributes=attributes)


def _flat(*prices: Price) -> NewSpec:
    return NewSpec(name="标准规格", name_en="Standard", skus=(NewSku(prices=prices),))


def _once() -> NewSpec:
    return _flat(Price(charging_mode=ChargingMode.ONE_TIME, amount=Decimal(300)))


_BY_CALL = Price(
    charging_mode=ChargingMode.ON_DEMAND, amount=Decimal("0.02"), usage_unit="次调用", usage_unit_en="calls"
)


def _on_demand() -> NewSpec:
    return _flat(_BY_CALL)


def _package() -> NewSpec:
    """Two sizes, and what they are deducted from."""
    sizes = ((1000, 15, "month", (1, 3, 6)), (20_000, 240, "year", (1,)))
    packages = (
        replace(
            _BY_CALL,
            charging_mode=ChargingMode.ON_DEMAND_PKG,
            amount=Decimal(amount),
            period_type=period,
            period_numbers=numbers,
            quota=Decimal(quota),
        )
        for quota, amount, period, numbers in sizes
    )
    return _flat(_BY_CALL, *packages)


SHAPES: Mapping[ChargingMode, tuple[_Words, Callable[[], NewSpec]]] = {
    ChargingMode.PERIOD: (
        _Words(
            "包周期商品",
            "by period",
            "按月或按年购买，可续费、可升级。",
            "Bought by the month or the year; can be renewed and upgraded.",
        ),
        _by_period,
    ),
    ChargingMode.ONE_TIME: (
        _Words("按次商品", "one-time", "一次付费，没有到期时间。", "Paid once, without an expiry."),
        _once,
    ),
    ChargingMode.ON_DEMAND: (
        _Words(
            "按需商品",
            "on demand",
            "先使用后付费，按调用次数计价；开通不收费。",
            "Paid afterwards by the number of calls; opening costs nothing.",
        ),
        _on_demand,
    ),
    ChargingMode.ON_DEMAND_PKG: (
        _Words(
            "按需套餐包商品",
            "package",
            "先开通按需，再购买套餐包；用量优先从套餐包抵扣。",
            "Opened on demand first; then a package bought in advance, from which usage is deducted.",
        ),
        _package,
    ),
}
"""How the product of a charging mode looks. A new mode of a product type needs a line here: a test says so."""
