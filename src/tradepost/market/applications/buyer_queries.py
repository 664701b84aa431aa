"""What administrators of an enterprise see of the applications that it uses, and a buyer of services that can be bound."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Enterprise, Group, Member
from tradepost.market.organisations.queries import who_begin
from tradepost.market.subscriptions.models import Subscription

from .models import Application, Authorisation, TenantBinding

MOST_BINDABLE = 50
LOOKED_AT, WINDOW = 1000, 100


def bindings_of(enterprise: Enterprise, *, after: str = "") -> Page[TenantBinding]:
    own = TenantBinding.objects.filter(enterprise=enterprise).select_related("application", "address")
    return page(own.prefetch_related("subscription__product"), after=after, along=("enterprise",))


def find_binding(enterprise: Enterprise, pk: int) -> TenantBinding | None:
    own = TenantBinding.objects.filter(enterprise=enterprise, pk=pk).exclude(subscription=None)
    return own.select_related("application", "subscription__product", "subscription__seller", "address").first()


def bindable(user: User, *, most: int = MOST_BINDABLE) -> list[Subscription]:
    """Services of a buyer to which people can sign in by way of an enterprise, and that are bound to none; the newest.

    Looked for among the ``LOOKED_AT`` newest that are in use, window by window: in one statement PostgreSQL would read and sort all that
    the buyer has. An older one is bound from its own page.
    """
    own, found = Subscription.objects.filter(buyer=user, status=Subscription.Status.ACTIVE), list[int]()
    window = own.order_by("buyer", "-pk").values_list("pk", "product_id")
    for _ in range(0, LOOKED_AT, WINDOW):
        newest = dict(window[:WINDOW])
        free = _can_be_bound(newest)
        found += [pk for pk in newest if pk in free]
        if len(found) >= most or len(newest) < WINDOW:
            break
        window = window.filter(pk__lt=min(newest))
    return list(Subscription.objects.filter(pk__in=found[:most]).select_related("product").order_by("-pk"))


def find_bindable(user: User, pk: int) -> Subscription | None:
    """One of them, be it among the newest or not."""
    own = Subscription.objects.filter(buyer=user, status=Subscription.Status.ACTIVE, pk=pk)
    found = own.select_related("product__application").first()
    return found if found is not None and _can_be_bound({pk: found.product_id}) else None


def _can_be_bound(services: Mapping[int, int]) -> set[int]:
    """Of these services, with their products: those of a joint product that are bound to no enterprise."""
    joint = set(Application.objects.filter(product__in=set(services.values())).values_list("product_id", flat=True))
    free = {pk for pk, product in services.items() if product in joint}
    living = TenantBinding.objects.filter(subscription__in=free).exclude(status=TenantBinding.Status.UNBOUND)
    return free.difference(living.values_list("subscription_id", flat=True))


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


class Right(Struct, frozen=True):
    """A member who may use an application. ``told``: the seller knows, as they are."""

    row: Authorisation
    told: bool


def rights_of(binding: TenantBinding, *, text: str = "", after: str = "") -> Page[Right]:
    """Who may use it, the newest first; ``text``: beginning of a name or an account name."""
    rows = _authorised(binding).select_related("member__department")
    if text := text.strip():
        living = Member.objects.filter(enterprise=binding.enterprise_id, removed_at=None)
        theirs = rows.order_by().filter(member__in=who_begin(living, text)).values_list("pk", flat=True)
        rows = rows.filter(pk__in=list(theirs))  # apart: in the order of the list everybody else would be walked past
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
