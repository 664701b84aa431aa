"""What each kind of notice says. The words are made when shown, so that every reader has them in the own language.

Words are plain text with named facts; a template escapes them, a mail sends them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from .approval_messages import APPROVAL_TEMPLATES
from .categories import Audience, Category, NoticePolicy
from .change_messages import CHANGE_TEMPLATES
from .channel_messages import CHANNEL_TEMPLATES
from .console_access_messages import OPERATOR_TEMPLATES
from .conversion_messages import CONVERSION_TEMPLATES
from .deletion_words import with_deletion
from .document_messages import DOCUMENT_TEMPLATES
from .enterprise_messages import ENTERPRISE_TEMPLATES
from .facts import facts_as_text
from .image_messages import IMAGE_TEMPLATES
from .joint_messages import JOINT_TEMPLATES
from .license_messages import CODE_TEMPLATES
from .member_messages import MEMBER_TEMPLATES
from .notice_parts import NoticeTemplate, RenderedNotice
from .operator_messages import OPERATION_TEMPLATES
from .order_notice_messages import ORDER_NOTICE_TEMPLATES
from .package_messages import PACKAGE_TEMPLATES
from .renewal_messages import RENEWAL_TEMPLATES
from .sale_messages import SALE_TEMPLATES
from .service_messages import SERVICE_TEMPLATES
from .sign_in_messages import SIGN_IN_TEMPLATES
from .subjects.companies import COMPANY_TEMPLATES
from .subjects.complaints import COMPLAINT_TEMPLATES
from .subjects.demands import DEMAND_TEMPLATES
from .subjects.invoices import INVOICE_TEMPLATES
from .subjects.probes import PROBE_TEMPLATES
from .subjects.products import PRODUCT_TEMPLATES
from .subjects.refunds import REFUND_TEMPLATES
from .subjects.statements import STATEMENT_TEMPLATES
from .subjects.supervision import SUPERVISION_TEMPLATES
from .subjects.transfers import TRANSFER_TEMPLATES
from .undelivered_messages import UNDELIVERED_TEMPLATES
from .usage_messages import USAGE_TEMPLATES
from .web_scan_messages import WEB_CHECK_TEMPLATES
from .withdrawal_messages import WITHDRAWAL_TEMPLATES

BUYER_ORDER = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
BUYER_MONEY = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
BUYER_SERVICE = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True)
"""What is lost with a service that ends is lost for good: nobody can switch it off."""
SELLER_SALE = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)
"""§7.1: product creation notice (101)."""
SELLER_INTERFACE = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER)
"""§7.1: O&M (501); §17.8: stock too."""
SELLER_INTERFACE_WITH_SMS = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER, sms=True)
"""§7.1: interface abnormal → account mail, phone, in-site."""
ACCOUNT = NoticePolicy(category=Category.SECURITY, mandatory=True)
"""§7.2: account changes cannot be switched off."""
SELLER_KEYS = NoticePolicy(category=Category.SECURITY, to=Audience.SELLER, mandatory=True)

TEMPLATES: Mapping[str, NoticeTemplate] = {
    **APPROVAL_TEMPLATES,
    **WITHDRAWAL_TEMPLATES,
    **COMPANY_TEMPLATES,
    **WEB_CHECK_TEMPLATES,
    **PACKAGE_TEMPLATES,
    **USAGE_TEMPLATES,
    **IMAGE_TEMPLATES,
    **ORDER_NOTICE_TEMPLATES,
    **PROBE_TEMPLATES,
    **PRODUCT_TEMPLATES,
    **REFUND_TEMPLATES,
    **JOINT_TEMPLATES,
    **SUPERVISION_TEMPLATES,
    **TRANSFER_TEMPLATES,
    **UNDELIVERED_TEMPLATES,
    **INVOICE_TEMPLATES,
    **STATEMENT_TEMPLATES,
    **CHANNEL_TEMPLATES,
    **RENEWAL_TEMPLATES,
    **CODE_TEMPLATES,
    **MEMBER_TEMPLATES,
    **OPERATOR_TEMPLATES,
    **ENTERPRISE_TEMPLATES,
    **DOCUMENT_TEMPLATES,
    **SIGN_IN_TEMPLATES,
    **CONVERSION_TEMPLATES,
    **CHANGE_TEMPLATES,
    **SALE_TEMPLATES,
    **SERVICE_TEMPLATES,
    **COMPLAINT_TEMPLATES,
    **DEMAND_TEMPLATES,
    **OPERATION_TEMPLATES,
    "order_completed": NoticeTemplate(
        _("%(product)s is ready"),
        _("Your order %(order)s was delivered. Open it to get started."),
        _("Open the order"), "good", "circle-check", BUYER_ORDER,
    ),
    "order_cancelled_timeout": NoticeTemplate(
        _("Order %(order)s was cancelled: it was not paid in time"),
        _("Nothing was charged for %(product)s. If you still want it, place the order again."),
        _("Open the order"), "info", "clock", BUYER_ORDER,
    ),
    "service_ends_soon": NoticeTemplate(
        _("%(product)s ends at %(until)s"),
        _("Renew it before then to keep using it. Otherwise it is frozen at that time. %(deletion)s"),
        _("Open the service"), "warning", "clock", BUYER_SERVICE,
    ),
    "service_ends": NoticeTemplate(
        _("%(product)s ends at %(until)s"),
        _("It cannot be renewed. It is frozen at that time. %(deletion)s"),
        _("Open the service"), "warning", "clock", BUYER_SERVICE,
    ),
    "service_to_renew": NoticeTemplate(
        _("%(product)s is paid until %(until)s"),
        _("Renew it before then to keep using it. Otherwise you can use it until %(frozen)s, and then it is frozen. "
          "%(deletion)s"),
        _("Open the service"), "warning", "clock", BUYER_SERVICE,
    ),
    "service_closes": NoticeTemplate(
        _("%(product)s is paid until %(until)s"),
        _("It cannot be renewed. You can use it until %(frozen)s, and then it is frozen. %(deletion)s"),
        _("Open the service"), "warning", "clock", BUYER_SERVICE,
    ),
    "service_renews_soon": NoticeTemplate(
        _("%(product)s is paid until %(until)s"),
        _("It renews automatically, and the payment is taken from your balance. Make sure that your balance covers it. "
          "Otherwise you can use the service until %(frozen)s."),
        _("Open the service"), "info", "refresh", BUYER_SERVICE,
    ),
    "service_ends_for_good": NoticeTemplate(
        _("%(product)s ends at %(until)s"),
        _("It will not be renewed. %(deletion)s"),
        _("Open the service"), "warning", "clock", BUYER_SERVICE,
    ),
    "service_in_grace": NoticeTemplate(
        _("The paid period of %(product)s has ended"),
        _("You can use it until %(frozen)s. Renew it before then to keep using it. Otherwise it is frozen at that time. "
          "%(deletion)s"),
        _("Open the service"), "warning", "clock", BUYER_SERVICE,
    ),
    "service_in_grace_ends": NoticeTemplate(
        _("The paid period of %(product)s has ended"),
        _("It cannot be renewed. You can use it until %(frozen)s, and then it is frozen. %(deletion)s"),
        _("Open the service"), "warning", "clock", BUYER_SERVICE,
    ),
    "service_expired": NoticeTemplate(
        _("%(product)s has expired and is frozen"),
        _("The paid period ended at %(until)s. %(deletion)s Contact %(seller)s if you want to keep using it."),
        _("Open the service"), "warning", "snowflake", BUYER_SERVICE,
    ),
    "service_expired_renewable": NoticeTemplate(
        _("%(product)s has expired and is frozen"),
        _("The paid period ended at %(until)s. %(deletion)s Renew it before then to keep using it."),
        _("Open the service"), "warning", "snowflake", BUYER_SERVICE,
    ),
    "service_renewed": NoticeTemplate(
        _("%(product)s is renewed"),
        _("The service is now paid until %(until)s. Nothing else changes: you log in as before."),
        _("Open the service"), "good", "refresh", BUYER_ORDER,
    ),
    "renewal_waits": NoticeTemplate(
        _("The renewal of %(product)s is waiting for the seller"),
        _(
            "The seller's system did not process the renewal in time. We notified the seller and the operator, "
            "and we hold your payment of order %(order)s. If the service ends first, you get a full refund."),
        _("Open the order"), "warning", "player-pause", BUYER_ORDER,
    ),
    "renewal_refunded": NoticeTemplate(
        _("%(amount)s was returned to your balance"),
        _("%(product)s could not be renewed, so we ended order %(order)s and refunded it in full."),
        _("Open the order"), "warning", "arrows-exchange", BUYER_MONEY,
    ),
    "free_renewal_waits": NoticeTemplate(
        _("The renewal of %(product)s is waiting for the seller"),
        _("The seller's system did not process the renewal in time. We notified the seller and the operator. Order %(order)s "
          "cost nothing. If the service ends first, the order is closed."),
        _("Open the order"), "warning", "player-pause", BUYER_ORDER,
    ),
    "free_renewal_ended": NoticeTemplate(
        _("%(product)s could not be renewed"),
        _("It could not be renewed, so order %(order)s was closed. Nothing was charged."),
        _("Open the order"), "warning", "alert-triangle", BUYER_ORDER,
    ),
    "service_frozen": NoticeTemplate(
        _("%(product)s is frozen"),
        _("You cannot use it for now. Your data is kept. Open the service to see the reason."),
        _("Open the service"), "warning", "snowflake", BUYER_SERVICE,
    ),
    "service_frozen_for_debt": NoticeTemplate(
        _("%(product)s is frozen: %(owed)s is owed for usage"),
        _("You cannot use it for now. %(deletion)s To prevent this, top up your balance. The debt is then paid immediately, and "
          "you can use the service again."),
        _("Top up your balance"), "danger", "snowflake", BUYER_SERVICE,
    ),
    "service_unfrozen": NoticeTemplate(
        _("%(product)s can be used again"),
        _("It is no longer frozen. You can use it as before."),
        _("Open the service"), "good", "circle-check", BUYER_SERVICE,
    ),
    "service_released": NoticeTemplate(
        _("%(product)s has ended"),
        _("The service was deleted with its data."),
        _("Open the service"), "info", "trash", BUYER_SERVICE,
    ),
    "service_released_plain": NoticeTemplate(
        _("%(product)s has ended"),
        _("You can no longer use the service."),
        _("Open the service"), "info", "ban", BUYER_SERVICE,
    ),
    "top_up": NoticeTemplate(
        _("%(amount)s was added to your balance"),
        _("Your payment with reference %(reference)s arrived. Your balance is now %(balance)s."),
        _("View your balance"), "good", "wallet", BUYER_MONEY,
    ),
    "seller_new_order": NoticeTemplate(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. The market is calling your production interface now; you only need "
          "to act if a call fails."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_new_opening": NoticeTemplate(
        _("New order for %(product)s, to be opened without payment"),
        _(
            "Order line %(line)s is free to open. The market is calling your production interface now; you only need "
            "to act if a call fails."),
        _("Open the order"), "info", "shopping-cart", SELLER_SALE,
    ),
    "seller_renewal": NoticeTemplate(
        _("A buyer renewed %(product)s"),
        _(
            "Order line %(line)s, %(amount)s, was paid. The market is notifying your production interface now; you "
            "only need to act if a call fails."),
        _("Open the order"), "info", "refresh", SELLER_SALE,
    ),
    "seller_free_renewal": NoticeTemplate(
        _("A buyer renewed %(product)s without payment"),
        _(
            "Order line %(line)s was free of charge. The market is notifying your production interface now; you only "
            "need to act if a call fails."),
        _("Open the order"), "info", "refresh", SELLER_SALE,
    ),
    "seller_call_failed": NoticeTemplate(
        _("%(activity)s failed: %(reason)s"),
        _("Attempt %(attempt)s for %(product)s (order line %(line)s) failed. Next attempt: %(next)s. Check the request and your response, and correct the cause. Restart the call if you do not want to wait. You are notified when the status changes, not for each attempt."),
        _("View the message"), "warning", "alert-triangle", SELLER_INTERFACE,
    ),
    "seller_call_stopped": NoticeTemplate(
        _("The market stopped calling %(activity)s for %(product)s"),
        _("Last reason: %(reason)s. Correct the cause, then restart the call manually."),
        _("View the message"), "danger", "circle-x", SELLER_INTERFACE,
    ),
    "seller_breaker_open": NoticeTemplate(
        _("Calls to %(address)s are paused: %(reason)s"),
        _("Your address failed several times in a row. The market retries automatically and resumes all waiting calls after the first successful response."),
        _("See your addresses"), "danger", "plug", SELLER_INTERFACE_WITH_SMS,
    ),
    "account_confirm": NoticeTemplate(
        _("Confirm your e-mail address"),
        _(
            "Someone, probably you, registered an account with %(email)s. Confirm that the address is yours to "
            "activate the account. If it was not you, ignore this email."),
        _("Confirm the address"), "info", "mail", ACCOUNT,
    ),
    "account_exists": NoticeTemplate(
        _("You already have an account"),
        _(
            "Someone, probably you, tried to open an account for %(email)s, but this address already has one. Log "
            "in, or choose a new password if you forgot it. If it was not you, ignore this email; your account was "
            "not changed."),
        _("Choose a new password"), "info", "user", ACCOUNT,
    ),
    "account_reset": NoticeTemplate(
        _("Choose a new password"),
        _(
            "Someone, probably you, requested a new password for %(email)s. The link works once, for three days. If "
            "it was not you, ignore this email; your password stays the same."),
        _("Choose a new password"), "warning", "key", ACCOUNT,
    ),
    "account_unknown": NoticeTemplate(
        _("No account uses this address"),
        _(
            "Someone, probably you, requested a new password for %(email)s, but no account uses this address. Your "
            "account may have another address, or you can open a new account. If it was not you, ignore this email."),
        _("Create an account"), "info", "user", ACCOUNT,
    ),
    "domain_lapsed": NoticeTemplate(
        _("The verification data of the domain %(domain)s was not found"),
        _(
            "Calls to its addresses continue, but you cannot register or change addresses until you verify the "
            "domain again."),
        _("View the domain"), "warning", "world", SELLER_INTERFACE,
    ),
    "key_rotated": NoticeTemplate(
        _("The signing key of “%(interfaces)s” was changed"),
        _("Calls are signed with the new key from now on. Answers signed with the earlier key are accepted until %(until)s."),
        _("See your keys"), "info", "key", SELLER_KEYS,
    ),
    "cases_failed": NoticeTemplate(
        _("%(failed)s of %(cases)s debug cases failed"),
        _(
            "The cases were replayed on your server. First failed case: %(first)s. Products that need these cases "
            "are not accepted until the cases pass."),
        _("See the cases"), "warning", "alert-triangle", SELLER_INTERFACE,
    ),
}  # fmt: skip  # a table is read in rows

UNKNOWN_TEMPLATE = NoticeTemplate(_("Message"), "", _("See more"), "info", "bell")
"""For a notice of an older or newer version of the market."""

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def render_notice(kind: str, facts: Mapping[str, Any]) -> RenderedNotice:
    """The words of a notice in the active language. A fact that it lacks shows as a dash."""
    words = TEMPLATES.get(kind, UNKNOWN_TEMPLATE)
    readable_facts = _FactsOrDash(facts_as_text(with_deletion(facts)))
    return RenderedNotice(
        str(words.title) % readable_facts, str(words.body) % readable_facts, str(words.action), words.tone, words.icon
    )


def policy_of(kind: str) -> NoticePolicy:
    """What its declaration says of a kind."""
    return TEMPLATES.get(kind, UNKNOWN_TEMPLATE).about


def check_facts(kind: str, facts: Mapping[str, Any]) -> None:
    """Raise ``LookupError`` when a kind has no words or a fact that its words name is missing."""
    if missing := set(_PLACEHOLDER.findall(f"{TEMPLATES[kind].title} {TEMPLATES[kind].body}")) - facts.keys():
        raise LookupError(f"a notice {kind!r} needs also: {', '.join(sorted(missing))}")


class _FactsOrDash(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"
