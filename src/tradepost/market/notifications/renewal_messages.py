"""What a buyer is told of automatic renewals: done, or why not and what can be done."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

BUYER_RENEWAL = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
"""Money was taken, or a service is about to be lost: nobody can switch it off."""

RENEWAL_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "service_auto_renewed": NoticeTemplate(
        _("%(product)s was renewed automatically"),
        _("It is now paid until %(until)s. %(amount)s was taken from your balance (order %(order)s)."),
        _("Open the service"), "good", "refresh", BUYER_RENEWAL,
    ),
    "service_auto_renewed_anew": NoticeTemplate(
        _("%(product)s was renewed automatically at a different price"),
        _("It is now paid until %(until)s. %(amount)s was taken from your balance (order %(order)s). The previous price was "
          "%(before)s. You can turn off automatic renewal on the page of the service."),
        _("Open the service"), "info", "refresh", BUYER_RENEWAL,
    ),
    "auto_renewal_no_money": NoticeTemplate(
        _("%(product)s was not renewed: your balance is too low"),
        _("The automatic renewal costs %(amount)s, and your balance is %(balance)s. No order was placed. The next attempt is at %(next)s, and then once a day. The paid time ends at %(until)s. Top up your balance before then."),
        _("Open the service"), "warning", "wallet", BUYER_RENEWAL,
    ),
    "auto_renewal_refused": NoticeTemplate(
        _("%(product)s was not renewed automatically"),
        _("%(reason)s Nothing was ordered. The next attempt is at %(next)s, and then once a day. The paid time ends at "
          "%(until)s. Open the service to renew it yourself or to choose another duration."),
        _("Open the service"), "warning", "alert-triangle", BUYER_RENEWAL,
    ),
    "auto_renewal_over": NoticeTemplate(
        _("%(product)s was not renewed. There are no more attempts"),
        _("%(reason)s %(deletion)s Renew it yourself before then if you want to keep it."),
        _("Open the service"), "danger", "alert-triangle", BUYER_RENEWAL,
    ),
}  # fmt: skip  # a table is read in rows
