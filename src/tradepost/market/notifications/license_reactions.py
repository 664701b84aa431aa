"""What is told about orders that are delivered by an authorisation code (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.urls import reverse

from tradepost.market.identity.models import User
from tradepost.market.orders.models import OrderLine

from . import facts as f
from .tell import AddressedNotice


def purchase_notices(lines: Iterable[OrderLine], members: Mapping[int, Sequence[User]]) -> list[AddressedNotice]:
    """The buyer learns that the code is there, the sellers that it was sold."""
    tellings = []
    for line in lines:
        tellings += seller_notices(line, members, "seller_code_order")
        link = reverse("storefront:order", args=[line.order.number])
        facts = {"product": _product(line)}
        tellings.append(
            AddressedNotice(user=line.order.buyer, kind="code_ready", once=line.number, facts=facts, link=link)
        )
    return tellings


def seller_notices(line: OrderLine, members: Mapping[int, Sequence[User]], kind: str) -> list[AddressedNotice]:
    return [
        AddressedNotice(
            user=user, kind=kind, once=line.number, link=reverse("seller_center:order", args=[line.number]),
            facts={"product": _product(line), "line": line.number, "amount": f.money(line.amount)},
            seller=line.seller_id,
        )
        for user in members[line.seller_id]
    ]  # fmt: skip


def _product(line: OrderLine) -> f.Json:
    return f.names(line.product_name, line.product_name_en)
