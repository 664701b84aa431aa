"""Load the demo into a sandbox, and load it again at every start: what is there already stays as it is.

Products are drafts then, served at the sample seller's address; they come to the shelf by ``road.walk``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog import first_categories
from tradepost.market.catalog.listing import draft_product
from tradepost.market.catalog.models import Category, Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import CustomerType, Member, Seller, SigningKey, User
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production import addresses
from tradepost.market.production.models import Address

from . import people
from .companies import enter_seller
from .people import BUYER, LOGINS, OPERATOR, OWNER, Login
from .products import products
from .proofs import hand_in_certificate
from .shipped import renew_secrets

PROTOCOL = "saas_v2"
TOP_UP = "50000"
TOP_UP_REFERENCE = "DEMO-0001"
_BASE = SigningKey.InterfaceClass.BASE


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What one needs to try the market: accounts, and the keys with which the sample seller's server is started."""

    logins: tuple[Login, ...]
    signing_key: str = field(repr=False)
    access_key: str
    secret_key: str = field(repr=False)
    seller: Seller


def load(now: datetime, *, seller_address: str) -> SeedResult:
    """Fill a sandbox with the demo. ``seller_address`` is the production address of the sample seller's server, which
    serves the products of all demo sellers; a server has one key, so they share the signing key of the demo seller.

    Loading again changes nothing but what ties the market to that server: an address whose port moved, and a signing
    key that was rotated for the demo seller alone; what was left out of a shipped demo (``shipped``) is made anew. Raises ``Refused`` in a real market: the passwords are public.
    """
    if not config().sandbox:
        raise Refused("seed.real_market", _("Demo data goes into a sandbox only: its passwords are public."))
    with transaction.atomic():
        users = {login.role: account(login, now) for login in LOGINS}
        give_money(users[BUYER.role], now)
        sellers = {seller.slug: enter_seller(seller, users[OWNER.role], now) for seller in people.sellers()}
        for said in people.sellers():
            renew_secrets(said, sellers[said.slug])
        demo = next(iter(sellers.values()))
        # One sign-in sees what happens to every purchase: the owner acts for all demo sellers, the demo seller first.
        for seller in (demo, *sellers.values()):
            Member.objects.get_or_create(seller=seller, user=users[OWNER.role], defaults={"role": Member.Role.OWNER})
        signing_key = _shared_signing_key(demo, tuple(sellers.values()), now)
        serving = {slug: _address(seller, seller_address, now) for slug, seller in sellers.items()}
        _drafts(sellers, serving, by=users[OWNER.role], now=now)
        access_key, secret_key = _access_key(demo, users[OWNER.role], now)
    return SeedResult(LOGINS, signing_key, access_key, secret_key, demo)


class QuickHasher(Argon2PasswordHasher):
    """Passwords that everybody may read need no slow hash; Django makes it a slow one at the first sign-in."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


def account(login: Login, now: datetime) -> User:
    user = User.objects.filter(email=login.email).first()
    if user is None:
        user = User.objects.create_user(
            login.email,
            name=login.name,
            company=login.company,
            customer_type=CustomerType.COMPANY if login.company else "",
            certified_name=login.company,
            phone=login.phone,
            level=login.level,
            is_operator=login is OPERATOR,
            joined_at=now,
        )
        user.password = make_password(login.password, hasher=QuickHasher())
        user.save(update_fields=["password"])
        # Nobody reads mail at .example: the address counts as confirmed.
        EmailAddress.objects.create(user=user, email=login.email, verified=True, primary=True)
    return user


def give_money(buyer: User, now: datetime) -> None:
    if not Transfer.objects.filter(reason=Transfer.Reason.TOP_UP, reference=TOP_UP_REFERENCE).exists():
        ledger.top_up(
            buyer, Money.of(TOP_UP, config().currency), reference=TOP_UP_REFERENCE, actor=OPERATOR.email, now=now
        )


def _shared_signing_key(demo: Seller, sellers: tuple[Seller, ...], now: datetime) -> str:
    current = keys.signing_secrets(demo.pk, _BASE, now=now)
    secret = current[0] if current else keys.rotate_signing_key(demo, _BASE, now=now).secret
    for seller in sellers:
        if keys.signing_secrets(seller.pk, _BASE, now=now)[:1] != (secret,):
            keys.rotate_signing_key(seller, _BASE, now=now, secret=secret)
    return secret


def _access_key(demo: Seller, owner: User, now: datetime) -> tuple[str, str]:
    """The oldest living pair; its secret is opened here because the sample seller's server is started with it."""
    living = keys.living_access_keys(demo, now=now).order_by("pk").first()
    if living is not None:
        return living.access_key, unseal(living.sealed)
    made = keys.create_access_key(demo, by=owner, now=now)
    return made.key_id, made.secret


def _address(seller: Seller, url: str, now: datetime) -> Address:
    found = list(Address.objects.filter(seller=seller, protocol=PROTOCOL, removed_at=None).order_by("pk"))
    same = [address for address in found if _but_port(address.url) == _but_port(url)]
    if not same:
        return addresses.register(
            seller,
            url=url,
            protocol=PROTOCOL,
            require_body_sign=config().body_sign == "required",
            outbound=SANDBOX,
            now=now,
        )
    address = next((a for a in same if a.url == url), same[0])
    if address.url != url:
        addresses.change(address, url=url, require_body_sign=address.require_body_sign, outbound=SANDBOX, now=now)
    return address


def _but_port(url: str) -> tuple[str, str | None, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.path.rstrip("/")


def _drafts(sellers: dict[str, Seller], serving: dict[str, Address], *, by: User, now: datetime) -> None:
    there = set(Product.objects.filter(slug__in=[p.slug for p in products()]).values_list("slug", flat=True))
    described = {seller.slug: seller for seller in people.sellers()}
    for product in products():
        if product.slug in there:
            continue
        said, seller = described[product.seller], sellers[product.seller]
        first_categories.ensure(Category.objects, product.category)
        proof = hand_in_certificate(product.name.en, seller, said.name.en, by=by, settings=config(), now=now)
        drafted = draft_product(seller, product.document(said, proof=proof), by=by, slug=product.slug, now=now)
        addresses.bind(drafted, serving[product.seller])
