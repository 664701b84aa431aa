"""Load the demo into a sandbox, and again at every start. Existing data is not changed.

Products are then drafts at the sample seller's address; ``road.publish_all`` publishes them.
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
from tradepost.market.identity.operator_roles import Role
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production import addresses
from tradepost.market.production.models import Address

from . import people
from .companies import enter_seller
from .people import BUYER, LOGINS, OPERATOR, OWNER, Login
from .products import products
from .proofs import store_certificate
from .shipped import renew_secrets

PROTOCOL = "saas_v2"
TOP_UP = "50000"
TOP_UP_REFERENCE = "DEMO-0001"
_BASE_KEY_CLASS = SigningKey.InterfaceClass.BASE


@dataclass(frozen=True, slots=True)
class SeedResult:
    """The accounts of the demo, and the keys with which the sample seller's server starts."""

    logins: tuple[Login, ...]
    signing_key: str = field(repr=False)
    access_key: str
    secret_key: str = field(repr=False)
    seller: Seller


def load(now: datetime, *, seller_address: str) -> SeedResult:
    """Fill a sandbox with the demo. ``seller_address``: the production address of the sample seller's server.

    The server serves the products of all demo sellers and has one signing key, so they share it. Loading again updates
    only the address and the signing key, and creates what a shipped demo lacks (``shipped``). Raises ``Refused`` in a
    real market, since the passwords are public.
    """
    if not config().sandbox:
        raise Refused(
            "seed.real_market", _("Demo data can be loaded only into a sandbox, because its passwords are public.")
        )
    with transaction.atomic():
        users = {login.role: ensure_account(login, now) for login in LOGINS}
        top_up_buyer(users[BUYER.role], now)
        sellers = {seller.slug: enter_seller(seller, users[OWNER.role], now) for seller in people.sellers()}
        for demo_seller in people.sellers():
            renew_secrets(demo_seller, sellers[demo_seller.slug])
        demo = next(iter(sellers.values()))
        # One account sees all purchases: the owner acts for all demo sellers.
        for seller in (demo, *sellers.values()):
            Member.objects.get_or_create(seller=seller, user=users[OWNER.role], defaults={"role": Member.Role.OWNER})
        signing_key = _shared_signing_key(demo, tuple(sellers.values()), now)
        addresses_by_slug = {slug: _address(seller, seller_address, now) for slug, seller in sellers.items()}
        _drafts(sellers, addresses_by_slug, by=users[OWNER.role], now=now)
        access_key, secret_key = _access_key(demo, users[OWNER.role], now)
    return SeedResult(LOGINS, signing_key, access_key, secret_key, demo)


class QuickHasher(Argon2PasswordHasher):
    """A fast hasher for public passwords. Django rehashes them slowly at the first sign-in."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


def ensure_account(login: Login, now: datetime) -> User:
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
            operator_role=Role.OWNER if login is OPERATOR else "",
            joined_at=now,
        )
        user.password = make_password(login.password, hasher=QuickHasher())
        user.save(update_fields=["password"])
        # Nobody reads mail at .example, so the address counts as confirmed.
        EmailAddress.objects.create(user=user, email=login.email, verified=True, primary=True)
    return user


def top_up_buyer(buyer: User, now: datetime) -> None:
    if not Transfer.objects.filter(reason=Transfer.Reason.TOP_UP, reference=TOP_UP_REFERENCE).exists():
        ledger.top_up(
            buyer, Money.of(TOP_UP, config().currency), reference=TOP_UP_REFERENCE, actor=OPERATOR.email, now=now
        )


def _shared_signing_key(demo: Seller, sellers: tuple[Seller, ...], now: datetime) -> str:
    current_keys = keys.signing_secrets(demo.pk, _BASE_KEY_CLASS, now=now)
    secret = current_keys[0] if current_keys else keys.rotate_signing_key(demo, _BASE_KEY_CLASS, now=now).secret
    for seller in sellers:
        if keys.signing_secrets(seller.pk, _BASE_KEY_CLASS, now=now)[:1] != (secret,):
            keys.rotate_signing_key(seller, _BASE_KEY_CLASS, now=now, secret=secret)
    return secret


def _access_key(demo: Seller, owner: User, now: datetime) -> tuple[str, str]:
    """Return the oldest valid key pair, unsealed, since the sample seller's server starts with it."""
    existing_key = keys.valid_access_keys(demo, now=now).order_by("pk").first()
    if existing_key is not None:
        return existing_key.access_key, unseal(existing_key.sealed)
    new_key = keys.create_access_key(demo, by=owner, now=now)
    return new_key.key_id, new_key.secret


def _address(seller: Seller, url: str, now: datetime) -> Address:
    registered_addresses = list(
        Address.objects.filter(seller=seller, protocol=PROTOCOL, removed_at=None).order_by("pk")
    )
    same_server = [address for address in registered_addresses if _without_port(address.url) == _without_port(url)]
    if not same_server:
        return addresses.register(
            seller,
            url=url,
            protocol=PROTOCOL,
            require_body_sign=config().production.body_sign == "required",
            outbound=SANDBOX,
            now=now,
        )
    address = next((a for a in same_server if a.url == url), same_server[0])
    if address.url != url:
        addresses.change(address, url=url, require_body_sign=address.require_body_sign, outbound=SANDBOX, now=now)
    return address


def _without_port(url: str) -> tuple[str, str | None, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.path.rstrip("/")


def _drafts(sellers: dict[str, Seller], addresses_by_slug: dict[str, Address], *, by: User, now: datetime) -> None:
    existing_slugs = set(Product.objects.filter(slug__in=[p.slug for p in products()]).values_list("slug", flat=True))
    described = {seller.slug: seller for seller in people.sellers()}
    for product in products():
        if product.slug in existing_slugs:
            continue
        demo_seller, seller = described[product.seller], sellers[product.seller]
        first_categories.ensure(Category.objects, product.category)
        proof = store_certificate(product.name.en, seller, demo_seller.name.en, by=by, settings=config(), now=now)
        drafted_product = draft_product(
            seller, product.document(demo_seller, proof=proof), by=by, slug=product.slug, now=now
        )
        addresses.bind(drafted_product, addresses_by_slug[product.seller])
