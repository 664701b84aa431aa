"""What notices say of authorisation codes (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

_TO_BUYER = About(category=Category.PRODUCT, to=Audience.BUYER)
_TO_SELLER = About(category=Category.PRODUCT, to=Audience.SELLER)

OF_CODES: Mapping[str, Words] = {
    "code_ready": Words(
        _("Your code for %(product)s is ready"),
        _("Take it on the page of the order and enter it into the software. Until you take it you can give the order back."),
        _("Take the code"), "good", "license", _TO_BUYER,
    ),
    "seller_code_order": Words(
        _("New order for %(product)s, to be delivered by a code"),
        _("Order line %(line)s, %(amount)s, was paid, and the market made its code. You have earned it when your software "
          "activates the code that the buyer enters."),
        _("Open the order"), "info", "shopping-cart", _TO_SELLER,
    ),
    "seller_order_returned": Words(
        _("%(product)s was given back by its buyer"),
        _("Order line %(line)s is paid back in full: its code was not taken, and cannot be used any more."),
        _("Open the order"), "info", "arrow-back-up", _TO_SELLER,
    ),
}  # fmt: skip
