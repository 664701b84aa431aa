"""What notices about announced transfers say (money.md §2; the sources name none)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS_MONEY = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
A_BUYERS_TRANSFER = About(category=Category.FINANCE, to=Audience.BUYER)
FOR_OPERATORS = About(category=Category.FINANCE, to=Audience.OPERATOR)

OF_TRANSFERS: Mapping[str, Words] = {
    "transfer_booked": Words(
        _("%(amount)s arrived and is on your balance"),
        _("Transfer %(reference)s: you had announced %(announced)s. Your balance is now %(balance)s."),
        _("See your balance"), "good", "wallet", A_BUYERS_MONEY,
    ),
    "transfer_booked_for_order": Words(
        _("%(amount)s arrived: order %(order)s can be paid"),
        _("Transfer %(reference)s is booked, and your balance is now %(balance)s. Pay the order before %(until)s."),
        _("Pay the order"), "good", "wallet", A_BUYERS_MONEY,
    ),
    "transfer_booked_short": Words(
        _("%(amount)s arrived, %(missing)s is still missing for order %(order)s"),
        _("Transfer %(reference)s is booked, and your balance is now %(balance)s. The order can be paid before %(until)s."),
        _("See the order"), "warning", "wallet", A_BUYERS_MONEY,
    ),
    "transfer_booked_order_over": Words(
        _("%(amount)s arrived and is on your balance"),
        _("Order %(order)s, for which you transferred it, cannot be paid any more: place it again. Your balance is now %(balance)s."),
        _("See the order"), "warning", "wallet", A_BUYERS_MONEY,
    ),
    "transfer_rejected": Words(
        _("Your proof of the transfer of %(amount)s was not accepted"),
        _("The operator says: %(opinion)s If you did transfer, show another receipt."),
        _("Open the transfer"), "warning", "ban", A_BUYERS_MONEY,
    ),
    "transfer_expired": Words(
        _("Your transfer of %(amount)s has not arrived"),
        _("Transfer %(reference)s is not waited for any more. If you did transfer, show the bank's receipt."),
        _("Open the transfer"), "info", "clock", A_BUYERS_TRANSFER,
    ),
    "operator_transfer_proof": Words(
        _("A buyer shows a transfer of %(amount)s"),
        _("Transfer %(reference)s of %(buyer)s. Compare it with the bank's statement before %(until)s."),
        _("Check the transfer"), "warning", "wallet", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
