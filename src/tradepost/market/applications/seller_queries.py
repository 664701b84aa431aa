"""What a seller sees of its applications and of the enterprises that are bound to them."""

from __future__ import annotations

from django.db.models import Count, Q

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address

from .models import Application, Sync, TenantBinding

LIVING = ~Q(status=TenantBinding.Status.UNBOUND)


def applications_of(seller: Seller) -> list[Application]:
    """With how many services are bound (``services``), newest first."""
    living = Count("bindings", filter=~Q(bindings__status="unbound") & ~Q(bindings__subscription=None))
    own = Application.objects.filter(seller=seller).select_related("product", "address").annotate(services=living)
    return list(own.order_by("-pk"))


def find_application(seller: Seller, pk: int) -> Application | None:
    return Application.objects.select_related("product", "address", "seller").filter(seller=seller, pk=pk).first()


def bindings_of(application: Application, *, after: str = "") -> Page[TenantBinding]:
    """Services, with enterprise and service; the test enterprise is shown apart."""
    own = TenantBinding.objects.filter(application=application).exclude(subscription=None)
    return page(
        own.select_related("enterprise", "subscription", "application", "address"), after=after, along=("application",)
    )


def runs_of(binding: TenantBinding, *, most: int = 20) -> list[Sync]:
    """The newest runs with the call that each made last."""
    return list(Sync.objects.select_related("call").filter(binding=binding).order_by("-pk")[:most])


def kit_addresses(seller: Seller) -> list[Address]:
    """Addresses of the seller that speak joint operation, oldest first."""
    own = Address.objects.filter(seller=seller, removed_at=None, protocol__startswith="joint_kit").order_by("pk")
    return list(own)
