"""What administrators of an enterprise see of the applications that it uses, and a buyer of services that can be bound."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.base.prefix import begins
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Enterprise, Group, Member
from tradepost.market.subscriptions.models import Subscription

from .models import Application, Authorisation, TenantBinding

MOST_BINDABLE = 50
MOST_FOUND = 1000
"""Members that a search looks at: who looks for one types more of the name."""


def bindings_of(enterprise: Enterprise, *, after: str = "") -> Page[TenantBinding]:
    own = TenantBinding.objects.filter(enterprise=enterprise).select_related("application", "subscription__product")
    return page(own, after=after, along=("enterprise",))


def find_binding(enterprise: Enterprise, pk: int) -> TenantBinding | None:
    own = TenantBinding.objects.filter(enterprise=enterprise, pk=pk).exclude(subscription=None)
    return own.select_related("application", "subscription__product", "subscription__seller", "address").first()


def bindable(user: User, *, most: int = MOST_BINDABLE) -> list[Subscription]:
    """Services of a buyer to which people can sign in by way of an enterprise, and that are bound to none; the newest."""
    return list(_bindable(user).order_by("buyer", "-pk")[:most])


def find_bindable(user: User, pk: int) -> Subscription | None:
    """One of them, be it among the newest or not."""
    return _bindable(user).filter(pk=pk).first()


def _bindable(user: User) -> QuerySet[Subscription]:
    living = TenantBinding.objects.filter(subscription=OuterRef("pk")).exclude(status=TenantBinding.Status.UNBOUND)
    own = Subscription.objects.filter(buyer=user, status=Subscription.Status.ACTIVE)
    joint = own.filter(Exists(Application.objects.filter(product=OuterRef("product"))), ~Exists(living))
    return joint.select_related("product__application")


def is_joint(subscription: Subscription) -> bool:
    """Whether people sign in to it by way of an enterprise."""
    return Application.objects.filter(product=subscription.product_id).exists()


def enterprises_for(subscription: Subscription) -> list[Enterprise]:
    """To which its buyer may bind it: founded by the buyer, who administers it still."""
    own = Enterprise.objects.filter(buyer=subscription.buyer_id, status=Enterprise.Status.ACTIVE)
    administered = Member.objects.filter(
        enterprise=OuterRef("pk"), user=subscription.buyer_id, role=Member.Role.ADMIN, enabled=True, removed_at=None
    )
    return list(own.filter(Exists(administered)).order_by("name", "pk"))


def living_binding(subscription: Subscription) -> TenantBinding | None:
    own = TenantBinding.objects.filter(subscription=subscription).exclude(status=TenantBinding.Status.UNBOUND)
    return own.select_related("enterprise", "application").first()


@dataclass(frozen=True, slots=True)
class Right:
    """A member who may use an application. ``told``: the seller knows, as they are."""

    row: Authorisation
    told: bool


def rights_of(binding: TenantBinding, *, text: str = "", after: str = "") -> Page[Right]:
    """Who may use it, the newest first; ``text``: beginning of a name or an account name."""
    rows = _authorised(binding).select_related("member__department")
    if text := text.strip():
        known = Member.objects.filter(
            enterprise=binding.enterprise_id, removed_at=None
        )  # found by its own indexes first
        found_people = known.filter(begins("user_name", text.lower()) | begins("name", text))
        newest = found_people.order_by("enterprise", "-pk").values_list("pk", flat=True)[:MOST_FOUND]
        rows = rows.filter(member__in=list(newest))
    found = page(rows, after=after, along=("binding",))
    return Page([Right(one, told=one.version == one.acked_version) for one in found.rows], found.next_key)


def how_many(binding: TenantBinding) -> Count:
    if not binding.gives:
        return Count(0)
    [found] = counts_up_to(_authorised(binding))
    return found


def _authorised(binding: TenantBinding) -> QuerySet[Authorisation]:
    """Nobody, once it is being unbound."""
    return Authorisation.objects.filter(binding=binding, wanted=True) if binding.gives else Authorisation.objects.none()


def groups_bound(binding: TenantBinding) -> list[Group]:
    return list(Group.objects.filter(bindings__binding=binding, removed_at=None).order_by("name", "pk"))


def still_may(binding: TenantBinding, member: int) -> bool:
    """Whether this member may use what is bound, by hand or by a group."""
    return _authorised(binding).filter(member=member).exists()
