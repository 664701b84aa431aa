"""What notices about web checks say."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

WEB_CHECK = NoticePolicy(category=Category.SECURITY, to=Audience.SELLER)

WEB_CHECK_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "web_scan_passed": NoticeTemplate(
        _("Web check of %(url)s: no high finding"),
        _("A product with this website can be submitted. See the report for other findings, untested items and its validity period."),
        _("See the report"), "good", "shield-check", WEB_CHECK,
    ),
    "web_scan_high": NoticeTemplate(
        _("Web check of %(url)s: %(high)s high"),
        _("A product with this website cannot be submitted until the findings are fixed or an appeal is accepted. First finding: %(first)s"),
        _("See the report"), "warning", "alert-triangle", WEB_CHECK,
    ),
    "web_scan_unreached": NoticeTemplate(
        _("Web check of %(url)s: the site was not reached"),
        _("The check was inconclusive. Make sure that the website is reachable, then run the check again."),
        _("See the report"), "warning", "alert-circle", WEB_CHECK,
    ),
    "web_scan_broken": NoticeTemplate(
        _("Web check of %(url)s was interrupted"),
        _("The market caused this error. It does not indicate a problem with your website. Run the check again."),
        _("See the report"), "warning", "alert-circle", WEB_CHECK,
    ),
}  # fmt: skip
