"""What a buyer is told of automatic renewals: done, or why not and what can be done."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_RENEWAL = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
"""Money was taken, or a service is about to be lost: nobody can switch it off."""

OF_RENEWALS: Mapping[str, Words] = {
    "service_auto_renewed": Words(
        _("%(product)s was renewed automatically"),
        _("It is paid until %(until)s now. %(amount)s was taken from your balance (order %(order)s)."),
        _("Open the service"), "good", "refresh", A_RENEWAL,
    ),
    "service_auto_renewed_anew": Words(
        _("%(product)s was renewed automatically, at another price"),
        _("It is paid until %(until)s now. %(amount)s was taken from your balance (order %(order)s); the time before it was "
          "%(before)s. You can end the automatic renewal on the page of the service."),
        _("Open the service"), "info", "refresh", A_RENEWAL,
    ),
    "auto_renewal_no_money": Words(
        _("%(product)s was not renewed: your balance does not reach"),
        _("The automatic renewal costs %(amount)s, your balance is %(balance)s. Nothing was ordered. It is tried again at "
          "%(next)s and then each day; the paid time ends at %(until)s. Top up your balance before then."),
        _("Open the service"), "warning", "wallet", A_RENEWAL,
    ),
    "auto_renewal_refused": Words(
        _("%(product)s was not renewed automatically"),
        _("%(reason)s Nothing was ordered. It is tried again at %(next)s and then each day; the paid time ends at %(until)s. "
          "Open the service to renew it by hand or to choose another duration."),
        _("Open the service"), "warning", "alert-triangle", A_RENEWAL,
    ),
    "auto_renewal_over": Words(
        _("%(product)s was not renewed, and it is not tried again"),
        _("%(reason)s This was the last try. The service is deleted with its data at %(kept)s: renew it by hand before then "
          "if you want to keep it."),
        _("Open the service"), "danger", "alert-triangle", A_RENEWAL,
    ),
}  # fmt: skip  # a table is read in rows
