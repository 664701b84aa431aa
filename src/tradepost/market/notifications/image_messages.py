"""What notices say of period images: one ends soon, has ended while its server runs on, covers nothing, covers a server again."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS_IMAGE = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True, sms=True)
"""What it leads to costs money by the hour: nobody can switch it off."""

OF_IMAGES: Mapping[str, Words] = {
    "image_ends_soon": Words(
        _("Your period image of %(product)s ends at %(until)s"),
        _("Renew it before then. Afterwards it cannot be renewed, and a server that still runs this image is billed by the hour "
          "(%(price)s) from that minute on. If you do not want that, replace its system disk or release it in time."),
        _("Renew it"), "warning", "clock", A_BUYERS_IMAGE,
    ),
    "image_renews_soon": Words(
        _("Your period image of %(product)s is renewed automatically before it ends at %(until)s"),
        _("See that your balance covers it. If it is not renewed, a server that still runs this image is billed by the hour "
          "(%(price)s) from its end on."),
        _("Open the service"), "info", "refresh", A_BUYERS_IMAGE,
    ),
    "image_expired_billed": Words(
        _("Your period image of %(product)s has ended: the server %(server)s is billed by the hour now"),
        _("It was not renewed, and the server runs on. Since %(at)s each hour of the image costs %(price)s while the server is "
          "healthy. Stop the server, replace its system disk or release it if you do not want that, or buy a period image anew."),
        _("Open the server"), "danger", "clock", A_BUYERS_IMAGE,
    ),
    "image_expired": Words(
        _("Your period image of %(product)s has ended"),
        _("No server used it, so nothing is billed. A server that runs this image later is billed by the hour."),
        _("See your servers"), "info", "clock", A_BUYERS_IMAGE,
    ),
    "image_idle": Words(
        _("Your period image of %(product)s covers no server any more"),
        _("The server has another system disk, or is gone. The paid time runs on until %(until)s. An operator can bind the "
          "image to another server of yours that runs it; or have the rest paid back on the page of the service."),
        _("Open the service"), "warning", "disc", A_BUYERS_IMAGE,
    ),
    "image_bound_again": Words(
        _("Your period image of %(product)s covers the server %(server)s now"),
        _("An operator has bound it. From %(at)s on, the hours of this server are paid until %(until)s."),
        _("Open the server"), "good", "circle-check", A_BUYERS_IMAGE,
    ),
}  # fmt: skip  # a table is read in rows
