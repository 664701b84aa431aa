"""What notices about web checks say."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_CHECK = About(category=Category.SECURITY, to=Audience.SELLER)

OF_WEB_CHECKS: Mapping[str, Words] = {
    "web_scan_passed": Words(
        _("Web check of %(url)s: no high finding"),
        _("A product with this web site can be handed in. See what else was found, what was not tested, and until when it counts."),
        _("See the report"), "good", "shield-check", A_CHECK,
    ),
    "web_scan_high": Words(
        _("Web check of %(url)s: %(high)s high"),
        _("A product with this web site cannot be handed in until they are mended, or an appeal is accepted. The first: %(first)s"),
        _("See the report"), "warning", "alert-triangle", A_CHECK,
    ),
    "web_scan_unreached": Words(
        _("Web check of %(url)s: the site was not reached"),
        _("Nothing was found and nothing passed. Look whether the site answers, then run the check again."),
        _("See the report"), "warning", "alert-circle", A_CHECK,
    ),
    "web_scan_broken": Words(
        _("Web check of %(url)s broke off"),
        _("That was the market's own fault and says nothing about your site. Run it again."),
        _("See the report"), "warning", "alert-circle", A_CHECK,
    ),
}  # fmt: skip
