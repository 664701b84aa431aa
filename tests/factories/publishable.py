"""Valid products in different shapes, and sellers that can publish them, with every case saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count, product
from random import Random

from tests.factories.companies import admitted, certified, owner_of
from tests.factories.people import NOW, make_address
from tests.factories.pictures import make_picture, make_proof
from tests.factories.products import make_category
from tradepost.market.assets.models import Picture
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as sold
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Document, Price, Sku, Spec
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.product_types.contract import NO
from tradepost.market.product_types.registry import product_types
from tradepost.market.product_types.web_site import HAS_WEB_SITE
from tradepost.market.production import addresses
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

_numbers = count(1)
KEY = "0123456789abcdef0123456789ABCDEF"
"""The key of the tester's correct sellers (tests/check)."""
BODY_ZH = (
    "<h3>主要能力</h3><p>"
    + "支持凭证录入、期末结转、多账套管理与权限分级，财务人员可以按月查看科目余额并导出报表。" * 12
    + "</p>"
)
BODY_EN = (
    "<p>"
    + "It keeps ledgers, closes months, and shows balances of every account to those who may see them. " * 6
    + "</p>"
)
PERIODS = {"day": (7, 30), "month": (1, 3, 6), "year": (1, 2, 3)}
TRIAL = Price(charging_mode=ChargingMode.PERIOD, period_type="day", period_numbers=(14,), amount=Decimal(0), trial=True)
ONCE = Price(charging_mode=ChargingMode.ONE_TIME, amount=Decimal(500))
USAGE = Price(
    charging_mode=ChargingMode.ON_DEMAND,
    factors=(sold.Factor(code="calls", unit=Text(zh="次", en="calls"), amount=Decimal("0.0025")),),
)


def period(kind: str = "month", amount: str = "99.5") -> Price:
    return Price(
        charging_mode=ChargingMode.PERIOD, period_type=kind, period_numbers=PERIODS[kind], amount=Decimal(amount)
    )


def may_publish(*, now: datetime = NOW) -> Seller:
    """Return a seller that can publish: admitted, certified, with a signing key."""
    seller = certified(admitted(now=now), now=now)
    keys.rotate_signing_key(seller, SigningKey.InterfaceClass.BASE, now=now, secret=KEY)
    return seller


def pictures_of(seller: Seller) -> dict[str, str]:
    """Return the pictures of a seller, made once because each takes a moment."""
    kinds = {"logo": Picture.Purpose.PRODUCT_LOGO, "main": Picture.Purpose.PRODUCT_MAIN}
    found = {name: Picture.objects.filter(seller=seller, purpose=purpose).first() for name, purpose in kinds.items()}
    return {name: (found[name] or make_picture(seller, purpose=purpose)).sha256 for name, purpose in kinds.items()}


def without_web_site(product_type: str) -> dict[str, str]:
    """Answer the questions of a kind whose products may have a web site (business-rules §2.7): this one has none."""
    return {HAS_WEB_SITE: NO} if product_types()[product_type].web_scan else {}


def right_document(
    seller: Seller, *specs: Spec, product_type: str = "SAAS", name: str = "", name_en: str = "", **sections: object
) -> Document:
    """Return a document that is complete in every section. ``sections`` replaces whole sections."""
    make_category()
    shown, number = pictures_of(seller), next(_numbers)
    whole = Document(
        product_type=product_type,
        base=sold.Base(
            name=Text(zh=name or f"云账财务{number}", en=name_en or f"Cloud Ledger {number}"),
            summary=Text(zh="面向中小企业的在线财务软件。", en="Bookkeeping online for smaller companies."),
            highlights=(Text(zh="多账套", en="Many ledgers"),), category="office",
        ),
        media=sold.Media(logo=shown["logo"], pictures=(shown["main"],)),
        description=sold.Description(body=Text(zh=BODY_ZH, en=BODY_EN)),
        guide=sold.Guide(body=Text(zh="<ol><li>打开网址并登录。</li></ol>", en="<ol><li>Open the address and log in.</li></ol>")),
        support=sold.Support(
            hours=Text(zh="周一至周五 9:00–18:00", en="Monday to Friday, 9:00 to 18:00"),
            content=Text(zh="使用咨询与故障处理。", en="Questions and faults."),
            email="help@qingxie.example", phone="400-800-1234",
        ),
        pricing=sold.Pricing(specs=specs or (Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(period(),)),)),)),
        details=sold.Details(fields=without_web_site(product_type), proofs={"software_copyright": make_proof(seller).sha256}),
        discovery=sold.Discovery(keywords=Text(zh="财务, 记账", en="ledger, accounts")),
    )  # fmt: skip
    return replace(whole, **sections)


def shapes(random: Random) -> Sequence[Spec]:
    """Return specs of a valid product: one to three, each with its own attributes, quantity, prices and bands."""
    numbers = random.sample(range(4), k=random.randint(1, 3))
    names = (("标准版", "Standard"), ("专业版", "Professional"), ("企业版", "Enterprise"), ("教育版", "Education"))
    return tuple(_spec(random, Text(zh=names[n][0], en=names[n][1])) for n in numbers)


def _spec(random: Random, name: Text) -> Spec:
    attributes = tuple(
        sold.Attribute(
            code=f"a{a}",
            name=Text(zh=("用户数", "地域", "存储")[a], en=("Users", "Region", "Storage")[a]),
            values=tuple(
                sold.Value(code=f"v{v}", name=Text(zh=f"{(v + 1) * 10} 档", en=f"Size {(v + 1) * 10}"))
                for v in range(random.randint(1, 4))
            ),
        )
        for a in range(random.randint(0, 3))
    )
    combinations = list(product(*([value.code for value in attribute.values] for attribute in attributes)))
    chosen = random.sample(combinations, k=min(len(combinations), random.randint(1, 6)))
    counted = random.random() < 0.5
    return Spec(
        name=name,
        attributes=attributes,
        skus=tuple(
            Sku(
                values={attribute.code: code for attribute, code in zip(attributes, codes, strict=True)},
                quantity=_quantity(random) if counted else None,
                prices=_prices(random, counted=counted),
            )
            for codes in chosen
        ),
    )


def _quantity(random: Random) -> sold.Quantity:
    least, step = random.randint(1, 10), random.choice((1, 5, 10))
    return sold.Quantity(
        name=Text(zh="席位", en="Seats"), least=least, most=least + step * random.randint(1, 100), step=step
    )


def _prices(random: Random, *, counted: bool) -> tuple[Price, ...]:
    ways: list[Price] = []
    for kind in random.sample(sorted(PERIODS), k=random.randint(1, 3)):
        price = period(kind, f"{random.randint(1, 99_999)}.{random.randint(0, 99):02d}")
        ways.append(_banded(random, price) if counted and random.random() < 0.5 else price)
    if random.random() < 0.4:
        ways.append(TRIAL)
    if random.random() < 0.4:
        ways.append(ONCE)
    if random.random() < 0.5:
        ways.append(USAGE)
        if random.random() < 0.5:
            ways.append(
                Price(
                    charging_mode=ChargingMode.ON_DEMAND_PKG, period_type="month", period_numbers=(1,),
                    amount=Decimal(20), usage_unit=USAGE.factors[0].unit, quota=Decimal(10_000),
                    reset=random.choice(("", "month")),
                )
            )  # fmt: skip
    return tuple(ways)


def _banded(random: Random, price: Price) -> Price:
    edges = sorted(random.sample(range(2, 500), k=random.randint(1, 4)))
    bands = [sold.Band(upto=edge, amount=Decimal(100 - n)) for n, edge in enumerate(edges)]
    return replace(
        price, model=random.choice((PriceModel.TIER, PriceModel.STEP)), amount=None,
        bands=(*bands, sold.Band(amount=Decimal(10))),
    )  # fmt: skip


def save_all(product: Product, document: Document, *, by: User | None, now: datetime) -> None:
    """Save every section that differs from the draft, as its page does."""
    draft = drafts.open_draft(product, by=by, now=now)
    before = sold.load(draft.document)
    for section in sold.SECTIONS:
        if (wanted := getattr(document, section)) != getattr(before, section):
            drafts.save_section(product, section, wanted, seen=draft.revisions.get(section, 0), by=by, now=now)


def drafted(seller: Seller, document: Document, *, url: str = "", protocol: str = "saas_v2") -> Product:
    """Return a product with this document as its draft, bound to a production address."""
    made = drafts.begin_complete(seller, document, by=owner_of(seller), now=NOW)
    addresses.bind(made, make_address(seller, url=url, protocol=protocol))
    return made
