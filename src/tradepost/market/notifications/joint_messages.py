"""What notices about applications of enterprises say (business-rules §7.1 'Kit sync failed'; openapi-jointkit §A.5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

JOINT_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "enterprise_bound": NoticeTemplate(
        _("%(enterprise)s is bound to %(application)s"),
        _("You can now authorise members to use the application."),
        _("Authorise members"), "good", "circle-check", NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER),
    ),
    "sync_delayed": NoticeTemplate(
        _("Synchronisation with %(application)s failed and is being retried"),
        _("%(what)s, for %(enterprise)s: %(reason)s. The call is retried automatically until %(until)s."),
        _("View the synchronisation"), "warning", "alert-triangle", NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER),
    ),
    "sync_stopped": NoticeTemplate(
        _("Synchronisation with %(application)s has stopped"),
        _("%(what)s, for %(enterprise)s: %(reason)s. Retries have ended. Contact the seller, then retry."),
        _("View the synchronisation"), "warning", "alert-triangle", NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER),
    ),
    "seller_sync_delayed": NoticeTemplate(
        _("Your server rejected or missed a synchronisation of %(application)s"),
        _("%(what)s, for %(enterprise)s: %(reason)s. The call is retried automatically until %(until)s."),
        _("View the calls"), "warning", "alert-triangle",
        NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER, sms=True),
    ),
    "seller_sync_stopped": NoticeTemplate(
        _("Synchronisation of %(application)s with your server has stopped"),
        _("%(what)s, for %(enterprise)s: %(reason)s. Retries have ended and your data is out of date. Repair your server, then choose "
          "Retry all on the Applications page."),
        _("View the calls"), "warning", "alert-triangle",
        NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER, sms=True),
    ),
}  # fmt: skip
