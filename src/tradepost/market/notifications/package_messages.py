"""What a buyer is told of packages of usage: low, used up, bought again or not (business-rules §7.1, §9)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_PACKAGE = About(category=Category.FINANCE, to=Audience.BUYER, sms=True)
A_STOP = About(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True, sms=True)
"""The service cannot be used from then on: nobody can switch that off."""

OF_PACKAGES: Mapping[str, Words] = {
    "package_low": Words(
        _("Little is left of a package of %(product)s"),
        _("%(left)s of %(amount)s %(unit)s are left, valid until %(until)s. %(then)s"),
        _("Open the package"), "warning", "chart-bar", A_PACKAGE,
    ),
    "uses_low": Words(
        _("Little is left of a package of %(product)s"),
        _("%(left)s of %(amount)s %(unit)s are left. %(then)s"),
        _("Open the package"), "warning", "chart-bar", A_PACKAGE,
    ),
    "package_used_up": Words(
        _("A package of %(product)s is used up"),
        _("All of its %(amount)s %(unit)s were used. %(then)s"),
        _("Open the package"), "warning", "chart-bar", A_PACKAGE,
    ),
    "service_used_up": Words(
        _("%(product)s has stopped: nothing is left of its package"),
        _("Nothing beyond the package is charged. Your data is kept; the service goes on as soon as you buy another package."),
        _("Open the service"), "danger", "snowflake", A_STOP,
    ),
    "uses_used_up": Words(
        _("%(product)s has stopped: its package of uses is used up"),
        _("Nothing beyond the package is charged, and your data is kept. For more, buy another package: it is opened as a service "
          "of its own."),
        _("Open the service"), "danger", "snowflake", A_STOP,
    ),
    "package_not_bought_again": Words(
        _("A package of %(product)s was not bought again"),
        _("%(reason)s Nothing was ordered or charged. Buy the package by hand; if little is left of this one, it is tried once "
          "more when it is used up."),
        _("Open the package"), "warning", "wallet", A_PACKAGE,
    ),
}  # fmt: skip  # a table is read in rows
