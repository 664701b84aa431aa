"""The initial market of a simulation: sellers with products for each protocol, buyers with money, an operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tradepost.market.base.money import Money
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.catalog import document as sold
from tradepost.market.catalog import first_categories
from tradepost.market.catalog.document import Document, Price
from tradepost.market.catalog.listing import draft_product, list_draft
from tradepost.market.catalog.models import Category, Product, Sku
from tradepost.market.catalog.upgrade_rules import add_rule
from tradepost.market.identity import domains, keys
from tradepost.market.identity.models import Level, Member, Seller, SigningKey, User
from tradepost.market.identity.operator_roles import Role
from tradepost.market.payments import ledger
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocol
from tradepost.protocols.text import Text

from .plan import START_TIME

CURRENCY = "CNY"
INITIAL_BALANCE = "30000"
"""Enough for most purchases, so that the balance is sometimes too low."""
PROTOCOLS = ("saas_v2", "saas_v1", "license_v1", "license_online")
"""Protocols of the sellers in turn: every protocol with products. With few sellers, the next seed uses others."""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#0d5c8f"/></svg>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A seller of the market, with the settings of its server."""

    seller: int
    name: str
    protocol: str
    address: str
    key: str


def build(*, sellers: int, buyers: int, first: int) -> tuple[Company, ...]:
    """Fill an empty market with the functions that set up a sandbox. ``first``: index of the first seller's
    protocol."""
    first_categories.ensure(Category.objects, "office")
    create_person("operator@market.example", role=Role.OWNER)
    protocol_names = [PROTOCOLS[(first + number) % len(PROTOCOLS)] for number in range(sellers)]
    companies = tuple(_company(number, protocol_name) for number, protocol_name in enumerate(protocol_names))
    for number in range(buyers):
        buyer = create_person(buyer_email(number), level=Level.values[number % len(Level.values)])
        ledger.top_up(
            buyer, Money.of(INITIAL_BALANCE, CURRENCY), reference=f"SIM-{number}", actor="simulation", now=START_TIME
        )
    return companies


def buyer_email(number: int) -> str:
    return f"buyer{number}@lantian.example"


def create_person(email: str, *, role: str = "", level: str = "") -> User:
    return User.objects.create_user(
        email, joined_at=START_TIME, name=email.partition("@")[0], operator_role=role, level=level
    )


def _company(number: int, protocol_name: str) -> Company:
    name, key = f"seller{number}", f"signing key of simulated seller {number}"
    seller = Seller.objects.create(
        name=name, name_en=name, slug=name, contact_email=f"{name}@qingxie.example", created_at=START_TIME
    )
    Member.objects.create(
        seller=seller, user=create_person(f"{name}@qingxie.example"), role=Member.Role.OWNER, joined_at=START_TIME
    )
    interface = SigningKey.InterfaceClass(protocol(protocol_name).key_class)
    keys.rotate_signing_key(seller, interface, now=START_TIME, secret=key)
    url = f"http://{name}.localhost/produce"
    domains.verify_without_proof(seller, addresses.host_of(url), now=START_TIME)
    serving_address = addresses.register(
        seller, url=url, protocol=protocol_name, require_body_sign=True, outbound=SANDBOX, now=START_TIME
    )
    # As if the seller had debugged a case of each: unproven activities are neither called nor offered.
    Address.objects.filter(pk=serving_address.pk).update(proven=sorted(protocol(protocol_name).activities.values()))
    for document in _products(protocol_name, number):
        drafted_product = draft_product(
            seller, document, slug=f"{name}-{document.base.name.en.lower()}", now=START_TIME
        )
        addresses.bind(drafted_product, serving_address)
        product = list_draft(drafted_product, currency=CURRENCY, now=START_TIME)
        _allow_upgrade(product)
    return Company(seller=seller.pk, name=name, protocol=protocol_name, address=url, key=key)


def _allow_upgrade(product: Product) -> None:
    """Permit the upgrade from the smaller edition to the larger one, if there are two."""
    skus = list(Sku.objects.filter(spec__product=product).order_by("pk"))
    if len(skus) > 1 and product_types()[product.product_type].upgrades:
        add_rule(product, skus[0].code, skus[1].code, now=START_TIME)


def _products(protocol_name: str, number: int) -> Sequence[Document]:
    kind = next(kind for kind in product_types().values() if protocol_name in kind.protocols)
    periods = protocol(protocol_name).life.periods
    cents = Decimal(number) / 100

    def rent(dearer: str) -> list[Price]:
        prices = [
            Price(amount=Decimal("99.37") + cents + Decimal(dearer), period_type="month", period_numbers=(1, 2, 3)),
            Price(amount=Decimal("991.01") + cents + Decimal(dearer) * 10, period_type="year", period_numbers=(1, 2)),
        ]
        if "day" in periods:
            amount = Decimal("7.03") + cents + Decimal(dearer) / 10
            prices.append(Price(amount=amount, period_type="day", period_numbers=(3, 10, 20)))
        return prices

    trial = [Price(trial=True, amount=Decimal(0), period_type="day", period_numbers=(7,))] if kind.trial else []
    seats = sold.Quantity(name=Text(zh="席位", en="Seats"), least=1, most=9)
    one_time = Price(charging_mode=ChargingMode.ONE_TIME, amount=Decimal("1200.45") + cents)
    size = sold.Attribute(
        code="size",
        name=_same_text("Size"),
        values=tuple(sold.Value(code=size_code, name=_same_text(size_code)) for size_code in SIZES),
    )
    small, large = SIZES
    editions = (
        sold.Sku(values={"size": small}, prices=(*rent("0"), *trial), quantity=seats),
        sold.Sku(values={"size": large}, prices=tuple(rent("50.50")), quantity=seats),
    )
    return (
        _document("Rented", kind.code, *editions, attributes=(size,)),
        _document("Owned", kind.code, sold.Sku(prices=(one_time,))),
    )


SIZES = ("small", "large")


def _same_text(word: str) -> Text:
    return Text(zh=word, en=word)


def _document(name: str, kind: str, *skus: sold.Sku, attributes: tuple[sold.Attribute, ...] = ()) -> Document:
    words = _same_text(name)
    return Document(
        product_type=kind,
        base=sold.Base(name=words, summary=words, category="office"),
        media=sold.Media(drawing=DRAWING),
        description=sold.Description(body=words),
        guide=sold.Guide(body=words),
        support=sold.Support(email="help@qingxie.example"),
        pricing=sold.Pricing(specs=(sold.Spec(name=words, skus=skus, attributes=attributes),)),
    )
