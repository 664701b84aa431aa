"""What notices about order notifications say (saas-v1-license D1: "3 h, then stops; mail to the account; manual restart")."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

FAILED_CALL = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER)

ORDER_NOTICE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "seller_order_notice_gave_up": NoticeTemplate(
        _("Your server was not notified of order line %(line)s (%(product)s)"),
        _("Every attempt failed. Last reason: %(reason)s. The order and its delivery are not affected. Correct the cause, then "
          "restart the notification."),
        _("Open the notification"), "danger", "circle-x", FAILED_CALL,
    ),
}  # fmt: skip
