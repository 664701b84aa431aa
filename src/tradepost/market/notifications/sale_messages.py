"""What notices tell sellers of orders that no production interface delivers: people do, or the market's cloud."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

SELLER_SALE = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)

SALE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "seller_new_delivery": NoticeTemplate(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. You deliver this order. Open it to see the next step."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_new_free_delivery": NoticeTemplate(
        _("New order for %(product)s, without payment"),
        _("Order line %(line)s is free of charge. You deliver this order. Open it to see the next step."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_new_service": NoticeTemplate(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. The service is active. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_new_free_service": NoticeTemplate(
        _("New order for %(product)s, without payment"),
        _("Order line %(line)s costs nothing. The service is active. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_new_server": NoticeTemplate(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. The market's cloud delivers it. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_new_free_server": NoticeTemplate(
        _("New order for %(product)s, without payment"),
        _("Order line %(line)s costs nothing. The market's cloud delivers it. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_renewal_noted": NoticeTemplate(
        _("A buyer renewed %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid."),
        _("Open the order"), "info", "refresh", SELLER_SALE,
    ),
    "seller_free_renewal_noted": NoticeTemplate(
        _("A buyer renewed %(product)s without payment"),
        _("Order line %(line)s cost nothing."),
        _("Open the order"), "info", "refresh", SELLER_SALE,
    ),
}  # fmt: skip  # a table is read in rows
