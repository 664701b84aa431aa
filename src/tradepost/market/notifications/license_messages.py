"""What notices say of authorisation codes (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

_BUYER_CODE = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
_SELLER_CODE = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)

CODE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "code_ready": NoticeTemplate(
        _("Your code for %(product)s is ready"),
        _(
            "Take the code on the order page and enter it in the software. Until you take the code, you can return "
            "the order."),
        _("Reveal the code"), "good", "license", _BUYER_CODE,
    ),
    "seller_code_order": NoticeTemplate(
        _("New order for %(product)s, to be delivered by a code"),
        _(
            "Order line %(line)s, %(amount)s, was paid, and the market created its code. You earn the amount when "
            "your software activates the code that the buyer enters."),
        _("Open the order"), "info", "shopping-cart", _SELLER_CODE,
    ),
    "seller_order_returned": NoticeTemplate(
        _("A buyer returned %(product)s"),
        _("Order line %(line)s was refunded in full. Its code was not taken and is no longer valid."),
        _("Open the order"), "info", "arrow-back-up", _SELLER_CODE,
    ),
}  # fmt: skip
