"""What notices to operators about deliveries and calls say."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

FOR_OPERATORS = NoticePolicy(category=Category.OPERATIONS, to=Audience.OPERATOR, act="operation_restart")

OPERATION_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "operator_gave_up": NoticeTemplate(
        _("Order %(order)s could not be delivered and was refunded"),
        _("Seller: %(seller)s. Product: %(product)s. Last reason: %(reason)s."),
        _("Open the order"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_not_opened": NoticeTemplate(
        _("Order %(order)s could not be delivered and was closed; nothing was charged"),
        _("Seller: %(seller)s. Product: %(product)s. Last reason: %(reason)s."),
        _("Open the order"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_call_stopped": NoticeTemplate(
        _("The market stopped calling %(activity)s of %(seller)s"),
        _("Product: %(product)s. Last reason: %(reason)s. The seller must correct the cause and restart the call."),
        _("Open the call"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_cloud_stopped": NoticeTemplate(
        _("The cloud could not complete an operation: %(activity)s"),
        _("Seller: %(seller)s. Product: %(product)s. Reason: %(reason)s. Correct the cause and restart the operation."),
        _("Open the operation"), "danger", "circle-x", FOR_OPERATORS,
    ),
    "operator_breaker_open": NoticeTemplate(
        _("Calls to an address of %(seller)s are paused: %(reason)s"),
        _("Address: %(address)s. The market retries automatically. If the failure persists, contact the seller."),
        _("Open the engine page"), "danger", "plug", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
