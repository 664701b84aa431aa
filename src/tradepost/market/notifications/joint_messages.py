"""What notices about applications of enterprises say (business-rules §7.1 'Kit sync failed'; openapi-jointkit §A.5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

OF_JOINT: Mapping[str, Words] = {
    "enterprise_bound": Words(
        _("%(enterprise)s is bound to %(application)s"),
        _("You can now say who may use the application."),
        _("Authorise members"), "good", "circle-check", About(category=Category.PRODUCT, to=Audience.BUYER),
    ),
    "sync_stopped": Words(
        _("The seller of %(application)s could not be told of a change"),
        _("%(what)s, for %(enterprise)s: %(reason)s. Try it again, or ask the seller."),
        _("See what stands still"), "warning", "alert-triangle", About(category=Category.PRODUCT, to=Audience.BUYER),
    ),
    "seller_sync_stopped": Words(
        _("%(application)s did not take note of %(enterprise)s"),
        _("%(what)s: %(reason)s. The buyer's administrator decides whether to try again; until then your data differs."),
        _("See the calls"), "warning", "alert-triangle",
        About(category=Category.OPERATIONS, to=Audience.SELLER, sms=True),
    ),
}  # fmt: skip
