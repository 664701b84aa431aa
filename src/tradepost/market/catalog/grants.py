"""A product is granted to one member of its seller, who then is the one, beside the owner, for whom its pages exist
(business-rules §1.7: one product, one sub-user; the menu and the grant are both needed)."""

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


def open_to(member: Member) -> Q:
    """A condition on products: granted to nobody, or to this member."""
    return Q(granted=None) | Q(granted__member=member)


def granted_to(member: Member) -> list[Product]:
    return list(Product.objects.filter(granted__member=member).order_by("name", "pk"))


def holder_of(product: Product) -> Member | None:
    """The member to whom a product is granted, if to any."""
    grant = ProductGrant.objects.select_related("member__user").filter(product=product).first()
    return grant.member if grant is not None else None


def grant(member: Member, products: Collection[Product], *, by: str, now: datetime) -> None:
    """Grant exactly these products to a member; what others had of them is theirs no longer.

    Raises ``Refused`` for another seller's product, and for an owner, who needs no grant.
    """
    if any(product.seller_id != member.seller_id for product in products):
        raise Refused("product.unknown", _("There is no such product."), HTTPStatus.NOT_FOUND, field="products")
    if member.role == Member.Role.OWNER:
        raise Refused("member.owner", _("The owner may do everything; no product need be granted."))
    wanted = {product.pk for product in products}
    with transaction.atomic():
        list(Product.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
        ProductGrant.objects.filter(member=member).exclude(product__in=wanted).delete()
        standing = set(ProductGrant.objects.filter(member=member).values_list("product_id", flat=True))
        ProductGrant.objects.filter(product__in=wanted - standing).delete()
        ProductGrant.objects.bulk_create(
            ProductGrant(product_id=pk, member=member, granted_by=by, granted_at=now)
            for pk in sorted(wanted - standing)
        )
