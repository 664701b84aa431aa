"""An enterprise of the demo's buyer: members imported from a table, and a bound joint product with authorised members.

Uses the functions of the pages, once, in the running market. Existing data is not changed.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from tradepost.market.applications import authorise, bind
from tradepost.market.applications.models import TenantBinding
from tradepost.market.applications.rules import rules_of
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.organisations import departments, enterprise, groups, import_members, initial_password
from tradepost.market.organisations.departments import DepartmentLimits
from tradepost.market.organisations.enterprise import FoundEnterprise
from tradepost.market.organisations.initial_password import GeneratedPassword
from tradepost.market.organisations.models import Department, Enterprise, Group, ImportRun, Member
from tradepost.market.subscriptions.models import Subscription

from .joint_data import MEMBER_LOGIN, joint
from .loading import QuickHasher
from .people import BUYER
from .road import Road


def open_enterprise(road: Road, product: Product) -> None:
    """Create the enterprise. Raises ``StoppingError``, and ``Refused`` for problems that a person has to solve.

    Does nothing if another buyer has an enterprise with this code.
    """
    buyer = User.objects.get(email=BUYER.email)
    service = _buy_service(road, product, buyer)
    admin = _found_enterprise(road, buyer)
    if admin is None:
        return
    _add_people(road, admin)
    if service is not None:
        _bind(road, admin, service)


def _buy_service(road: Road, product: Product, buyer: User) -> Subscription | None:
    """Return the service, which the sample seller opens; None if the product is not on sale or the service has
    ended."""
    services = Subscription.objects.filter(product=product, buyer=buyer).order_by("pk")
    if not services.exists():
        offer = Offer.objects.filter(sku__spec__product=product, on_sale=True, period_type="year", trial=False).first()
        if offer is None or product.status != Product.Status.ON_SALE:
            return None
        command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key="the demo binds it")
        timeout = timedelta(minutes=road.settings.orders.unpaid_timeout_minutes)
        with transaction.atomic():
            pay_order(buy(buyer, command, now=road.now(), unpaid_timeout=timeout), now=road.now())
    road.wait(services.exclude(status=Subscription.Status.OPENING).exists, product.slug)
    return services.filter(status=Subscription.Status.ACTIVE).first()


# --- the enterprise -----------------------------------------------------------------------------------------------------


def _found_enterprise(road: Road, buyer: User) -> Member | None:
    """Return the founder."""
    data, settings, now = joint().enterprise, road.settings, road.now()
    existing = Enterprise.objects.filter(code=data.code).first()
    if existing is not None:
        return Member.objects.filter(enterprise=existing, user=buyer, role=Member.Role.ADMIN, removed_at=None).first()
    command = FoundEnterprise(name=data.name, code=data.code, user_name=data.founder_account, person=buyer.name)
    bounds = DepartmentLimits(
        most=settings.organisations.departments_most, deepest=settings.organisations.departments_deepest
    )
    with transaction.atomic():
        admin = enterprise.found_enterprise(buyer, command, most=settings.organisations.enterprises_most, now=now)
        keys_by_code = {"": Department.objects.get(enterprise=admin.enterprise).pk}
        for department in data.department:
            parent = keys_by_code[department.parent]
            added_department = departments.add(
                admin.enterprise, department.code, department.name, parent=parent, by=admin, bounds=bounds, now=now
            )
            keys_by_code[department.code] = added_department.pk
    return admin


def _add_people(road: Road, admin: Member) -> None:
    """Import the table by a worker, create the group, and set the public password."""
    data, now, demo_enterprise = joint().enterprise, road.now(), admin.enterprise
    run = ImportRun.objects.filter(enterprise=demo_enterprise).order_by("pk").first()
    if run is None:
        run = import_members.upload(
            demo_enterprise, data.table.name, data.table.content.encode(), by=admin,
            files=import_members.folder(road.settings.files), bounds=import_members.limits_of(road.settings.organisations), now=now,
        )  # fmt: skip
    _wait_while(road, run, ImportRun.Status.CHECKING)
    if _reload(run).status == ImportRun.Status.CHECKED:
        import_members.confirm(run, by=admin, now=now)
    _wait_while(road, run, ImportRun.Status.IMPORTING)
    if not Group.objects.filter(enterprise=demo_enterprise).exists():
        group = groups.add(
            demo_enterprise, data.group, by=admin, most=road.settings.organisations.enterprise_groups_most, now=now
        )
        members = Member.objects.filter(enterprise=demo_enterprise, user_name__in=data.in_group, removed_at=None)
        groups.add_members(group, list(members.values_list("pk", flat=True)), by=admin, now=now)
    _set_public_password(road, demo_enterprise)


def _reload(run: ImportRun) -> ImportRun:
    return ImportRun.objects.get(pk=run.pk)


def _wait_while(road: Road, run: ImportRun, status: str) -> None:
    road.wait(lambda: _reload(run).status != status, joint().enterprise.table.name)


def _set_public_password(road: Road, demo_enterprise: Enterprise) -> None:
    """Set the public password of the demo account, unless the person has chosen another one."""
    members = Member.objects.filter(
        enterprise=demo_enterprise, user_name=MEMBER_LOGIN.email, managed=True, password_at=None, removed_at=None
    )
    member = members.first()
    if member is not None:
        public_password = GeneratedPassword(
            password=MEMBER_LOGIN.password, hashed=make_password(MEMBER_LOGIN.password, hasher=QuickHasher())
        )
        with transaction.atomic():
            initial_password.set_password(member, public_password, now=road.now(), temporary=False)


# --- who may use it -----------------------------------------------------------------------------------------------------


def _bind(road: Road, admin: Member, service: Subscription) -> None:
    """Bind the service once. An unbound or stopped binding is left to people."""
    data, rules, now = joint().enterprise, rules_of(road.settings), road.now()
    if TenantBinding.objects.filter(subscription=service).exists():
        return
    binding = bind.bind(service, admin.enterprise, released=data.released, actor=admin.user.email, rules=rules, now=now)
    status = TenantBinding.Status
    road.wait(lambda: TenantBinding.objects.get(pk=binding.pk).status != status.BINDING, "the binding")
    if TenantBinding.objects.get(pk=binding.pk).status != status.BOUND:
        return
    authorise.authorise(binding, [admin.pk], admin=True, rules=rules, now=now)
    if (group := Group.objects.filter(enterprise=admin.enterprise, name=data.group).first()) is not None:
        authorise.authorise_group(binding, group, rules=rules, now=now)
