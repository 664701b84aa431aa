"""What is said of trials that become formal, and of those that end (business-rules §3.5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

_BUYER_ORDER = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
_BUYER_MONEY = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
_BUYER_SERVICE = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True)
_SELLER_SALE = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)

CONVERSION_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "trial_ends_soon": NoticeTemplate(
        _("Your trial of %(product)s ends at %(until)s"),
        _("Convert it to paid before then to keep using it. Otherwise it is frozen at that time. %(deletion)s"),
        _("Convert to paid"), "warning", "clock", _BUYER_SERVICE,
    ),
    "trial_expired": NoticeTemplate(
        _("Your trial of %(product)s has ended and is frozen"),
        _("The trial ended at %(until)s. %(deletion)s Convert it to paid before then to keep using it."),
        _("Convert to paid"), "warning", "snowflake", _BUYER_SERVICE,
    ),
    "trial_converted": NoticeTemplate(
        _("%(product)s is now a formal service"),
        _("The service is paid until %(until)s. Nothing else changes: you log in as before."),
        _("Open the service"), "good", "certificate", _BUYER_ORDER,
    ),
    "conversion_waits": NoticeTemplate(
        _("Your trial of %(product)s is waiting for the seller to convert it"),
        _("The seller's system did not process the request in time. We notified the seller and the operator, and we hold your "
          "payment of order %(order)s. If the trial ends first, you get a full refund."),
        _("Open the order"), "warning", "player-pause", _BUYER_ORDER,
    ),
    "free_conversion_waits": NoticeTemplate(
        _("Your trial of %(product)s is waiting for the seller to convert it"),
        _("The seller's system did not process the request in time. We notified the seller and the operator. Order %(order)s "
          "cost nothing. If the trial ends first, the order is closed."),
        _("Open the order"), "warning", "player-pause", _BUYER_ORDER,
    ),
    "conversion_refunded": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("Your trial of %(product)s could not be converted, so we ended order %(order)s and refunded it in full."),
        _("Open the order"), "warning", "arrows-exchange", _BUYER_MONEY,
    ),
    "free_conversion_ended": NoticeTemplate(
        _("%(product)s could not be converted to a formal service"),
        _("The seller's system did not process the request in time, so order %(order)s was ended. Nothing was charged."),
        _("Open the order"), "warning", "alert-triangle", _BUYER_ORDER,
    ),
    "seller_conversion": NoticeTemplate(
        _("A trial of %(product)s is being converted to a formal service"),
        _(
            "Order line %(line)s, %(amount)s, was paid. The market is notifying your production interface now; you "
            "only need to act if a call fails."),
        _("Open the order"), "info", "certificate", _SELLER_SALE,
    ),
    "seller_free_conversion": NoticeTemplate(
        _("A trial of %(product)s is being converted to a formal service without payment"),
        _(
            "Order line %(line)s was free of charge. The market is notifying your production interface now; you only "
            "need to act if a call fails."),
        _("Open the order"), "info", "certificate", _SELLER_SALE,
    ),
}  # fmt: skip
