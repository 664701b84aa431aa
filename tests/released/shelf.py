"""What a company has besides orders: products in every state and shape, people, keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.factories import make_buyer, make_product
from tests.factories.people import make_member
from tests.factories.products import MONTHLY, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.catalog.document import Spec
from tradepost.market.catalog.models import Offer, Product, Version
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey

EDITIONS = {
    "code": "edition", "name": "版本", "name_en": "Edition",
    "values": [{"code": "s", "name": "标准", "name_en": "Small"}, {"code": "l", "name": "专业", "name_en": "Large"}],
}  # fmt: skip
USERS = {
    "code": "users", "name": "用户数", "name_en": "Users",
    "values": [{"code": "10", "name": "10 人", "name_en": "10 users"}, {"code": "100", "name": "100 人", "name_en": "100 users"}],
}  # fmt: skip
ASKED = [
    {"name": "tenant", "label": "租户", "label_en": "Tenant", "required": True},
    {"name": "region", "label": "区域", "label_en": "Region", "required": False},
]


def fill(product: Product, *, now: datetime) -> None:
    """Add to ``product``, which is on sale: a draft, an unbound one, one whose sales ended, one with two specifications
    and a removed offer, two members, a key that is being replaced, and two access keys."""
    seller, address = product.seller, product.binding.address
    common: dict[str, Any] = {"seller": seller, "product_type": product.product_type, "now": now}
    make_product(**common, address=address, on_sale=False, picture="", guide="", guide_en="", contact_phone="")
    make_product(**common, bound=False, on_sale=False, asks_email=True, access_by_message=True)
    ended = make_product(**common, address=address, prices=(MONTHLY, ONCE))
    # No page ends sales yet; an operator used this statement.
    Product.objects.filter(pk=ended.pk).update(status=Product.Status.STOPPED)
    Version.objects.filter(product=ended).update(status=Version.Status.RETIRED)
    many = make_product(**common, address=address, specs=_specifications(), extend_params=ASKED, asks_mobile=True)
    taken = Offer.objects.filter(sku__spec__product=many).latest("pk")
    Offer.objects.filter(pk=taken.pk).update(on_sale=False)
    _people_and_keys(seller, now)


def _specifications() -> tuple[Spec, ...]:
    choices = [{"edition": edition["code"], "users": users["code"]} for edition in EDITIONS["values"] for users in USERS["values"]]  # type: ignore[index]  # fmt: skip
    combined = tuple(make_sku(MONTHLY, YEARLY, values=values) for values in choices)
    seats = make_sku(
        ONCE,
        quantity_name="席位",
        quantity_name_en="Seats",
        quantity_min=5,
        quantity_max=500,
        quantity_step=5,
    )
    return (
        make_spec(*combined, name="云上", name_en="Hosted", attributes=[EDITIONS, USERS]),
        make_spec(seats, name="买断", name_en="Owned"),
    )


def _people_and_keys(seller: Seller, now: datetime) -> None:
    for role in ("developer", "viewer"):
        person = make_buyer(email=f"{role}@{seller.slug}.example", balance="0", now=now)
        make_member(seller, person, role, now=now)
    keys.rotate_signing_key(seller, SigningKey.InterfaceClass.KIT, now=now)
    keys.rotate_signing_key(seller, SigningKey.InterfaceClass.KIT, now=now)
    first = keys.create_access_key(seller, by=None, now=now)
    keys.create_access_key(seller, by=None, now=now)
    keys.revoke_access_key(seller, first.key_id, now=now + timedelta(days=1))
