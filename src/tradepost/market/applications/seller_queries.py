"""Queries for sellers about their applications and bound enterprises."""

from __future__ import annotations

from django.db.models import Count, Q

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address

from .models import Application, Sync, TenantBinding


def applications_of(seller: Seller) -> list[Application]:
    """Return applications, newest first, with the number of bound services (``services``)."""
    bound_services = Count("bindings", filter=~Q(bindings__status="unbound") & ~Q(bindings__subscription=None))
    applications = (
        Application.objects.filter(seller=seller).select_related("product", "address").annotate(services=bound_services)
    )
    return list(applications.order_by("-pk"))


def find_application(seller: Seller, pk: int) -> Application | None:
    return Application.objects.select_related("product", "address", "seller").filter(seller=seller, pk=pk).first()


def bindings_of(application: Application, *, after: str = "") -> Page[TenantBinding]:
    """Return bindings of services, with enterprise and service. The test enterprise is on another page."""
    bindings = TenantBinding.objects.filter(application=application).exclude(subscription=None)
    return page(
        bindings.select_related("enterprise", "subscription", "application", "address"),
        after=after,
        along=("application",),
    )


def runs_of(binding: TenantBinding, *, most: int = 20) -> list[Sync]:
    """Return the newest runs, each with its last call."""
    return list(Sync.objects.select_related("call").filter(binding=binding).order_by("-pk")[:most])


def kit_addresses(seller: Seller) -> list[Address]:
    """Return the seller's addresses with a joint-operation protocol, oldest first."""
    addresses = Address.objects.filter(seller=seller, removed_at=None, protocol__startswith="joint_kit").order_by("pk")
    return list(addresses)
