"""Messages about what prevents an erasure, with the page on which the owner resolves it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from . import declared


class HoldMessage(Struct, frozen=True):
    """``text``: what to do. ``page``: URL name of the owner's page."""

    text: Promise
    page: str


class ShownHold(Struct, frozen=True):
    text: Promise
    page: str
    number: int


MESSAGES: Mapping[str, HoldMessage] = {
    "services": HoldMessage(_("You have services. Unsubscribe from them, or wait until they are deleted."), "storefront:subscriptions"),
    "orders": HoldMessage(_("Orders are in progress. Cancel them, or wait until they are completed."), "storefront:orders"),
    "refunds": HoldMessage(_("Refund requests are open. Wait for the decision, or withdraw them."), "storefront:refunds"),
    "invoices": HoldMessage(_("Invoices are being issued. Wait for them, or cancel the applications."), "storefront:invoices"),
    "complaints": HoldMessage(_("Complaints are open. Wait for the decision, or withdraw them."), "storefront:complaints"),
    "balance": HoldMessage(_("Your balance is not zero. Spend it or withdraw it."), "storefront:balance"),
    "transfers": HoldMessage(_("A bank transfer is announced. Wait for it, or withdraw it."), "storefront:balance"),
    "withdrawals": HoldMessage(
        _("Money is on its way to your bank account. Wait for it, or withdraw the request."), "storefront:balance"
    ),
    "arrears": HoldMessage(_("Usage is unpaid. Top up your balance to pay it."), "storefront:balance"),
    "seller_owner": HoldMessage(
        _("You are the only owner of a seller. Make another member its owner, or leave the marketplace."), "seller_center:members"
    ),
    "enterprise_admin": HoldMessage(
        _("You are the only administrator of an enterprise. Make another member an administrator, or dissolve it."),
        "storefront:enterprises",
    ),
    "managed": HoldMessage(
        _("Your enterprise manages this account. Ask one of its administrators to remove it."), "storefront:enterprises"
    ),
    "operator": HoldMessage(_("You are an operator. Ask an owner to remove your role first."), ""),
}  # fmt: skip


def shown_holds(user: int) -> list[ShownHold]:
    """Return what prevents the erasure of this account; each kind once."""
    numbers: dict[str, int] = {}
    for hold in declared.holds(user):
        numbers[hold.code] = numbers.get(hold.code, 0) + hold.number
    return [ShownHold(MESSAGES[code].text, MESSAGES[code].page, number) for code, number in numbers.items()]
