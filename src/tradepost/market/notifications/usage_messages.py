"""What notices about usage say."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

AN_INTERFACE = About(category=Category.OPERATIONS, to=Audience.SELLER)

A_DEBT = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True, sms=True)
"""§7.2: balance warnings cannot be switched off."""

OF_USAGE: Mapping[str, Words] = {
    "usage_refused": Words(
        _("Usage records were refused"),
        _("%(refused)s records of a push are not billed. See why, correct them and push them again."),
        _("See the records"), "warning", "chart-bar", AN_INTERFACE,
    ),
    "arrears_began": Words(
        _("Usage was not paid: %(owed)s is owed"),
        _("Your balance does not cover what your services on demand used. They are frozen at %(freezes)s and deleted with "
          "their data at %(deleted)s. Top up your balance before then: what is owed is paid from it at once."),
        _("See what is owed"), "danger", "wallet", A_DEBT,
    ),
    "arrears_cleared": Words(
        _("What you owed for usage is paid"),
        _("Services that were frozen only because of this debt can be used again."),
        _("See the charges"), "good", "circle-check", A_DEBT,
    ),
}  # fmt: skip
