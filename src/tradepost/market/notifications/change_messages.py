"""What notices say of changes in use: ordered, done, paid back, and perhaps done all the same (business-rules §4.6)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

BUYER_ORDER = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
BUYER_MONEY = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
SELLER_SALE = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)
SELLER_INTERFACE = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER)
FOR_OPERATORS = NoticePolicy(category=Category.OPERATIONS, to=Audience.OPERATOR, act="operation_restart")

CHANGE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "service_changed": NoticeTemplate(
        _("%(product)s was changed"),
        _("Your change is now active. The expiry date and the login are unchanged."),
        _("Open the service"), "good", "adjustments", BUYER_ORDER,
    ),
    "change_refunded": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _(
            "%(product)s could not be changed, so we ended order %(order)s and refunded it in full. Your service is "
            "unchanged."),
        _("Open the order"), "warning", "arrows-exchange", BUYER_MONEY,
    ),
    "free_change_ended": NoticeTemplate(
        _("%(product)s could not be changed"),
        _("Order %(order)s was closed. Nothing was charged, and your service is unchanged."),
        _("Open the order"), "warning", "alert-triangle", BUYER_ORDER,
    ),
    "seller_change": NoticeTemplate(
        _("A buyer changed %(product)s"),
        _(
            "Order line %(line)s, %(amount)s, was paid. The market is notifying your production interface now; you "
            "only need to act if a call fails."),
        _("Open the order"), "info", "adjustments", SELLER_SALE,
    ),
    "seller_free_change": NoticeTemplate(
        _("A buyer changed %(product)s without payment"),
        _(
            "Order line %(line)s was free of charge. The market is notifying your production interface now; you only "
            "need to act if a call fails."),
        _("Open the order"), "info", "adjustments", SELLER_SALE,
    ),
    "seller_change_doubtful": NoticeTemplate(
        _("Order %(order)s was ended: was %(product)s changed?"),
        _("The market retried until the retry plan ended. Last reason: %(reason)s. The buyer was refunded and keeps the service as it was before the change. Your server may have made the change: check the instance, revert it if needed, and correct the cause."),
        _("Open the order"), "danger", "alert-triangle", SELLER_INTERFACE,
    ),
    "operator_change_doubtful": NoticeTemplate(
        _("Order %(order)s was refunded, but its seller may have changed the service"),
        _(
            "Seller: %(seller)s. Product: %(product)s. Last reason: %(reason)s. Ask the seller to restore the "
            "instance to the specification that the buyer holds."),
        _("Open the order"), "danger", "alert-triangle", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
