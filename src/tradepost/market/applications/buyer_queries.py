"""Queries for administrators of an enterprise about its applications, and for buyers about services that can be
bound."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Exists, OuterRef, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.models import Department, Enterprise, Group, GroupMember, Member
from tradepost.market.organisations.queries import matching_keys
from tradepost.market.organisations.tree import Tree
from tradepost.market.subscriptions.models import Subscription

from .department_rules import covering_department
from .models import Application, Authorisation, BoundDepartment, TenantBinding

MAX_BINDABLE = 50
MAX_SEARCHED, WINDOW_SIZE = 1000, 100


def bindings_of(enterprise: Enterprise, *, after: str = "", size: int = 25) -> Page[TenantBinding]:
    """Return the bindings of services. Bindings of test enterprises have no service and no page (``find_binding``)."""
    bindings = TenantBinding.objects.filter(enterprise=enterprise).exclude(subscription=None)
    bindings = bindings.select_related("application", "address")
    return page(bindings.prefetch_related("subscription__product"), after=after, size=size, along=("enterprise",))


def find_binding(enterprise: Enterprise, pk: int) -> TenantBinding | None:
    bindings = TenantBinding.objects.filter(enterprise=enterprise, pk=pk).exclude(subscription=None)
    return bindings.select_related(
        "application", "enterprise", "subscription__product", "subscription__seller", "address"
    ).first()


def bindable(user: User, *, most: int = MAX_BINDABLE) -> list[Subscription]:
    """Return the newest of the buyer's services of joint products that are not bound.

    Searches the ``MAX_SEARCHED`` newest active services in windows, since PostgreSQL would read and sort all services in
    one statement. Older services are bound from their own page.
    """
    services, keys = Subscription.objects.filter(buyer=user, status=Subscription.Status.ACTIVE), list[int]()
    window = services.order_by("buyer", "-pk").values_list("pk", "product_id")
    for _ in range(0, MAX_SEARCHED, WINDOW_SIZE):
        batch = dict(window[:WINDOW_SIZE])
        free_keys = _can_be_bound(batch)
        keys += [pk for pk in batch if pk in free_keys]
        if len(keys) >= most or len(batch) < WINDOW_SIZE:
            break
        window = window.filter(pk__lt=min(batch))
    return list(Subscription.objects.filter(pk__in=keys[:most]).select_related("product").order_by("-pk"))


def find_bindable(user: User, pk: int) -> Subscription | None:
    """Return one such service, also an older one."""
    services = Subscription.objects.filter(buyer=user, status=Subscription.Status.ACTIVE, pk=pk)
    service = services.select_related("product__application").first()
    return service if service is not None and _can_be_bound({pk: service.product_id}) else None


def _can_be_bound(services: Mapping[int, int]) -> set[int]:
    """Return the services (by key, with their product) that belong to a joint product and are not bound."""
    joint = set(Application.objects.filter(product__in=set(services.values())).values_list("product_id", flat=True))
    free_keys = {pk for pk, product in services.items() if product in joint}
    active_bindings = TenantBinding.objects.filter(subscription__in=free_keys).exclude(
        status=TenantBinding.Status.UNBOUND
    )
    return free_keys.difference(active_bindings.values_list("subscription_id", flat=True))


def is_joint(subscription: Subscription) -> bool:
    """Return whether members sign in to the service through an enterprise."""
    return Application.objects.filter(product=subscription.product_id).exists()


def enterprises_for(subscription: Subscription) -> list[Enterprise]:
    """Return the enterprises to which the buyer may bind the service."""
    return enterprises_founded_by(subscription.buyer_id)


def enterprises_founded_by(buyer: int) -> list[Enterprise]:
    """Return the enterprises that the buyer (a key) founded and still administers."""
    enterprises = Enterprise.objects.filter(buyer=buyer, status=Enterprise.Status.ACTIVE)
    administered_enterprises = Member.objects.filter(
        enterprise=OuterRef("pk"), user=buyer, role=Member.Role.ADMIN, enabled=True, removed_at=None
    )
    return list(enterprises.filter(Exists(administered_enterprises)).order_by("name", "pk"))


def active_binding(subscription: Subscription) -> TenantBinding | None:
    bindings = TenantBinding.objects.filter(subscription=subscription).exclude(status=TenantBinding.Status.UNBOUND)
    return bindings.select_related("enterprise", "application").first()


class AuthorisedMember(Struct, frozen=True):
    """A member who may use an application.

    ``told``: whether the seller knows the member's current data. ``groups``, ``department``: the source of the right,
    unless the member was authorised individually.
    """

    row: Authorisation
    told: bool
    groups: Sequence[Group] = ()
    department: Department | None = None


def authorised_members(binding: TenantBinding, *, text: str = "", after: str = "") -> Page[AuthorisedMember]:
    """Return authorised members, newest first. ``text``: the beginning of a name or an account name."""
    rows = _authorised(binding).select_related("member__department")
    if text := text.strip():
        current_members = Member.objects.filter(enterprise=binding.enterprise_id, removed_at=None)
        matching = rows.order_by().filter(member__in=matching_keys(current_members, text)).values_list("pk", flat=True)
        rows = rows.filter(
            pk__in=list(matching)
        )  # a separate query, since a filter in list order would scan everybody else
    rights_page = page(rows, after=after, along=("binding",))
    return Page(_explained(binding, rights_page.rows), rights_page.next_key)


def _explained(binding: TenantBinding, people: Sequence[Authorisation]) -> list[AuthorisedMember]:
    by_rule = [row.member for row in people if not row.by_hand]
    groups, rules = _groups_of(binding, by_rule), departments_bound(binding) if by_rule else []
    tree = tree_of(binding.enterprise) if any(row.below for row in rules) else Tree({})
    below = {row.department_id: row.below for row in rules}
    departments = {row.department_id: row.department for row in rules}
    rights = []
    for row in people:
        by = None if row.by_hand else covering_department(tree, below, row.member.department_id)
        right = AuthorisedMember(
            row, row.version == row.acked_version, groups.get(row.member_id, ()), departments.get(by or 0)
        )
        rights.append(right)
    return rights


def _groups_of(binding: TenantBinding, members: Sequence[Member]) -> dict[int, list[Group]]:
    """Return the bound groups by member."""
    memberships = GroupMember.objects.filter(
        member__in=members, group__bindings__binding=binding, group__removed_at=None
    ).select_related("group")
    by_member: dict[int, list[Group]] = {}
    for membership in memberships.order_by("pk") if members else ():
        by_member.setdefault(membership.member_id, []).append(membership.group)
    return by_member


def count_authorised(binding: TenantBinding) -> Count:
    if not binding.gives:
        return Count(0)
    [count] = counts_up_to(_authorised(binding))
    return count


def _authorised(binding: TenantBinding) -> QuerySet[Authorisation]:
    """Return the active authorisations; none during and after unbinding."""
    return Authorisation.objects.filter(binding=binding, wanted=True) if binding.gives else Authorisation.objects.none()


def groups_bound(binding: TenantBinding) -> list[Group]:
    return list(Group.objects.filter(bindings__binding=binding, removed_at=None).order_by("name", "pk"))


def departments_bound(binding: TenantBinding) -> list[BoundDepartment]:
    """Return the rules for departments, sorted by department name."""
    bound_departments = BoundDepartment.objects.filter(binding=binding, department__removed_at=None).select_related(
        "department"
    )
    return list(bound_departments.order_by("department__name", "pk"))


def openable_bindings(enterprise: Enterprise, keys: Collection[int]) -> set[int]:
    """Return those of the bindings that administrators can open."""
    bindings = TenantBinding.objects.filter(enterprise=enterprise, pk__in=keys).exclude(subscription=None)
    return set(bindings.values_list("pk", flat=True))


def may_use(binding: TenantBinding, member: int) -> bool:
    """Return whether this member may use the bound application."""
    return _authorised(binding).filter(member=member).exists()
