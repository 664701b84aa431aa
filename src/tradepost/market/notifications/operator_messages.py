"""What notices to operators about deliveries and calls say."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

FOR_OPERATORS = About(category=Category.OPERATIONS, to=Audience.OPERATOR)

OF_OPERATIONS: Mapping[str, Words] = {
    "operator_gave_up": Words(
        _("Order %(order)s could not be delivered and was refunded"),
        _("Seller: %(seller)s. Product: %(product)s. Last reason: %(reason)s."),
        _("Open the order"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_not_opened": Words(
        _("Order %(order)s could not be delivered and was closed; nothing was charged"),
        _("Seller: %(seller)s. Product: %(product)s. Last reason: %(reason)s."),
        _("Open the order"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_call_stopped": Words(
        _("%(activity)s was given up at %(seller)s"),
        _("Product: %(product)s. Last reason: %(reason)s. The seller must mend it and restart the call."),
        _("Open the call"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_cloud_stopped": Words(
        _("The cloud could not complete an operation: %(activity)s"),
        _("Seller: %(seller)s. Product: %(product)s. Reason: %(reason)s. Correct the cause and restart the operation."),
        _("Open the operation"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_breaker_open": Words(
        _("Calls to an address of %(seller)s are paused: %(reason)s"),
        _("Address: %(address)s. The market tries again by itself; if it lasts, call the seller."),
        _("Open the engine page"), "danger", "plug", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
