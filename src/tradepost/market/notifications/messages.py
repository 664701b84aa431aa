"""What each kind of notice says. The words are made when shown, so that every reader has them in the own language.

Words are plain text with named facts; a template escapes them, a mail sends them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .change_messages import OF_CHANGES
from .channel_messages import OF_CHANNELS
from .company_messages import OF_COMPANIES
from .complaint_messages import OF_COMPLAINTS
from .conversion_messages import OF_CONVERSIONS
from .demand_messages import OF_DEMANDS
from .document_messages import OF_DOCUMENTS
from .enterprise_messages import OF_ENTERPRISES
from .facts import readable
from .image_messages import OF_IMAGES
from .invoice_messages import OF_INVOICES
from .joint_messages import OF_JOINT
from .license_messages import OF_CODES
from .member_messages import OF_MEMBERS
from .notice_parts import Said, Words
from .operator_messages import OF_OPERATIONS
from .order_notice_messages import OF_ORDER_NOTICES
from .package_messages import OF_PACKAGES
from .probe_messages import OF_PROBES
from .refund_messages import OF_REFUNDS
from .renewal_messages import OF_RENEWALS
from .sale_messages import OF_SALES
from .service_messages import OF_SERVICES
from .settlement_messages import OF_STATEMENTS
from .sign_in_messages import OF_SIGN_INS
from .supervision_messages import OF_SUPERVISIONS
from .transfer_messages import OF_TRANSFERS
from .undelivered_messages import OF_UNDELIVERED
from .usage_messages import OF_USAGE
from .web_scan_messages import OF_WEB_CHECKS

A_BUYERS_ORDER = About(category=Category.PRODUCT, to=Audience.BUYER)
A_BUYERS_MONEY = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True)
A_BUYERS_SERVICE = About(category=Category.PRODUCT, to=Audience.BUYER, mandatory=True)
"""What is lost with a service that ends is lost for good: nobody can switch it off."""
A_SALE = About(category=Category.PRODUCT, to=Audience.SELLER)
"""§7.1: product creation notice (101)."""
AN_INTERFACE = About(category=Category.OPERATIONS, to=Audience.SELLER)
"""§7.1: O&M (501); §17.8: stock too."""
AN_INTERFACE_BY_SMS = About(category=Category.OPERATIONS, to=Audience.SELLER, sms=True)
"""§7.1: interface abnormal → account mail, phone, in-site."""
A_PRODUCT = About(category=Category.PRODUCT, to=Audience.SELLER)
"""§17.8: product information change."""
A_PRODUCT_TAKEN_AWAY = About(category=Category.PRODUCT, to=Audience.SELLER, mandatory=True)
AN_ACCOUNT = About(category=Category.SECURITY, mandatory=True)
"""§7.2: account changes cannot be switched off."""
THE_KEYS = About(category=Category.SECURITY, to=Audience.SELLER, mandatory=True)

WORDS: Mapping[str, Words] = {
    **OF_COMPANIES,
    **OF_WEB_CHECKS,
    **OF_PACKAGES,
    **OF_USAGE,
    **OF_IMAGES,
    **OF_ORDER_NOTICES,
    **OF_PROBES,
    **OF_REFUNDS,
    **OF_JOINT,
    **OF_SUPERVISIONS,
    **OF_TRANSFERS,
    **OF_UNDELIVERED,
    **OF_INVOICES,
    **OF_STATEMENTS,
    **OF_CHANNELS,
    **OF_RENEWALS,
    **OF_CODES,
    **OF_MEMBERS,
    **OF_ENTERPRISES,
    **OF_DOCUMENTS,
    **OF_SIGN_INS,
    **OF_CONVERSIONS,
    **OF_CHANGES,
    **OF_SALES,
    **OF_SERVICES,
    **OF_COMPLAINTS,
    **OF_DEMANDS,
    **OF_OPERATIONS,
    "order_completed": Words(
        _("%(product)s is ready"),
        _("Your order %(order)s was delivered. Open it to see how to begin."),
        _("Open the order"), "good", "circle-check", A_BUYERS_ORDER,
    ),
    "order_cancelled_timeout": Words(
        _("Order %(order)s was cancelled: it was not paid in time"),
        _("Nothing was charged for %(product)s. If you still want it, place the order again."),
        _("Open the order"), "info", "clock", A_BUYERS_ORDER,
    ),
    "service_ends_soon": Words(
        _("%(product)s ends at %(until)s"),
        _("Renew it before then and nothing changes. Otherwise it is frozen at that moment, and deleted with its data at "
          "%(kept)s."),
        _("Open the service"), "warning", "clock", A_BUYERS_SERVICE,
    ),
    "service_ends": Words(
        _("%(product)s ends at %(until)s"),
        _("It cannot be renewed. It is frozen at that moment, and deleted with its data at %(kept)s: save what you need."),
        _("Open the service"), "warning", "clock", A_BUYERS_SERVICE,
    ),
    "service_to_renew": Words(
        _("%(product)s is paid until %(until)s"),
        _("Renew it before then and nothing changes. Otherwise you can use it until %(frozen)s; then it is frozen, and deleted "
          "with its data at %(kept)s."),
        _("Open the service"), "warning", "clock", A_BUYERS_SERVICE,
    ),
    "service_closes": Words(
        _("%(product)s is paid until %(until)s"),
        _("It cannot be renewed. You can use it until %(frozen)s; then it is frozen, and deleted with its data at %(kept)s: "
          "save what you need."),
        _("Open the service"), "warning", "clock", A_BUYERS_SERVICE,
    ),
    "service_renews_soon": Words(
        _("%(product)s is paid until %(until)s"),
        _("It is to be renewed automatically from your balance: see that the balance reaches. If it does not, you can use the "
          "service until %(frozen)s."),
        _("Open the service"), "info", "refresh", A_BUYERS_SERVICE,
    ),
    "service_ends_for_good": Words(
        _("%(product)s ends at %(until)s"),
        _("It is not to be renewed, so that it is deleted with its data at that moment: save what you need before."),
        _("Open the service"), "warning", "clock", A_BUYERS_SERVICE,
    ),
    "service_in_grace": Words(
        _("The paid time of %(product)s is over"),
        _("You can use it until %(frozen)s. Renew it before then and it goes on; after that it is frozen, and deleted with its "
          "data at %(kept)s."),
        _("Open the service"), "warning", "clock", A_BUYERS_SERVICE,
    ),
    "service_in_grace_ends": Words(
        _("The paid time of %(product)s is over"),
        _("You can use it until %(frozen)s. It cannot be renewed: save what you need. After that it is frozen, and deleted with "
          "its data at %(kept)s."),
        _("Open the service"), "warning", "clock", A_BUYERS_SERVICE,
    ),
    "service_expired": Words(
        _("%(product)s has expired and is frozen"),
        _("The paid time ended at %(until)s and nobody renewed it. Your data is kept until %(kept)s; then the service is "
          "deleted. Write to %(seller)s if you want to keep it."),
        _("Open the service"), "warning", "snowflake", A_BUYERS_SERVICE,
    ),
    "service_expired_renewable": Words(
        _("%(product)s has expired and is frozen"),
        _("The paid time ended at %(until)s. Your data is kept until %(kept)s; then the service is deleted. Renew it before "
          "then and it goes on."),
        _("Open the service"), "warning", "snowflake", A_BUYERS_SERVICE,
    ),
    "service_renewed": Words(
        _("%(product)s is renewed"),
        _("It is paid until %(until)s now. Nothing else changes: you log in as before."),
        _("Open the service"), "good", "refresh", A_BUYERS_ORDER,
    ),
    "renewal_waits": Words(
        _("The renewal of %(product)s waits for the seller"),
        _("The seller's system did not take it in time. The seller and the operator were told. The market holds your payment "
          "of order %(order)s; should the service end before it is renewed, you get it back in full."),
        _("Open the order"), "warning", "player-pause", A_BUYERS_ORDER,
    ),
    "renewal_refunded": Words(
        _("%(amount)s is back on your balance"),
        _("%(product)s could not be renewed, so we ended order %(order)s and refunded it in full."),
        _("Open the order"), "warning", "arrows-exchange", A_BUYERS_MONEY,
    ),
    "free_renewal_waits": Words(
        _("The renewal of %(product)s waits for the seller"),
        _("The seller's system did not take it in time. The seller and the operator were told. Order %(order)s cost nothing; "
          "should the service end before it is renewed, the order ends with it."),
        _("Open the order"), "warning", "player-pause", A_BUYERS_ORDER,
    ),
    "free_renewal_ended": Words(
        _("%(product)s could not be renewed"),
        _("It could not be renewed, so order %(order)s was closed. Nothing was charged."),
        _("Open the order"), "warning", "alert-triangle", A_BUYERS_ORDER,
    ),
    "service_frozen": Words(
        _("%(product)s is frozen"),
        _("You cannot sign in for now. Your data is kept. Open the service to see the reason."),
        _("Open the service"), "warning", "snowflake", A_BUYERS_SERVICE,
    ),
    "service_frozen_for_debt": Words(
        _("%(product)s is frozen: %(owed)s is owed for usage"),
        _("You cannot sign in for now. Top up your balance: the debt is paid from it at once, and the service can be used again. "
          "If it is not paid, the service is deleted with its data at %(deleted)s."),
        _("Top up your balance"), "danger", "snowflake", A_BUYERS_SERVICE,
    ),
    "service_unfrozen": Words(
        _("%(product)s can be used again"),
        _("The service is no longer frozen. You log in as before."),
        _("Open the service"), "good", "circle-check", A_BUYERS_SERVICE,
    ),
    "service_released": Words(
        _("%(product)s has ended"),
        _("The service was deleted together with its data."),
        _("Open the service"), "info", "trash", A_BUYERS_SERVICE,
    ),
    "service_released_plain": Words(
        _("%(product)s has ended"),
        _("You cannot use the service any more."),
        _("Open the service"), "info", "ban", A_BUYERS_SERVICE,
    ),
    "top_up": Words(
        _("%(amount)s was added to your balance"),
        _("Your payment with reference %(reference)s arrived. Your balance is now %(balance)s."),
        _("See your balance"), "good", "wallet", A_BUYERS_MONEY,
    ),
    "seller_new_order": Words(
        _("New order for %(product)s"),
        _("Order line %(line)s, %(amount)s, was paid. The market is calling your production interface now; you only need "
          "to act if a call fails."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_new_opening": Words(
        _("New order for %(product)s, to be opened without payment"),
        _("Order line %(line)s costs nothing to open. The market is calling your production interface now; you only need "
          "to act if a call fails."),
        _("Open the order"), "info", "shopping-cart", A_SALE,
    ),
    "seller_renewal": Words(
        _("%(product)s was renewed by its buyer"),
        _("Order line %(line)s, %(amount)s, was paid. The market is telling your production interface now; you only need to "
          "act if a call fails."),
        _("Open the order"), "info", "refresh", A_SALE,
    ),
    "seller_free_renewal": Words(
        _("%(product)s was renewed by its buyer without payment"),
        _("Order line %(line)s cost nothing. The market is telling your production interface now; you only need to act if a "
          "call fails."),
        _("Open the order"), "info", "refresh", A_SALE,
    ),
    "seller_call_failed": Words(
        _("%(activity)s failed: %(reason)s"),
        _("Attempt %(attempt)s for %(product)s (order line %(line)s) failed. Next attempt: %(next)s. Look at the request "
          "and your answer, mend the cause, then restart the call if you do not want to wait. You are told again when this "
          "changes, not of each attempt."),
        _("Look at the message"), "warning", "alert-triangle", AN_INTERFACE,
    ),
    "seller_call_stopped": Words(
        _("The market stopped trying %(activity)s for %(product)s"),
        _("Last reason: %(reason)s. Mend the cause, then restart the call by hand."),
        _("Look at the message"), "danger", "circle-x", AN_INTERFACE,
    ),
    "seller_breaker_open": Words(
        _("Calls to %(address)s are paused: %(reason)s"),
        _("Your address failed several times in a row. The market tries again by itself and resumes all waiting calls "
          "after the first good answer."),
        _("See your addresses"), "danger", "plug", AN_INTERFACE_BY_SMS,
    ),
    "seller_product_frozen": Words(
        _("Sales of %(product)s were suspended by the operator"),
        _("Reason: %(cause)s. It is hidden and cannot be bought, and orders under way cannot be paid. Services that are in use "
          "go on and can be renewed. Mend the cause and write to the operator."),
        _("Open the product"), "danger", "snowflake", A_PRODUCT_TAKEN_AWAY,
    ),
    "seller_product_unfrozen": Words(
        _("%(product)s is sold again"),
        _("The operator has ended the suspension. What you had hidden yourself stays hidden."),
        _("Open the product"), "good", "circle-check", A_PRODUCT,
    ),
    "seller_product_stopped": Words(
        _("Sales of %(product)s have ended for good"),
        _("Reason: %(reason)s. Services that are in use run to their end and are not renewed. It cannot be listed again: publish "
          "a new product instead."),
        _("Open the product"), "warning", "ban", A_PRODUCT_TAKEN_AWAY,
    ),
    "seller_part_stopped": Words(
        _("A part of %(product)s is not sold any more: %(part)s"),
        _("Reason: %(reason)s. Services that are in use run to their end and are not renewed."),
        _("Open the product"), "warning", "ban", A_PRODUCT,
    ),
    "seller_stock_empty": Words(
        _("%(product)s is sold out"),
        _("Nothing is left in stock, so that nobody can order it. Add to the stock as soon as there is more."),
        _("Open the sale controls"), "warning", "package", AN_INTERFACE,
    ),
    "seller_rule_lapsed": Words(
        _("An upgrade rule of %(product)s has lapsed"),
        _("From %(source)s to %(target)s. %(why)s Buyers cannot change this way any more."),
        _("Open the upgrade rules"), "warning", "adjustments", A_PRODUCT,
    ),
    "account_confirm": Words(
        _("Confirm your e-mail address"),
        _("Somebody, most likely you, gave %(email)s as the address of an account. Confirm that it is yours and the account "
          "can be used. If it was not you, do nothing."),
        _("Confirm the address"), "info", "mail", AN_ACCOUNT,
    ),
    "account_exists": Words(
        _("You have an account already"),
        _("Somebody, most likely you, tried to open an account for %(email)s, which has one. Log in with it; if you forgot "
          "the password, choose a new one. If it was not you, do nothing: nothing was changed."),
        _("Choose a new password"), "info", "user", AN_ACCOUNT,
    ),
    "account_reset": Words(
        _("Choose a new password"),
        _("Somebody, most likely you, asked for a new password for %(email)s. The link works once, for three days. If it was "
          "not you, do nothing: your password stays as it is."),
        _("Choose a new password"), "warning", "key", AN_ACCOUNT,
    ),
    "account_unknown": Words(
        _("There is no account for this address"),
        _("Somebody, most likely you, asked for a new password for %(email)s, which has no account here. Perhaps yours has "
          "another address; you can also open a new one. If it was not you, do nothing."),
        _("Open an account"), "info", "user", AN_ACCOUNT,
    ),
    "domain_lapsed": Words(
        _("The proof of the domain %(domain)s was not found any more"),
        _("Calls to its addresses go on, but none can be registered or changed there until you prove the domain again."),
        _("Look at the domain"), "warning", "world", AN_INTERFACE,
    ),
    "key_rotated": Words(
        _("The signing key of “%(interfaces)s” was changed"),
        _("Calls are signed with the new key from now on. Answers signed with the earlier key are accepted until %(until)s."),
        _("See your keys"), "info", "key", THE_KEYS,
    ),
    "cases_failed": Words(
        _("%(failed)s of %(cases)s debug cases failed"),
        _("They were made again at your server. The first that failed: %(first)s. A product that needs them is not accepted "
          "until they pass."),
        _("See the cases"), "warning", "alert-triangle", AN_INTERFACE,
    ),
}  # fmt: skip  # a table is read in rows

UNKNOWN = Words(_("Message"), "", _("See more"), "info", "bell")
"""For a notice of an older or newer version of the market."""

_NAME = re.compile(r"%\((\w+)\)s")


def say(kind: str, facts: Mapping[str, Any]) -> Said:
    """The words of a notice in the active language. A fact that it lacks shows as a dash."""
    words = WORDS.get(kind, UNKNOWN)
    known = _OrDash(readable(facts))
    return Said(str(words.title) % known, str(words.body) % known, str(words.action), words.tone, words.icon)


def about(kind: str) -> About:
    """What its declaration says of a kind."""
    return WORDS.get(kind, UNKNOWN).about


def check(kind: str, facts: Mapping[str, Any]) -> None:
    """Raise ``LookupError`` when a kind has no words or a fact that its words name is missing."""
    if missing := set(_NAME.findall(f"{WORDS[kind].title} {WORDS[kind].body}")) - facts.keys():
        raise LookupError(f"a notice {kind!r} needs also: {', '.join(sorted(missing))}")


class _OrDash(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"
