"""Which mail of ours stands for each of allauth's, and where it leads: a row that the worker delivers.

Only path and query are taken of a link, and the market's own address is put before them when the mail is composed: what a
request says of its host may be anybody's, and the link carries the key to the account.
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
"""By what allauth calls a mail: its kind here, and the name of its link."""


def mail_for_allauth(template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
    """Raises ``LookupError`` for a mail that none of ours stands for: the settings ask for none."""
    kind, link = MAILS[template_prefix]
    mail_account(kind, email, link=path_of(context[link]), language=_language(email), now=clock.now())


def path_of(url: str) -> str:
    """Path and query of a link, whatever host it names."""
    parts = urlsplit(url)
    return urlunsplit(("", "", parts.path, parts.query, ""))


def _language(email: str) -> str:
    """That of the account with this address; of the page where it was asked for when there is none."""
    known = User.objects.alias(lowered=Lower("email")).filter(lowered=email.lower())
    chosen = known.values_list("language", flat=True).first()
    return chosen or translation.get_language() or ""
