"""What notices say of period images: one ends soon, has ended while its server runs on, covers nothing, covers a server again."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

BUYER_IMAGE = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True, sms=True)
"""What it leads to costs money by the hour: nobody can switch it off."""

IMAGE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "image_ends_soon": NoticeTemplate(
        _("Your period image of %(product)s ends at %(until)s"),
        _(
            "Renew it before then. It cannot be renewed afterwards, and a server that still runs this image is "
            "billed by the hour (%(price)s) from that minute on. To avoid this, replace its system disk or release "
            "it in time."),
        _("Renew it"), "warning", "clock", BUYER_IMAGE,
    ),
    "image_renews_soon": NoticeTemplate(
        _("Your period image of %(product)s is renewed automatically before it ends at %(until)s"),
        _(
            "Make sure that your balance covers the renewal. Otherwise, a server that still runs this image is "
            "billed by the hour (%(price)s) after the image expires."),
        _("Open the service"), "info", "refresh", BUYER_IMAGE,
    ),
    "image_expired_billed": NoticeTemplate(
        _("Your period image of %(product)s has ended: the server %(server)s is billed by the hour now"),
        _("The image was not renewed, and the server is still running. Since %(at)s, each hour of the image costs %(price)s while the server is healthy. To avoid this, stop the server, replace its system disk or release it. You can also buy a new period image."),
        _("Open the server"), "danger", "clock", BUYER_IMAGE,
    ),
    "image_expired": NoticeTemplate(
        _("Your period image of %(product)s has ended"),
        _("No server used it, so nothing is billed. A server that runs this image later is billed by the hour."),
        _("See your servers"), "info", "clock", BUYER_IMAGE,
    ),
    "image_idle": NoticeTemplate(
        _("Your period image of %(product)s no longer covers a server"),
        _("The server has another system disk or no longer exists. The paid time still runs until %(until)s. An operator can bind the image to another of your servers that runs it. You can also get the rest refunded on the service page."),
        _("Open the service"), "warning", "disc", BUYER_IMAGE,
    ),
    "image_bound_again": NoticeTemplate(
        _("Your period image of %(product)s covers the server %(server)s now"),
        _("An operator has bound it. From %(at)s on, the hours of this server are paid until %(until)s."),
        _("Open the server"), "good", "circle-check", BUYER_IMAGE,
    ),
}  # fmt: skip  # a table is read in rows
