"""What notices about refunds say (business-rules §4.7, §7.1)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_BUYERS_MONEY = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
A_BUYERS_ORDER = About(category=Category.PRODUCT, to=Audience.BUYER)
FOR_OPERATORS = About(category=Category.FINANCE, to=Audience.OPERATOR)
AN_UNSUBSCRIPTION = About(category=Category.PRODUCT, to=Audience.SELLER)
"""§7.1: unsubscribe requested → seller, 101."""

OF_REFUNDS: Mapping[str, Words] = {
    # "_image" and "_plain": kinds of notices for what no seller deletes, see refund_reactions.
    "refund_paid": Words(
        _("%(amount)s is back on your balance"),
        _("You unsubscribed %(product)s (order %(order)s). The service has ended and is deleted with its data."),
        _("See the refund"), "good", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "refund_free": Words(
        _("%(product)s is unsubscribed"),
        _("It had cost nothing, so nothing is paid back (order %(order)s). The service has ended and is deleted with its data."),
        _("See the refund"), "info", "arrow-back-up", A_BUYERS_ORDER,
    ),
    "refund_paid_image": Words(
        _("%(amount)s is back on your balance"),
        _("You unsubscribed %(product)s (order %(order)s). The period image has ended. Your server and its data stay. While the "
          "server runs, each hour is billed."),
        _("See the refund"), "good", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "refund_paid_plain": Words(
        _("%(amount)s is back on your balance"),
        _("You unsubscribed %(product)s (order %(order)s). The service has ended."),
        _("See the refund"), "good", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "refund_free_image": Words(
        _("%(product)s is unsubscribed"),
        _("It cost nothing, so there is no refund (order %(order)s). The period image has ended. Your server and its data stay. "
          "While the server runs, each hour is billed."),
        _("See the refund"), "info", "arrow-back-up", A_BUYERS_ORDER,
    ),
    "refund_free_plain": Words(
        _("%(product)s is unsubscribed"),
        _("It cost nothing, so there is no refund (order %(order)s). The service has ended."),
        _("See the refund"), "info", "arrow-back-up", A_BUYERS_ORDER,
    ),
    "usage_service_ended_plain": Words(
        _("Your service %(product)s has ended"),
        _("You ended it (order %(order)s). Usage until its end is still charged."),
        _("Open the order"), "info", "arrow-back-up", A_BUYERS_ORDER,
    ),
    "usage_service_ended": Words(
        _("Your service %(product)s has ended"),
        _("You ended it (order %(order)s). Usage until its end is still charged. The seller deletes it with its data."),
        _("Open the order"), "info", "arrow-back-up", A_BUYERS_ORDER,
    ),
    "refund_of_renewal": Words(
        _("%(amount)s is back on your balance"),
        _("The renewal of %(product)s was taken back before it began (order %(order)s). The service is paid until %(until)s."),
        _("See the refund"), "good", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "refund_of_free_renewal": Words(
        _("The renewal of %(product)s is taken back"),
        _("It had cost nothing, so nothing is paid back (order %(order)s). The service is paid until %(until)s."),
        _("See the refund"), "info", "arrow-back-up", A_BUYERS_ORDER,
    ),
    "seller_unsubscribed": Words(
        _("%(product)s was unsubscribed by its buyer"),
        _("%(amount)s is paid back to the buyer; what you had earned of it is taken off what the market owes you. The market is "
          "asking your production interface to delete the instance; you only need to act if a call fails."),
        _("See the refund"), "warning", "arrow-back-up", AN_UNSUBSCRIPTION,
    ),
    "seller_usage_service_ended": Words(
        _("%(product)s was ended by its buyer"),
        _("Report its usage until the end as usual. The market is asking your production interface to delete the instance; you only "
          "need to act if a call fails."),
        _("Open the order"), "warning", "arrow-back-up", AN_UNSUBSCRIPTION,
    ),
    "seller_renewal_taken_back": Words(
        _("A renewal of %(product)s was taken back by its buyer"),
        _("The renewal had not begun, so %(amount)s is refunded to the buyer. The market is telling your "
          "production interface the end before it; you only need to act if a call fails."),
        _("See the refund"), "info", "arrow-back-up", AN_UNSUBSCRIPTION,
    ),
    "seller_unsubscribed_plain": Words(
        _("%(product)s was unsubscribed by its buyer"),
        _("%(amount)s is refunded to the buyer, and your share of it is deducted from your next statement. No action "
          "is needed."),
        _("See the refund"), "warning", "arrow-back-up", AN_UNSUBSCRIPTION,
    ),
    "seller_usage_service_ended_plain": Words(
        _("%(product)s was ended by its buyer"),
        _("Report its usage until the end as usual."),
        _("Open the order"), "warning", "arrow-back-up", AN_UNSUBSCRIPTION,
    ),
    "seller_renewal_taken_back_plain": Words(
        _("A renewal of %(product)s was taken back by its buyer"),
        _("The renewal had not begun, so %(amount)s is refunded to the buyer. No action is needed."),
        _("See the refund"), "info", "arrow-back-up", AN_UNSUBSCRIPTION,
    ),
    "seller_refund_asked": Words(
        _("A buyer asks for %(amount)s back for %(product)s"),
        _("Agree or refuse, and say why. When you do not answer before %(until)s the buyer may ask the operator to decide."),
        _("Answer the request"), "warning", "arrow-back-up", AN_UNSUBSCRIPTION,
    ),
    "seller_refund_waits": Words(
        _("A buyer still waits: %(amount)s back for %(product)s"),
        _("Agree or refuse, and say why. When you do not answer before %(until)s the buyer may ask the operator to decide."),
        _("Answer the request"), "danger", "clock", AN_UNSUBSCRIPTION,
    ),
    "seller_refund_appealed": Words(
        _("The operator decides about a refund for %(product)s"),
        _("You did not answer in time, so the buyer asked the operator. It is about %(amount)s; you are told what was decided."),
        _("See the refund"), "danger", "alert-circle", AN_UNSUBSCRIPTION,
    ),
    "seller_refund_withdrawn": Words(
        _("The buyer no longer asks for a refund for %(product)s"),
        _("No action is needed. The service goes on."),
        _("See the refund"), "info", "circle-check", AN_UNSUBSCRIPTION,
    ),
    "seller_refund_decided_for": Words(
        _("The operator agreed to a refund for %(product)s"),
        _("%(amount)s is paid back to the buyer, and taken off what the market owes you. Why: %(opinion)s"),
        _("See the refund"), "warning", "arrows-exchange", AN_UNSUBSCRIPTION,
    ),
    "seller_refund_decided_against": Words(
        _("The operator refused a refund for %(product)s"),
        _("Nothing is paid back, and the service goes on. Why: %(opinion)s"),
        _("See the refund"), "info", "circle-check", AN_UNSUBSCRIPTION,
    ),
    "refund_refused": Words(
        _("Your refund for %(product)s was refused"),
        _("The seller says: %(opinion)s You may ask anew as long as the service is refundable."),
        _("See the refund"), "warning", "ban", A_BUYERS_MONEY,
    ),
    "refund_refused_by_operator": Words(
        _("The operator refused your refund for %(product)s"),
        _("Why: %(opinion)s"),
        _("See the refund"), "warning", "ban", A_BUYERS_MONEY,
    ),
    "refund_unanswered": Words(
        _("The seller has not answered about %(product)s"),
        _("Write to the seller or call: the contacts stand on the page. From %(until)s on you may ask the operator to decide."),
        _("See the refund"), "info", "clock", A_BUYERS_ORDER,
    ),
    "refund_may_appeal": Words(
        _("You may ask the operator to decide about %(product)s"),
        _("The seller has not answered your request for %(amount)s in time."),
        _("Ask the operator"), "warning", "alert-circle", A_BUYERS_ORDER,
    ),
    "operator_refund_appeal": Words(
        _("A buyer asks you to decide a refund of %(amount)s"),
        _("Product: %(product)s. Seller: %(seller)s. The seller has not answered in time."),
        _("Decide it"), "warning", "arrow-back-up", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
