"""What notices about supervised deliveries say (business-rules §2.10, §7.1)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS = About(category=Category.PRODUCT, to=Audience.BUYER, sms=True)
A_SELLERS = About(category=Category.PRODUCT, to=Audience.SELLER, sms=True)
FOR_OPERATORS = About(category=Category.PRODUCT, to=Audience.OPERATOR)

SEE = _("See the delivery")
OF_SUPERVISIONS: Mapping[str, Words] = {
    "delivery_your_turn": Words(
        _("It is your turn: %(product)s"),
        _("The delivery of order %(order)s waits for you: %(step)s."),
        SEE, "info", "truck-delivery", A_BUYERS,
    ),
    "delivery_waits": Words(
        _("The delivery of %(product)s still waits for you"),
        _("Order %(order)s: %(step)s. Until you act nothing goes on, and the market holds the money."),
        SEE, "warning", "clock", A_BUYERS,
    ),
    "delivery_old": Words(
        _("The delivery of %(product)s takes very long"),
        _("Order %(order)s is not accepted yet. Talk to the seller, or ask the operator to decide."),
        SEE, "warning", "clock", A_BUYERS,
    ),
    "delivery_accepted": Words(
        _("The delivery of %(product)s was accepted"),
        _("Order %(order)s is completed."),
        SEE, "good", "circle-check", A_BUYERS,
    ),
    "delivery_cancelled": Words(
        _("The delivery of %(product)s was cancelled"),
        _("All that was paid for order %(order)s is back on your balance."),
        SEE, "info", "arrows-exchange", A_BUYERS,
    ),
    "delivery_ended_early": Words(
        _("The delivery of %(product)s ended early"),
        _("%(amount)s of what was paid for order %(order)s is back on your balance. The rest stays with the seller."),
        SEE, "info", "arrows-exchange", A_BUYERS,
    ),
    "delivery_reduced": Words(
        _("%(amount)s is back on your balance"),
        _("The seller takes less for %(product)s. The delivery of order %(order)s goes on."),
        SEE, "good", "arrows-exchange", A_BUYERS,
    ),
    "delivery_cancel_declined": Words(
        _("The seller pays nothing back for %(product)s"),
        _("Your request about order %(order)s was declined: %(reason)s. You may ask the operator to decide."),
        SEE, "warning", "ban", A_BUYERS,
    ),
    "delivery_appealed": Words(
        _("The operator decides about the delivery of %(product)s"),
        _("Order %(order)s stands still until then. A decision is due by %(until)s."),
        SEE, "warning", "alert-circle", A_BUYERS,
    ),
    "delivery_decided": Words(
        _("The operator decided about the delivery of %(product)s"),
        _("Order %(order)s: %(decision)s. Why: %(reason)s"),
        SEE, "info", "alert-circle", A_BUYERS,
    ),
    "seller_delivery_your_turn": Words(
        _("It is your turn: %(product)s"),
        _("The delivery of order %(order)s waits for you: %(step)s."),
        SEE, "info", "truck-delivery", A_SELLERS,
    ),
    "seller_delivery_waits": Words(
        _("The delivery of %(product)s still waits for you"),
        _("Order %(order)s: %(step)s. You are paid when its buyer accepts."),
        SEE, "warning", "clock", A_SELLERS,
    ),
    "seller_delivery_old": Words(
        _("The delivery of %(product)s takes very long"),
        _("Order %(order)s is not accepted yet. Talk to the buyer, or ask the operator to decide."),
        SEE, "warning", "clock", A_SELLERS,
    ),
    "seller_delivery_accepted": Words(
        _("The delivery of %(product)s was accepted"),
        _("Order %(order)s is completed: what was paid is yours."),
        SEE, "good", "circle-check", A_SELLERS,
    ),
    "seller_delivery_cancelled": Words(
        _("The delivery of %(product)s was cancelled"),
        _("All that was paid for order %(order)s went back to the buyer."),
        SEE, "warning", "arrows-exchange", A_SELLERS,
    ),
    "seller_delivery_ended_early": Words(
        _("The delivery of %(product)s ended early"),
        _("%(amount)s of what was paid for order %(order)s went back to the buyer. The rest is yours."),
        SEE, "warning", "arrows-exchange", A_SELLERS,
    ),
    "seller_delivery_reduced": Words(
        _("%(amount)s of %(product)s went back to the buyer"),
        _("As you agreed. The delivery of order %(order)s goes on for the lower price."),
        SEE, "info", "arrows-exchange", A_SELLERS,
    ),
    "seller_delivery_cancel_asked": Words(
        _("A buyer wants money back for %(product)s"),
        _("Order %(order)s: %(reason)s. Agree, or decline and say why; until then it cannot be accepted."),
        SEE, "warning", "arrow-back-up", A_SELLERS,
    ),
    "seller_delivery_cancel_withdrawn": Words(
        _("The buyer wants no money back for %(product)s any more"),
        _("No action is needed. The delivery of order %(order)s goes on."),
        SEE, "info", "circle-check", A_SELLERS,
    ),
    "seller_delivery_appealed": Words(
        _("The operator decides about the delivery of %(product)s"),
        _("Order %(order)s stands still until then. A decision is due by %(until)s."),
        SEE, "danger", "alert-circle", A_SELLERS,
    ),
    "seller_delivery_decided": Words(
        _("The operator decided about the delivery of %(product)s"),
        _("Order %(order)s: %(decision)s. Why: %(reason)s"),
        SEE, "info", "alert-circle", A_SELLERS,
    ),
    "operator_delivery_review": Words(
        _("A delivery is to be looked at: %(product)s"),
        _("Order %(order)s of %(seller)s: say whether the evidence of the delivery is in order."),
        SEE, "info", "truck-delivery", FOR_OPERATORS,
    ),
    "operator_delivery_appeal": Words(
        _("A delivery is in dispute: %(product)s"),
        _("Order %(order)s of %(seller)s: decide by %(until)s whether it goes on, counts as accepted, or is paid back."),
        SEE, "warning", "alert-circle", FOR_OPERATORS,
    ),
}  # fmt: skip
