"""Notices about announced transfers (money.md §2; the sources name none)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.identity.models import Seller
from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Buyer, Facts, Operators, SellersPeople, Subject
from tradepost.market.payments.events import TransferExpired, TransferProofGiven, TransferRejected
from tradepost.market.payments.intent_models import Intent

BUYER_MONEY = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
BUYER_TRANSFER = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER)
SELLER_PAYMENT = NoticePolicy(category=Category.FINANCE, to=Audience.SELLER, mandatory=True)
FOR_OPERATORS = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="transfer_confirm")

TRANSFER_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "transfer_booked": NoticeTemplate(
        _("%(amount)s has arrived"),
        _("Transfer %(reference)s: you had announced %(announced)s. Your balance is now %(balance)s."),
        _("View your balance"), "good", "wallet", BUYER_MONEY,
    ),
    "transfer_booked_for_order": NoticeTemplate(
        _("%(amount)s arrived: order %(order)s can be paid"),
        _("Transfer %(reference)s is booked, and your balance is now %(balance)s. Pay the order before %(until)s."),
        _("Pay the order"), "good", "wallet", BUYER_MONEY,
    ),
    "transfer_booked_short": NoticeTemplate(
        _("%(amount)s arrived, %(missing)s is still missing for order %(order)s"),
        _("Transfer %(reference)s is booked, and your balance is now %(balance)s. The order can be paid before %(until)s."),
        _("See the order"), "warning", "wallet", BUYER_MONEY,
    ),
    "transfer_booked_order_over": NoticeTemplate(
        _("%(amount)s has arrived"),
        _(
            "Order %(order)s, which this transfer was for, can no longer be paid. Place the order again. Your "
            "balance is now %(balance)s."),
        _("See the order"), "warning", "wallet", BUYER_MONEY,
    ),
    "transfer_rejected": NoticeTemplate(
        _("Your proof of the transfer of %(amount)s was not accepted"),
        _("The operator's explanation: %(opinion)s If you transferred the money, upload another receipt."),
        _("Open the transfer"), "warning", "ban", BUYER_MONEY,
    ),
    "transfer_expired": NoticeTemplate(
        _("Your transfer of %(amount)s has not arrived"),
        _("Transfer %(reference)s has expired. If you transferred the money, upload the bank's receipt."),
        _("Open the transfer"), "info", "clock", BUYER_TRANSFER,
    ),
    "booking_corrected": NoticeTemplate(
        _("A booking of %(before)s was corrected to %(amount)s"),
        _("Reference %(reference)s. Your balance is now %(balance)s. Reason: %(reason)s"),
        _("View your balance"), "info", "wallet", BUYER_MONEY,
    ),
    "booking_corrected_owing": NoticeTemplate(
        _("A booking of %(before)s was corrected to %(amount)s: you owe %(owed)s"),
        _("Reference %(reference)s. Your balance did not cover the difference. Money that you add pays the debt first. Until then, you cannot pay orders from your balance. Reason: %(reason)s"),
        _("View your balance"), "warning", "wallet", BUYER_MONEY,
    ),
    "repayment_corrected": NoticeTemplate(
        _("Your payment of %(before)s was corrected to %(amount)s"),
        _("Reference %(reference)s. The amount that you owe changes accordingly. Reason: %(reason)s"),
        _("See what you owe"), "warning", "wallet", SELLER_PAYMENT,
    ),
    "repayment_booked": NoticeTemplate(
        _("Your payment of %(amount)s is booked"),
        _("Payment %(reference)s was deducted from the amount you owe. It appears on your next statement."),
        _("Open the payment"), "good", "wallet", SELLER_PAYMENT,
    ),
    "repayment_rejected": NoticeTemplate(
        _("The receipt of your payment of %(amount)s was not accepted"),
        _("Reason: %(opinion)s If you transferred the money, upload another receipt."),
        _("Open the payment"), "warning", "ban", SELLER_PAYMENT,
    ),
    "repayment_expired": NoticeTemplate(
        _("Your payment of %(amount)s has not arrived"),
        _("Payment %(reference)s has expired. If you transferred the money, upload the bank's receipt."),
        _("Open the payment"), "info", "clock", SELLER_PAYMENT,
    ),
    "operator_repayment_proof": NoticeTemplate(
        _("A seller uploaded a receipt of %(amount)s"),
        _("Payment %(reference)s of %(seller)s. Compare it with the bank's statement before %(until)s."),
        _("Check the transfer"), "warning", "wallet", FOR_OPERATORS,
    ),
    "operator_transfer_proof": NoticeTemplate(
        _("A buyer uploaded a receipt for a transfer of %(amount)s"),
        _("Transfer %(reference)s of %(buyer)s. Compare it with the bank's statement before %(until)s."),
        _("Check the transfer"), "warning", "wallet", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows


def _seller(intent: Intent) -> Seller:
    if intent.seller is None:
        raise LookupError("a buyer's transfer has no seller")
    return intent.seller


def _payer(intent: Intent) -> Facts:
    return {"buyer": str(intent.user)} if intent.seller is None else {"seller": f.seller_names(intent.seller)}


TRANSFER: Subject[Intent] = Subject(
    __name__,
    Intent.objects.select_related("user", "seller"),
    key="intent",
    facts=lambda intent: {"amount": f.money(intent.amount)},
    buyer=Buyer(page="storefront:transfer", argument=lambda intent: intent.number, user=lambda intent: intent.user),
    seller=SellersPeople(page="seller_center:repayment", argument=lambda intent: intent.number, seller=_seller),
    operators=Operators(page="console:transfer", facts=_payer, without=lambda intent: intent.user_id),
)


def _by_payer(kind: str, *, seller: bool) -> Callable[[Intent, object], str]:
    """Return the kind if a seller pays, or if a buyer pays, and none otherwise."""
    return lambda intent, _: kind if (intent.seller is not None) is seller else ""


def _ended(status: Intent.Status) -> Callable[[Intent, object], bool]:
    return lambda intent, _: intent.status == status and intent.ended_at is not None


def _ended_once(intent: Intent, _: object) -> str:
    return f"{intent.pk}/{intent.ended_at:%Y%m%d%H%M%S}"


def _proof_facts(intent: Intent, _: object) -> Facts:
    until = {"until": f.moment(intent.check_by)} if intent.check_by is not None else {}
    return {"reference": intent.number, **until}


PROOF_GIVEN = TRANSFER.notice(
    TransferProofGiven,
    when=lambda intent, _: intent.status == Intent.Status.IN_REVIEW and intent.check_by is not None,
    facts=_proof_facts,
    once=lambda intent, _: f"{intent.pk}/{intent.check_by:%Y%m%d%H%M}",  # once for each check, not for each document
    operators=lambda intent, _: "operator_transfer_proof" if intent.seller is None else "operator_repayment_proof",
)
REJECTED = TRANSFER.notice(
    TransferRejected,
    when=_ended(Intent.Status.FAILED),
    facts=lambda intent, _: {"opinion": intent.opinion},
    once=_ended_once,
    buyer=_by_payer("transfer_rejected", seller=False),
    seller=_by_payer("repayment_rejected", seller=True),
)
EXPIRED = TRANSFER.notice(
    TransferExpired,
    when=_ended(Intent.Status.EXPIRED),
    facts=lambda intent, _: {"reference": intent.number},
    once=_ended_once,
    buyer=_by_payer("transfer_expired", seller=False),
    seller=_by_payer("repayment_expired", seller=True),
)
