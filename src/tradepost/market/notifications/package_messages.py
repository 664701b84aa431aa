"""What a buyer is told of packages of usage: low, used up, bought again or not (business-rules §7.1, §9)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

BUYER_PACKAGE = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, sms=True)
SERVICE_STOP = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True, sms=True)
"""The service cannot be used from then on: nobody can switch that off."""

PACKAGE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "package_low": NoticeTemplate(
        _("A package of %(product)s is almost used up"),
        _("%(left)s of %(amount)s %(unit)s are left, valid until %(until)s. %(then)s"),
        _("Open the package"), "warning", "chart-bar", BUYER_PACKAGE,
    ),
    "uses_low": NoticeTemplate(
        _("A package of %(product)s is almost used up"),
        _("%(left)s of %(amount)s %(unit)s are left. %(then)s"),
        _("Open the package"), "warning", "chart-bar", BUYER_PACKAGE,
    ),
    "package_used_up": NoticeTemplate(
        _("A package of %(product)s is used up"),
        _("All of its %(amount)s %(unit)s were used. %(then)s"),
        _("Open the package"), "warning", "chart-bar", BUYER_PACKAGE,
    ),
    "service_used_up": NoticeTemplate(
        _("%(product)s has stopped: its package is used up"),
        _("You are not charged beyond the package. Your data is kept. The service resumes as soon as you buy another package."),
        _("Open the service"), "danger", "snowflake", SERVICE_STOP,
    ),
    "uses_used_up": NoticeTemplate(
        _("%(product)s has stopped: its package of uses is used up"),
        _("You are not charged beyond the package, and your data is kept. For more uses, buy another package; it is opened as a separate service."),
        _("Open the service"), "danger", "snowflake", SERVICE_STOP,
    ),
    "package_not_bought_again": NoticeTemplate(
        _("The automatic repurchase of a package of %(product)s failed"),
        _(
            "%(reason)s Nothing was ordered or charged. Buy the package manually. If this package is not used up "
            "yet, the purchase is tried once more when it is."),
        _("Open the package"), "warning", "wallet", BUYER_PACKAGE,
    ),
}  # fmt: skip  # a table is read in rows
