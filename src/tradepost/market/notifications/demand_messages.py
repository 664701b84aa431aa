"""What notices and mails about demands say (business-rules §9, §17.7). Mails to whoever asked hold nothing that was typed by them:
nobody confirmed the address."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

AN_ASKERS = About(category=Category.PRODUCT, to=Audience.BUYER)
A_SELLERS = About(category=Category.PRODUCT, to=Audience.SELLER)
FOR_OPERATORS = About(category=Category.OPERATIONS, to=Audience.OPERATOR)

OF_DEMANDS: Mapping[str, Words] = {
    "demand_received": Words(
        _("We have received what you need"),
        _("Somebody gave this address with a demand on our market. We answer until %(due)s. Keep this mail: the link below shows "
          "the answer. If it was not you, do nothing."),
        _("Follow the demand"), "info", "message", AN_ASKERS,
    ),
    "demand_answered": Words(
        _("Your demand is answered"),
        _("The answer: %(answer)s"),
        _("Read the answer"), "good", "circle-check", AN_ASKERS,
    ),
    "demand_answered_with_product": Words(
        _("Your demand is answered: %(product)s"),
        _("The answer: %(answer)s"),
        _("See answer and product"), "good", "circle-check", AN_ASKERS,
    ),
    "demand_answered_sms": Words(
        _("Your demand is answered: %(answer)s"),
        _("The whole answer stands on that page."),
        _("Read the answer"), "good", "circle-check", AN_ASKERS,
    ),
    "operator_demand": Words(
        _("Somebody needs what the store does not have"),
        _("Answer until %(due)s, name a product, or pass it to a seller: %(requirement)s"),
        _("See the demand"), "info", "message", FOR_OPERATORS,
    ),
    "operator_demand_declined": Words(
        _("%(seller)s declined a demand"),
        _("It is yours again; answer until %(due)s. Why it declined: %(words)s"),
        _("See the demand"), "info", "arrow-back-up", FOR_OPERATORS,
    ),
    "operator_demand_expired": Words(
        _("%(seller)s did not answer a demand in time"),
        _("It is yours again; answer until %(due)s."),
        _("See the demand"), "warning", "clock", FOR_OPERATORS,
    ),
    "seller_demand": Words(
        _("A customer needs something: can you offer it?"),
        _("The market asks you until %(until)s. Offer something, with a product or without, or decline: %(requirement)s"),
        _("See the demand"), "info", "message", A_SELLERS,
    ),
    "seller_demand_expired": Words(
        _("A demand that you were asked for went back to the market"),
        _("You did not answer until %(until)s."),
        _("See the demand"), "warning", "clock", A_SELLERS,
    ),
    "seller_demand_recalled": Words(
        _("A demand that you were asked for is settled"),
        _("No action is needed."),
        _("See the demand"), "info", "circle-check", A_SELLERS,
    ),
}  # fmt: skip  # a table is read in rows
