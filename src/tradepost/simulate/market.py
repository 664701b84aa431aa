"""The market that a simulation begins with: sellers with products over each protocol, buyers with money, an operator."""

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
from tradepost.market.payments import ledger
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocol
from tradepost.protocols.text import Text

from .plan import START

CURRENCY = "CNY"
MONEY = "30000"
"""Enough for most of what a buyer wants, so that the balance is too low now and then."""
PROTOCOLS = ("saas_v2", "saas_v1", "license_v1", "license_online")
"""Of the sellers, in turn: every protocol that a product is sold over. Few sellers speak others with the next seed."""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#0d5c8f"/></svg>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A seller of the market, with what its server needs to know."""

    seller: int
    name: str
    protocol: str
    address: str
    key: str


def build(*, sellers: int, buyers: int, first: int) -> tuple[Company, ...]:
    """Fill an empty market, by the verbs that set a sandbox up. ``first``: place of the first seller's protocol."""
    first_categories.ensure(Category.objects, "office")
    person("operator@market.example", is_operator=True)
    spoken = [PROTOCOLS[(first + number) % len(PROTOCOLS)] for number in range(sellers)]
    companies = tuple(_company(number, each) for number, each in enumerate(spoken))
    for number in range(buyers):
        buyer = person(buyer_email(number), level=Level.values[number % len(Level.values)])
        ledger.top_up(buyer, Money.of(MONEY, CURRENCY), reference=f"SIM-{number}", actor="simulation", now=START)
    return companies


def buyer_email(number: int) -> str:
    return f"buyer{number}@lantian.example"


def person(email: str, *, is_operator: bool = False, level: str = "") -> User:
    return User.objects.create_user(
        email, joined_at=START, name=email.partition("@")[0], is_operator=is_operator, level=level
    )


def _company(number: int, spoken: str) -> Company:
    name, key = f"seller{number}", f"signing key of simulated seller {number}"
    seller = Seller.objects.create(
        name=name, name_en=name, slug=name, contact_email=f"{name}@qingxie.example", created_at=START
    )
    Member.objects.create(
        seller=seller, user=person(f"{name}@qingxie.example"), role=Member.Role.OWNER, joined_at=START
    )
    interface = SigningKey.InterfaceClass(protocol(spoken).key_class)
    keys.rotate_signing_key(seller, interface, now=START, secret=key)
    url = f"http://{name}.localhost/produce"
    domains.vouch(seller, addresses.host_in(url), now=START)
    serving = addresses.register(seller, url=url, protocol=spoken, require_body_sign=True, outbound=SANDBOX, now=START)
    # As if the seller had debugged a case of each: what is not proven is not asked, and not offered.
    Address.objects.filter(pk=serving.pk).update(proven=sorted(protocol(spoken).activities.values()))
    for document in _products(spoken, number):
        drafted = draft_product(seller, document, slug=f"{name}-{document.base.name.en.lower()}", now=START)
        addresses.bind(drafted, serving)
        product = list_draft(drafted, currency=CURRENCY, now=START)
        _allow_upgrade(product)
    return Company(seller=seller.pk, name=name, protocol=spoken, address=url, key=key)


def _allow_upgrade(product: Product) -> None:
    """From its smaller edition to the larger one, where there are two."""
    skus = list(Sku.objects.filter(spec__product=product).order_by("pk"))
    if len(skus) > 1 and product_types()[product.product_type].upgrades:
        add_rule(product, skus[0].code, skus[1].code, now=START)


def _products(spoken: str, number: int) -> Sequence[Document]:
    kind = next(kind for kind in product_types().values() if spoken in kind.protocols)
    periods = protocol(spoken).life.periods
    cents = Decimal(number) / 100

    def rent(dearer: str) -> list[Price]:
        found = [
            Price(amount=Decimal("99.37") + cents + Decimal(dearer), period_type="month", period_numbers=(1, 2, 3)),
            Price(amount=Decimal("991.01") + cents + Decimal(dearer) * 10, period_type="year", period_numbers=(1, 2)),
        ]
        if "day" in periods:
            each = Decimal("7.03") + cents + Decimal(dearer) / 10
            found.append(Price(amount=each, period_type="day", period_numbers=(3, 10, 20)))
        return found

    trial = [Price(trial=True, amount=Decimal(0), period_type="day", period_numbers=(7,))] if kind.trial else []
    seats = sold.Quantity(name=Text(zh="席位", en="Seats"), least=1, most=9)
    once = Price(charging_mode=ChargingMode.ONE_TIME, amount=Decimal("1200.45") + cents)
    size = sold.Attribute(
        code="size", name=_twice("Size"), values=tuple(sold.Value(code=one, name=_twice(one)) for one in SIZES)
    )
    small, large = SIZES
    editions = (
        sold.Sku(values={"size": small}, prices=(*rent("0"), *trial), quantity=seats),
        sold.Sku(values={"size": large}, prices=tuple(rent("50.50")), quantity=seats),
    )
    return (
        _document("Rented", kind.code, *editions, attributes=(size,)),
        _document("Owned", kind.code, sold.Sku(prices=(once,))),
    )


SIZES = ("small", "large")


def _twice(word: str) -> Text:
    return Text(zh=word, en=word)


def _document(name: str, kind: str, *skus: sold.Sku, attributes: tuple[sold.Attribute, ...] = ()) -> Document:
    words = _twice(name)
    return Document(
        product_type=kind,
        base=sold.Base(name=words, summary=words, category="office"),
        media=sold.Media(drawing=DRAWING),
        description=sold.Description(body=words),
        guide=sold.Guide(body=words),
        support=sold.Support(email="help@qingxie.example"),
        pricing=sold.Pricing(specs=(sold.Spec(name=words, skus=skus, attributes=attributes),)),
    )
