"""Enterprises with members, applications of sellers, and services that are bound to them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from django.db import transaction

from tradepost.market.applications import bind as verbs
from tradepost.market.applications.models import Application, TenantBinding
from tradepost.market.applications.rules import SyncRules, rules_of
from tradepost.market.base.config import config
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.organisations.models import Department, Enterprise, Group, GroupMember, Member
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.registry import protocol

from .buying import make_order, make_subscription
from .people import NOW, make_address, make_buyer, make_seller
from .products import make_offer, make_product

KIT_KEY = "a kit key of tests"
_numbers = count(1)


def private_pem() -> str:
    """Return the private key of the sellers in tests. It is cached, because creating a key of 3072 bits is slow."""
    return (Path(__file__).parents[1] / "data/joint-seller.pem").read_text(encoding="ascii")


@cache
def public_pem() -> str:
    key = serialization.load_pem_private_key(private_pem().encode("ascii"), password=None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def sync_rules() -> SyncRules:
    return rules_of(config())


def make_enterprise(
    buyer: User | None = None, *, seller: Seller | None = None, now: datetime = NOW, **fields: object
) -> Enterprise:
    """Return an enterprise with the department HQ at the top. With ``seller``, it is that seller's test enterprise."""
    number = next(_numbers)
    owner = {"test_seller": seller} if seller else {"buyer": buyer or make_buyer(balance="0", now=now)}
    columns = {"code": f"lantian{number}", "name": f"蓝田制造{number}", "created_at": now} | owner | fields
    made = Enterprise.objects.create(**columns)
    Department.objects.create(enterprise=made, code="HQ", name="总部")
    return made


def make_department(
    enterprise: Enterprise, code: str, parent: Department | None = None, *, name: str = ""
) -> Department:
    return Department.objects.create(enterprise=enterprise, code=code, name=name or code, parent=parent)


def make_people(
    enterprise: Enterprise, most: int, *, department: Department | None = None, now: datetime = NOW
) -> list[Member]:
    """Create ``most`` members of the department, or of the first one."""
    department = department or Department.objects.get(enterprise=enterprise, code="HQ")
    numbers = [next(_numbers) for _ in range(most)]
    users = User.objects.bulk_create(
        [User(email=f"person{number}@lantian.example", password="!", joined_at=now) for number in numbers]
    )
    return Member.objects.bulk_create(
        [
            Member(
                enterprise=enterprise, user=user, user_name=f"person{number}", name=f"员工{number}", department=department,
                profile={"position": "工程师", "mobile": "13800000000"}, joined_at=now,
            )
            for number, user in zip(numbers, users, strict=True)
        ]
    )  # fmt: skip


def make_member_group(enterprise: Enterprise, members: list[Member], *, name: str = "", now: datetime = NOW) -> Group:
    group = Group.objects.create(enterprise=enterprise, name=name or f"小组{next(_numbers)}", created_at=now)
    GroupMember.objects.bulk_create([GroupMember(group=group, member=one) for one in members])
    return group


def make_kit_address(seller: Seller, *, spoken: str = "joint_kit_v2", url: str = "", now: datetime = NOW) -> Address:
    """Return an address for which all five calls were debugged. Its seller has a key of that class."""
    if not SigningKey.objects.filter(seller=seller, interface_class="kit").exists():
        keys.rotate_signing_key(seller, SigningKey.InterfaceClass.KIT, now=now, secret=KIT_KEY)
    address = make_address(seller, protocol=spoken, url=url, now=now)
    address.proven = list(protocol(spoken).activities.values())
    address.save(update_fields=["proven"])
    return address


def make_application(
    seller: Seller | None = None, *, address: Address | None = None, now: datetime = NOW, **fields: object
) -> Application:
    seller, number = seller or make_seller(now=now), next(_numbers)
    columns = {
        "name": f"青榭协同{number}", "app_id": f"app{number}", "secret_hash": "0" * 64, "public_key": public_pem(),
        "login_kind": "shared", "login_url": f"https://app{number}.qingxie.example/login",
        "callback": f"https://app{number}.qingxie.example/callback", "asked_fields": ["mobile"], "created_at": now,
    } | fields  # fmt: skip
    return Application.objects.create(seller=seller, address=address or make_kit_address(seller, now=now), **columns)


def make_joint_service(
    *, buyer: User | None = None, application: Application | None = None, now: datetime = NOW, **fields: object
) -> Subscription:
    """Return a service in use whose product has an application. It is active at once, because a worker may be running."""
    application = application or make_application(now=now, **fields)  # type: ignore[arg-type]  # columns of a test's own
    if application.product is None:
        application.product = make_product(application.seller, now=now)
        application.save(update_fields=["product"])
    buyer = buyer or make_buyer(now=now)
    with transaction.atomic():
        order = make_order(buyer, offer=make_offer(application.product), paid=True, now=now)
        return make_subscription(order, now=now)


def make_binding(
    service: Subscription | None = None, enterprise: Enterprise | None = None, *, now: datetime = NOW
) -> TenantBinding:
    """Return a binding that was requested: its first call, tenantSync, is waiting."""
    service = service or make_joint_service(now=now)
    enterprise = enterprise or make_enterprise(service.buyer, now=now)
    return verbs.bind(service, enterprise, released=["mobile"], actor="admin", rules=sync_rules(), now=now)
