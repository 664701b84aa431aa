"""What notices say of orders that could not be delivered, and of what the cloud could not do for a service."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS_ORDER = About(category=Category.PRODUCT, to=Audience.BUYER)
A_BUYERS_MONEY = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
A_SALE = About(category=Category.PRODUCT, to=Audience.SELLER)
"""§7.1: product creation notice (101)."""

OF_UNDELIVERED: Mapping[str, Words] = {
    "order_refunded": Words(
        _("%(amount)s is back on your balance"),
        _("%(product)s could not be delivered in time, so we cancelled order %(order)s and refunded it in full. "
          "You can place the order again at any time."),
        _("Open the order"), "warning", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "order_not_opened": Words(
        _("%(product)s could not be opened"),
        _("It could not be delivered in time, so order %(order)s was closed. Nothing was charged. You can order it again at any "
          "time."),
        _("Open the order"), "warning", "alert-triangle", A_BUYERS_ORDER,
    ),
    "server_not_created": Words(
        _("%(product)s could not be opened"),
        _("The server could not be set up, so order %(order)s was closed. Nothing was charged. Open the order to see the reason."),
        _("Open the order"), "warning", "alert-triangle", A_BUYERS_ORDER,
    ),
    "image_order_refunded": Words(
        _("%(amount)s is back on your balance"),
        _("The period image of %(product)s could not be started, so order %(order)s was closed and refunded. Open the order to see "
          "the reason."),
        _("Open the order"), "warning", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "seller_gave_up": Words(
        _("Order %(order)s was refunded: %(product)s could not be delivered"),
        _("The market tried for as long as the plan allows. Last reason: %(reason)s. The buyer has the money back; please "
          "contact the buyer, and mend the cause before the next order."),
        _("Open the order"), "danger", "circle-x", A_SALE,
    ),
    "seller_not_opened": Words(
        _("Order %(order)s was closed: %(product)s could not be opened"),
        _("The market tried for as long as the plan allows. Last reason: %(reason)s. The order cost nothing, so nothing was "
          "charged and nothing is refunded; please contact the buyer, and mend the cause before the next order."),
        _("Open the order"), "danger", "circle-x", A_SALE,
    ),
    "seller_gave_up_plain": Words(
        _("Order %(order)s was refunded: %(product)s could not be delivered"),
        _("Reason: %(reason)s. The buyer has the money back. Contact the buyer."),
        _("Open the order"), "danger", "circle-x", A_SALE,
    ),
    "seller_not_opened_plain": Words(
        _("Order %(order)s was closed: %(product)s could not be opened"),
        _("Reason: %(reason)s. The order cost nothing, so nothing is refunded. Contact the buyer."),
        _("Open the order"), "danger", "circle-x", A_SALE,
    ),
    "seller_gave_up_cloud": Words(
        _("Order %(order)s was refunded: %(product)s could not be started"),
        _("The period image could not be started on the buyer's server. The buyer has the money back. No action is needed."),
        _("Open the order"), "info", "server", A_SALE,
    ),
    "seller_not_opened_cloud": Words(
        _("Order %(order)s was closed: %(product)s could not be opened"),
        _("The cloud of this market could not set up the server. No action is needed."),
        _("Open the order"), "info", "server", A_SALE,
    ),
    "seller_cloud_stopped": Words(
        _("The cloud could not complete an operation on %(product)s: %(activity)s"),
        _("Reason: %(reason)s. The operator can see the error and retry. No action is needed."),
        _("Open the operation"), "info", "server", A_SALE,
    ),
}  # fmt: skip  # a table is read in rows
