"""Maps each mail of allauth to a mail of the market, which the worker delivers.

Only the path and query of a link are stored; the market's own address is added when the mail is composed. The Host
header of a request can be forged, and the link carries the key to the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db.models.functions import Lower
from django.utils import translation

from tradepost.market.base import clock
from tradepost.market.identity.models import User
from tradepost.market.notifications.account_mails import mail_account

MAILS = {
    "account/email/email_confirmation": ("account_confirm", "activate_url"),
    "account/email/email_confirmation_signup": ("account_confirm", "activate_url"),
    "account/email/account_already_exists": ("account_exists", "password_reset_url"),
    "account/email/password_reset_key": ("account_reset", "password_reset_url"),
    "account/email/unknown_account": ("account_unknown", "signup_url"),
}
"""Name of allauth's template → kind of the market's mail, and the context variable with its link."""


def mail_for_allauth(template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
    """Queue the market's mail for one of allauth's. Raises ``LookupError`` for a mail without an equivalent; the
    settings do not enable such mails."""
    kind, link = MAILS[template_prefix]
    mail_account(kind, email, link=path_of(context[link]), language=_language(email), now=clock.now())


def path_of(url: str) -> str:
    """Return the path and query of a link, without its host."""
    parts = urlsplit(url)
    return urlunsplit(("", "", parts.path, parts.query, ""))


def _language(email: str) -> str:
    """Return the language of the account with this address, or of the current page if there is no account."""
    accounts = User.objects.alias(lowered=Lower("email")).filter(lowered=email.lower())
    language = accounts.values_list("language", flat=True).first()
    return language or translation.get_language() or ""
