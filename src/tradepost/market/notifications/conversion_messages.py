"""What is said of trials that become formal, and of those that end (business-rules §3.5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

_AN_ORDER = About(category=Category.PRODUCT, to=Audience.BUYER)
_MONEY = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
_A_SERVICE = About(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True)
_A_SALE = About(category=Category.PRODUCT, to=Audience.SELLER)

OF_CONVERSIONS: Mapping[str, Words] = {
    "trial_ends_soon": Words(
        _("Your trial of %(product)s ends at %(until)s"),
        _("Make it formal before then and it goes on without a break. Otherwise it is frozen at that moment, and deleted with "
          "its data at %(kept)s."),
        _("Make it formal"), "warning", "clock", _A_SERVICE,
    ),
    "trial_expired": Words(
        _("Your trial of %(product)s has ended and is frozen"),
        _("It ended at %(until)s. Your data is kept until %(kept)s; then the trial is deleted. Make it formal before then and "
          "it goes on."),
        _("Make it formal"), "warning", "snowflake", _A_SERVICE,
    ),
    "trial_converted": Words(
        _("%(product)s is formal now"),
        _("It is paid until %(until)s. Nothing else changes: you log in as before."),
        _("Open the service"), "good", "certificate", _AN_ORDER,
    ),
    "conversion_waits": Words(
        _("%(product)s: your trial waits for the seller to become formal"),
        _("The seller's system did not take it in time. The seller and the operator were told. The market holds your payment "
          "of order %(order)s; should the trial be deleted before, you get it back in full."),
        _("Open the order"), "warning", "player-pause", _AN_ORDER,
    ),
    "free_conversion_waits": Words(
        _("%(product)s: your trial waits for the seller to become formal"),
        _("The seller's system did not take it in time. The seller and the operator were told. Order %(order)s cost nothing; "
          "should the trial be deleted before, the order ends with it."),
        _("Open the order"), "warning", "player-pause", _AN_ORDER,
    ),
    "conversion_refunded": Words(
        _("%(amount)s is back on your balance"),
        _("Your trial of %(product)s could not be made formal, so we ended order %(order)s and refunded it in full."),
        _("Open the order"), "warning", "arrows-exchange", _MONEY,
    ),
    "free_conversion_ended": Words(
        _("%(product)s could not be made formal"),
        _("The seller's system did not do it in time, so we ended order %(order)s. Nothing was charged."),
        _("Open the order"), "warning", "alert-triangle", _AN_ORDER,
    ),
    "seller_conversion": Words(
        _("A trial of %(product)s becomes formal"),
        _("Order line %(line)s, %(amount)s, was paid. The market is telling your production interface now; you only need to "
          "act if a call fails."),
        _("Open the order"), "info", "certificate", _A_SALE,
    ),
    "seller_free_conversion": Words(
        _("A trial of %(product)s becomes formal without payment"),
        _("Order line %(line)s cost nothing. The market is telling your production interface now; you only need to act if a "
          "call fails."),
        _("Open the order"), "info", "certificate", _A_SALE,
    ),
}  # fmt: skip
