"""What notices say of what an operator did to a service: frozen with the reason, lifted, ended."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

BUYER_SERVICE = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True)
"""What is lost with a service that ends is lost for good: nobody can switch it off."""
SELLER_SERVICE = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)

SERVICE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "service_frozen_by_operator": NoticeTemplate(
        _("The operator has frozen %(product)s"),
        _("Reason: %(reason)s. You cannot sign in for now, and your data is kept. Time that you paid for continues to run, and "
          "the service cannot be renewed until the freeze ends. Write to Support if you disagree."),
        _("Open the service"), "warning", "snowflake", BUYER_SERVICE,
    ),
    "service_frozen_by_operator_plain": NoticeTemplate(
        _("The operator has frozen %(product)s"),
        _("Reason: %(reason)s. You cannot use it for now, and your data is kept. Write to Support if you disagree."),
        _("Open the service"), "warning", "snowflake", BUYER_SERVICE,
    ),
    "service_ended_by_operator": NoticeTemplate(  # of earlier releases
        _("The operator has ended %(product)s"),
        _("Reason: %(reason)s. Write to Support if you disagree."),
        _("Open the service"), "danger", "ban", BUYER_SERVICE,
    ),
    "service_closed_by_operator": NoticeTemplate(
        _("The operator has ended %(product)s"),
        _("Reason: %(reason)s. %(deletion)s Write to Support if you disagree."),
        _("Open the service"), "danger", "ban", BUYER_SERVICE,
    ),
    "service_closed_by_operator_refunded": NoticeTemplate(
        _("The operator has ended %(product)s"),
        _(
            "Reason: %(reason)s. %(deletion)s %(amount)s for periods and changes that had not started is refunded to "
            "your balance. Write to Support if you disagree."),
        _("Open the service"), "danger", "ban", BUYER_SERVICE,
    ),
    "seller_service_frozen": NoticeTemplate(
        _("The operator has frozen a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer has been notified. If your protocol supports freezing, the market calls your interface to freeze the instance. Keep its data."),
        _("Open the order"), "warning", "snowflake", SELLER_SERVICE,
    ),
    "seller_service_unfrozen": NoticeTemplate(
        _("The operator has lifted the freeze of a service of %(product)s"),
        _(
            "Order line %(line)s. Reason: %(reason)s. Unless there is another freeze, the market calls your "
            "interface to restore the buyer's access."),
        _("Open the order"), "good", "circle-check", SELLER_SERVICE,
    ),
    "seller_service_ended": NoticeTemplate(
        _("The operator has ended a service of %(product)s"),
        _(
            "Order line %(line)s. Reason: %(reason)s. The buyer has been notified. The market calls your interface "
            "to release the instance."),
        _("Open the order"), "warning", "ban", SELLER_SERVICE,
    ),
    "seller_service_frozen_plain": NoticeTemplate(
        _("The operator has frozen a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer has been notified. No action is needed."),
        _("Open the order"), "warning", "snowflake", SELLER_SERVICE,
    ),
    "seller_service_unfrozen_plain": NoticeTemplate(
        _("The operator has lifted the freeze of a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer can use it again unless it is frozen for another reason."),
        _("Open the order"), "good", "circle-check", SELLER_SERVICE,
    ),
    "seller_service_ended_plain": NoticeTemplate(
        _("The operator has ended a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer has been notified. No action is needed."),
        _("Open the order"), "warning", "ban", SELLER_SERVICE,
    ),
}  # fmt: skip  # a table is read in rows
