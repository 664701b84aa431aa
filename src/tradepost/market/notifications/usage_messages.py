"""What notices about usage say."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

SELLER_INTERFACE = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER)

BUYER_DEBT = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True, sms=True)
"""§7.2: balance warnings cannot be switched off."""

USAGE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "usage_refused": NoticeTemplate(
        _("Usage records were refused"),
        _("%(refused)s records of a push are not billed. See why, correct them and push them again."),
        _("See the records"), "warning", "chart-bar", SELLER_INTERFACE,
    ),
    "arrears_began": NoticeTemplate(
        _("Unpaid usage: you owe %(owed)s"),
        _("Your balance does not cover the usage of your on-demand services. They are frozen at %(freezes)s and close "
          "permanently at %(deleted)s, and any data stored in them is deleted. Top up your balance before then. The debt is "
          "then paid immediately."),
        _("View amounts owed"), "danger", "wallet", BUYER_DEBT,
    ),
    "arrears_cleared": NoticeTemplate(
        _("Your usage debt is paid"),
        _("Services that were frozen only because of this debt can be used again."),
        _("See the charges"), "good", "circle-check", BUYER_DEBT,
    ),
}  # fmt: skip
