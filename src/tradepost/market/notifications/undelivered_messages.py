"""What notices say of orders that could not be delivered, and of what the cloud could not do for a service."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

BUYER_ORDER = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
BUYER_MONEY = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
SELLER_SALE = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)
"""§7.1: product creation notice (101)."""

UNDELIVERED_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "order_refunded": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("%(product)s could not be delivered in time, so we cancelled order %(order)s and refunded it in full. "
          "You can place the order again at any time."),
        _("Open the order"), "warning", "arrows-exchange", BUYER_MONEY,
    ),
    "order_not_opened": NoticeTemplate(
        _("%(product)s could not be opened"),
        _("It could not be delivered in time, so order %(order)s was closed. Nothing was charged. You can order it again at any "
          "time."),
        _("Open the order"), "warning", "alert-triangle", BUYER_ORDER,
    ),
    "server_not_created": NoticeTemplate(
        _("%(product)s could not be opened"),
        _("The server could not be set up, so order %(order)s was closed. Nothing was charged. Open the order to see the reason."),
        _("Open the order"), "warning", "alert-triangle", BUYER_ORDER,
    ),
    "image_order_refunded": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("The period image of %(product)s could not be started, so order %(order)s was closed and refunded. Open the order to see "
          "the reason."),
        _("Open the order"), "warning", "arrows-exchange", BUYER_MONEY,
    ),
    "seller_gave_up": NoticeTemplate(
        _("Order %(order)s was refunded: %(product)s could not be delivered"),
        _("The market retried until the retry plan ended. Last reason: %(reason)s. The buyer was refunded. Contact the buyer, and correct the cause before the next order."),
        _("Open the order"), "danger", "circle-x", SELLER_SALE,
    ),
    "seller_not_opened": NoticeTemplate(
        _("Order %(order)s was closed: %(product)s could not be opened"),
        _("The market retried until the retry plan ended. Last reason: %(reason)s. The order was free, so nothing was charged and nothing is refunded. Contact the buyer, and correct the cause before the next order."),
        _("Open the order"), "danger", "circle-x", SELLER_SALE,
    ),
    "seller_gave_up_plain": NoticeTemplate(
        _("Order %(order)s was refunded: %(product)s could not be delivered"),
        _("Reason: %(reason)s. The buyer was refunded. Contact the buyer."),
        _("Open the order"), "danger", "circle-x", SELLER_SALE,
    ),
    "seller_not_opened_plain": NoticeTemplate(
        _("Order %(order)s was closed: %(product)s could not be opened"),
        _("Reason: %(reason)s. The order cost nothing, so nothing is refunded. Contact the buyer."),
        _("Open the order"), "danger", "circle-x", SELLER_SALE,
    ),
    "seller_gave_up_cloud": NoticeTemplate(
        _("Order %(order)s was refunded: %(product)s could not be started"),
        _("The period image could not be started on the buyer's server. The buyer was refunded. No action is needed."),
        _("Open the order"), "info", "server", SELLER_SALE,
    ),
    "seller_not_opened_cloud": NoticeTemplate(
        _("Order %(order)s was closed: %(product)s could not be opened"),
        _("The cloud of this market could not set up the server. No action is needed."),
        _("Open the order"), "info", "server", SELLER_SALE,
    ),
    "seller_cloud_stopped": NoticeTemplate(
        _("The cloud could not complete an operation on %(product)s: %(activity)s"),
        _("Reason: %(reason)s. The operator can see the error and retry. No action is needed."),
        _("Open the operation"), "info", "server", SELLER_SALE,
    ),
}  # fmt: skip  # a table is read in rows
