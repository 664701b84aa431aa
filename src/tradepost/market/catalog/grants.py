"""Assign a product to one member of its seller. Then only that member and the owners can open its pages
(business-rules §1.7: one product, one sub-user; both the menu and the grant are required)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Member

from .grant_models import ProductGrant
from .models import Product


def accessible_to(member: Member) -> Q:
    """Return a condition on products: not granted, or granted to this member."""
    return Q(granted=None) | Q(granted__member=member)


def granted_to(member: Member) -> list[Product]:
    return list(Product.objects.filter(granted__member=member).order_by("name", "pk"))


def holder_of(product: Product) -> Member | None:
    """Return the member to whom a product is granted, if any."""
    grant = ProductGrant.objects.select_related("member__user").filter(product=product).first()
    return grant.member if grant is not None else None


def grant(member: Member, products: Collection[Product], *, by: str, now: datetime) -> None:
    """Grant exactly these products to a member, and revoke other grants of them.

    Raises ``Refused`` for another seller's product, and for an owner, who needs no grant."""
    if any(product.seller_id != member.seller_id for product in products):
        raise Refused("product.unknown", _("This product does not exist."), HTTPStatus.NOT_FOUND, field="products")
    if member.role == Member.Role.OWNER:
        raise Refused("member.owner", _("The owner has all permissions. You do not need to grant products."))
    keys = {product.pk for product in products}
    with transaction.atomic():
        list(Product.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
        ProductGrant.objects.filter(member=member).exclude(product__in=keys).delete()
        granted = set(ProductGrant.objects.filter(member=member).values_list("product_id", flat=True))
        ProductGrant.objects.filter(product__in=keys - granted).delete()
        ProductGrant.objects.bulk_create(
            ProductGrant(product_id=pk, member=member, granted_by=by, granted_at=now) for pk in sorted(keys - granted)
        )
