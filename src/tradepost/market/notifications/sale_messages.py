"""What notices tell sellers of orders that no production interface delivers: people do, or the market's cloud."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_SALE = About(category=Category.PRODUCT, to=Audience.SELLER)

OF_SALES: Mapping[str, Words] = {
    "seller_new_delivery": Words(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. You deliver it: open the order to see the next step."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_new_free_delivery": Words(
        _("New order for %(product)s, without payment"),
        _("Order line %(line)s costs nothing. You deliver it: open the order to see the next step."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_new_service": Words(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. The service is active. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_new_free_service": Words(
        _("New order for %(product)s, without payment"),
        _("Order line %(line)s costs nothing. The service is active. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_new_server": Words(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. The market's cloud delivers it. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_new_free_server": Words(
        _("New order for %(product)s, without payment"),
        _("Order line %(line)s costs nothing. The market's cloud delivers it. You do not need to do anything."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_renewal_noted": Words(
        _("%(product)s was renewed by its buyer"),
        _("Order line %(line)s, %(amount)s, was paid."),
        _("Open the order"), "info", "refresh", A_SALE,
    ),
    "seller_free_renewal_noted": Words(
        _("%(product)s was renewed by its buyer without payment"),
        _("Order line %(line)s cost nothing."),
        _("Open the order"), "info", "refresh", A_SALE,
    ),
}  # fmt: skip  # a table is read in rows
