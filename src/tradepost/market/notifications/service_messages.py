"""What notices say of what an operator did to a service: frozen with the reason, lifted, ended."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS_SERVICE = About(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True)
"""What is lost with a service that ends is lost for good: nobody can switch it off."""
A_SOLD_SERVICE = About(category=Category.PRODUCT, to=Audience.SELLER)

OF_SERVICES: Mapping[str, Words] = {
    "service_frozen_by_operator": Words(
        _("The operator has frozen %(product)s"),
        _("Reason: %(reason)s. You cannot sign in for now, and your data is kept. Time that you paid for continues to run, and "
          "the service cannot be renewed until the freeze ends. Write to Support if you disagree."),
        _("Open the service"), "warning", "snowflake", A_BUYERS_SERVICE,
    ),
    "service_frozen_by_operator_plain": Words(
        _("The operator has frozen %(product)s"),
        _("Reason: %(reason)s. You cannot use it for now, and your data is kept. Write to Support if you disagree."),
        _("Open the service"), "warning", "snowflake", A_BUYERS_SERVICE,
    ),
    "service_ended_by_operator": Words(  # of earlier releases
        _("The operator has ended %(product)s"),
        _("Reason: %(reason)s. Write to Support if you disagree."),
        _("Open the service"), "danger", "ban", A_BUYERS_SERVICE,
    ),
    "service_closed_by_operator": Words(
        _("The operator has ended %(product)s"),
        _("Reason: %(reason)s. %(deletion)s Write to Support if you disagree."),
        _("Open the service"), "danger", "ban", A_BUYERS_SERVICE,
    ),
    "service_closed_by_operator_refunded": Words(
        _("The operator has ended %(product)s"),
        _("Reason: %(reason)s. %(deletion)s %(amount)s that you paid for time or changes not yet begun is refunded to your "
          "balance. Write to Support if you disagree."),
        _("Open the service"), "danger", "ban", A_BUYERS_SERVICE,
    ),
    "seller_service_frozen": Words(
        _("The operator has frozen a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer has been notified. Where your protocol has an activity for it, your "
          "interface is asked to freeze the instance; keep its data."),
        _("Open the order"), "warning", "snowflake", A_SOLD_SERVICE,
    ),
    "seller_service_unfrozen": Words(
        _("The operator has lifted the freeze of a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. Unless it is frozen for something else, your interface is asked to let the "
          "buyer in again."),
        _("Open the order"), "good", "circle-check", A_SOLD_SERVICE,
    ),
    "seller_service_ended": Words(
        _("The operator has ended a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer has been notified. Your interface is asked to release the instance."),
        _("Open the order"), "warning", "ban", A_SOLD_SERVICE,
    ),
    "seller_service_frozen_plain": Words(
        _("The operator has frozen a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer has been notified. No action is needed."),
        _("Open the order"), "warning", "snowflake", A_SOLD_SERVICE,
    ),
    "seller_service_unfrozen_plain": Words(
        _("The operator has lifted the freeze of a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer can use it again unless it is frozen for another reason."),
        _("Open the order"), "good", "circle-check", A_SOLD_SERVICE,
    ),
    "seller_service_ended_plain": Words(
        _("The operator has ended a service of %(product)s"),
        _("Order line %(line)s. Reason: %(reason)s. The buyer has been notified. No action is needed."),
        _("Open the order"), "warning", "ban", A_SOLD_SERVICE,
    ),
}  # fmt: skip  # a table is read in rows
