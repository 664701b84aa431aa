"""What notices say of changes in use: ordered, done, paid back, and perhaps done all the same (business-rules §4.6)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS_ORDER = About(category=Category.PRODUCT, to=Audience.BUYER)
A_BUYERS_MONEY = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
A_SALE = About(category=Category.PRODUCT, to=Audience.SELLER)
AN_INTERFACE = About(category=Category.OPERATIONS, to=Audience.SELLER)
FOR_OPERATORS = About(category=Category.OPERATIONS, to=Audience.OPERATOR)

OF_CHANGES: Mapping[str, Words] = {
    "service_changed": Words(
        _("%(product)s was changed"),
        _("You have what you ordered now. It is paid until the same day as before, and you log in as before."),
        _("Open the service"), "good", "adjustments", A_BUYERS_ORDER,
    ),
    "change_refunded": Words(
        _("%(amount)s is back on your balance"),
        _("%(product)s could not be changed, so we ended order %(order)s and refunded it in full. You have what you had before."),
        _("Open the order"), "warning", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "free_change_ended": Words(
        _("%(product)s could not be changed"),
        _("We ended order %(order)s. Nothing was charged, and you have what you had before."),
        _("Open the order"), "warning", "alert-triangle", A_BUYERS_ORDER,
    ),
    "seller_change": Words(
        _("%(product)s was changed by its buyer"),
        _("Order line %(line)s, %(amount)s, was paid. The market is telling your production interface now; you only need to "
          "act if a call fails."),
        _("Open the order"), "info", "adjustments", A_SALE,
    ),
    "seller_free_change": Words(
        _("%(product)s was changed by its buyer without payment"),
        _("Order line %(line)s cost nothing. The market is telling your production interface now; you only need to act if a "
          "call fails."),
        _("Open the order"), "info", "adjustments", A_SALE,
    ),
    "seller_change_doubtful": Words(
        _("Order %(order)s was ended: was %(product)s changed?"),
        _("The market tried for as long as the plan allows. Last reason: %(reason)s. The buyer has the money back and keeps what "
          "was held before, but your server may have carried the change out: look at the instance, set it back if so, and mend "
          "the cause."),
        _("Open the order"), "danger", "alert-triangle", AN_INTERFACE,
    ),
    "operator_change_doubtful": Words(
        _("Order %(order)s was refunded, but its seller may have changed the service"),
        _("Seller: %(seller)s. Product: %(product)s. Last reason: %(reason)s. Ask the seller to set the instance back to what the "
          "buyer holds."),
        _("Open the order"), "danger", "alert-triangle", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
