"""The demo's buyer founds an enterprise, hands in a table of its people, buys the product with joint operation, binds it and says who may
use it. By the verbs of the pages, once, beside the running market: what is there already stays.
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
from tradepost.market.organisations.departments import Bounds
from tradepost.market.organisations.enterprise import Found
from tradepost.market.organisations.initial_password import Drawn
from tradepost.market.organisations.models import Department, Enterprise, Group, ImportRun, Member
from tradepost.market.subscriptions.models import Subscription

from .joint_data import MEMBER, joint
from .loading import QuickHasher
from .people import BUYER
from .road import Road


def open_enterprise(road: Road, product: Product) -> None:
    """Raises ``Stopped``, and ``Refused`` for what a person would have to mend. Nothing where somebody else has its code."""
    buyer = User.objects.get(email=BUYER.email)
    service = _bought(road, product, buyer)
    admin = _founded(road, buyer)
    if admin is None:
        return
    _people(road, admin)
    if service is not None:
        _bind(road, admin, service)


def _bought(road: Road, product: Product, buyer: User) -> Subscription | None:
    """The service, which the sample seller opens; None where the product is not on sale, or its service is over."""
    own = Subscription.objects.filter(product=product, buyer=buyer).order_by("pk")
    if not own.exists():
        offer = Offer.objects.filter(sku__spec__product=product, on_sale=True, period_type="year", trial=False).first()
        if offer is None or product.status != Product.Status.ON_SALE:
            return None
        command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key="the demo binds it")
        timeout = timedelta(minutes=road.settings.unpaid_timeout_minutes)
        with transaction.atomic():
            pay_order(buy(buyer, command, now=road.now(), unpaid_timeout=timeout), now=road.now())
    road.wait(own.exclude(status=Subscription.Status.OPENING).exists, product.slug)
    return own.filter(status=Subscription.Status.ACTIVE).first()


# --- the enterprise -----------------------------------------------------------------------------------------------------


def _founded(road: Road, buyer: User) -> Member | None:
    """Its founder."""
    said, settings, now = joint().enterprise, road.settings, road.now()
    standing = Enterprise.objects.filter(code=said.code).first()
    if standing is not None:
        return Member.objects.filter(enterprise=standing, user=buyer, role=Member.Role.ADMIN, removed_at=None).first()
    wanted = Found(name=said.name, code=said.code, user_name=said.founder_account, person=buyer.name)
    bounds = Bounds(most=settings.departments_most, deepest=settings.departments_deepest)
    with transaction.atomic():
        admin = enterprise.found(buyer, wanted, most=settings.enterprises_most, now=now)
        made = {"": Department.objects.get(enterprise=admin.enterprise).pk}
        for one in said.department:
            parent = made[one.parent]
            added = departments.add(
                admin.enterprise, one.code, one.name, parent=parent, by=admin, bounds=bounds, now=now
            )
            made[one.code] = added.pk
    return admin


def _people(road: Road, admin: Member) -> None:
    """Of the table, which is looked through and imported by a worker; then their group, and the password that is known."""
    said, now, of = joint().enterprise, road.now(), admin.enterprise
    run = ImportRun.objects.filter(enterprise=of).order_by("pk").first()
    if run is None:
        run = import_members.hand_in(
            of, said.table.name, said.table.content.encode(), by=admin,
            files=import_members.folder(road.settings.files), bounds=import_members.bounds_of(road.settings), now=now,
        )  # fmt: skip
    _wait_while(road, run, ImportRun.Status.CHECKING)
    if _again(run).status == ImportRun.Status.CHECKED:
        import_members.confirm(run, by=admin, now=now)
    _wait_while(road, run, ImportRun.Status.IMPORTING)
    if not Group.objects.filter(enterprise=of).exists():
        group = groups.add(of, said.group, by=admin, most=road.settings.enterprise_groups_most, now=now)
        inside = Member.objects.filter(enterprise=of, user_name__in=said.in_group, removed_at=None)
        groups.put_in(group, list(inside.values_list("pk", flat=True)), by=admin, now=now)
    _give_the_known_password(road, of)


def _again(run: ImportRun) -> ImportRun:
    return ImportRun.objects.get(pk=run.pk)


def _wait_while(road: Road, run: ImportRun, status: str) -> None:
    road.wait(lambda: _again(run).status != status, joint().enterprise.table.name)


def _give_the_known_password(road: Road, of: Enterprise) -> None:
    """Public, as those of the demo's other accounts; a person who made another one keeps it."""
    own = Member.objects.filter(enterprise=of, user_name=MEMBER.email, managed=True, password_at=None, removed_at=None)
    member = own.first()
    if member is not None:
        drawn = Drawn(password=MEMBER.password, hashed=make_password(MEMBER.password, hasher=QuickHasher()))
        with transaction.atomic():
            initial_password.give(member, drawn, now=road.now(), temporary=False)


# --- who may use it -----------------------------------------------------------------------------------------------------


def _bind(road: Road, admin: Member, service: Subscription) -> None:
    """Once; what was unbound, or stands still, is a person's to go on with."""
    said, rules, now = joint().enterprise, rules_of(road.settings), road.now()
    if TenantBinding.objects.filter(subscription=service).exists():
        return
    bound = bind.bind(service, admin.enterprise, released=said.released, actor=admin.user.email, rules=rules, now=now)
    status = TenantBinding.Status
    road.wait(lambda: TenantBinding.objects.get(pk=bound.pk).status != status.BINDING, "the binding")
    if TenantBinding.objects.get(pk=bound.pk).status != status.BOUND:
        return
    authorise.authorise(bound, [admin.pk], admin=True, rules=rules, now=now)
    if (group := Group.objects.filter(enterprise=admin.enterprise, name=said.group).first()) is not None:
        authorise.authorise_group(bound, group, rules=rules, now=now)
