"""Buyers with money, sellers with a member, a signing key and a production address, and operators."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from allauth.account.models import EmailAddress

from tradepost.market.base.money import Money
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.identity import domains, groups, keys
from tradepost.market.identity.models import Group, Member, Seller, SigningKey, User
from tradepost.market.payments import ledger
from tradepost.market.production import addresses
from tradepost.market.production.models import Address

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
"""The start time of a test by default."""
PASSWORD = "correct horse battery"
_numbers = count(1)


def make_buyer(
    *, email: str = "", balance: str = "10000", currency: str = "CNY", now: datetime = NOW, **fields: object
) -> User:
    """Return a person with a confirmed email address and money. ``balance="0"`` means none."""
    number = next(_numbers)
    email = email or f"buyer{number}@lantian.example"
    user = User.objects.create_user(email, PASSWORD, **({"name": f"买家{number}", "joined_at": now} | fields))
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if Money.of(balance, currency).minor:
        ledger.top_up(user, Money.of(balance, currency), reference=f"BANK-{number}", actor="operator", now=now)
    return user


def make_operator(role: str = "owner", *, email: str = "", now: datetime = NOW) -> User:
    email = email or f"operator{next(_numbers)}@market.example"
    return make_buyer(email=email, balance="0", now=now, operator_role=role)


def make_seller(
    *, member: User | None = None, role: str = Member.Role.OWNER, signing_key: str = "a signing key of tests",
    now: datetime = NOW, **fields: object,
) -> Seller:  # fmt: skip
    """Return a company with a signing key of the base interfaces. ``member`` may enter its seller center, as the owner
    or in a built-in group."""
    number = next(_numbers)
    defaults: dict[str, object] = {
        "name": f"青榭软件{number}", "name_en": f"Qingxie Software {number}", "slug": f"qingxie-{number}",
        "contact_email": f"service{number}@qingxie.example", "contact_phone": "400-800-1234", "created_at": now,
    }  # fmt: skip
    seller = Seller.objects.create(**(defaults | fields))
    if member is not None:
        make_member(seller, member, role)
    keys.rotate_signing_key(seller, SigningKey.InterfaceClass.BASE, now=now, secret=signing_key)
    return seller


def make_member(seller: Seller, user: User, group: str | Group = Member.Role.OWNER, *, now: datetime = NOW) -> Member:
    """``group``: "owner", the code of a built-in group, or a custom group."""
    role = Member.Role.OWNER if group == Member.Role.OWNER else Member.Role.MEMBER
    member = Member.objects.create(seller=seller, user=user, role=role, joined_at=now)
    if role == Member.Role.MEMBER:
        member.groups.add(group if isinstance(group, Group) else groups.built_in(seller, group))
    return member


def make_group(seller: Seller, **menus: str) -> Group:
    """Return a custom group with access to these menus: ``trade="read"``."""
    return Group.objects.create(seller=seller, name=f"Group {next(_numbers)}", menus=menus)


def make_address(
    seller: Seller, *, url: str = "", protocol: str = "saas_v2", require_body_sign: bool = True, now: datetime = NOW
) -> Address:
    url = url or f"http://127.0.0.1:9/produce/{next(_numbers)}"
    domains.verify_without_proof(seller, addresses.host_of(url), now=now)
    return addresses.register(
        seller, url=url, protocol=protocol,
        require_body_sign=require_body_sign, outbound=SANDBOX, now=now,
    )  # fmt: skip
