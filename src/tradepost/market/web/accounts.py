"""How accounts are made and written to: allauth's adapter with our fields, our address, and nothing told to strangers."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """What the mails call this market: django.contrib.sites without its table."""

    name: str
    domain: str


class Adapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002
        user.language = getattr(request, "LANGUAGE_CODE", "zh-hans")
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links and names come from the market's own address: what a request says of its host may be anybody's, and the
        link carries the key to the account."""
        links = {name: here(value) for name, value in context.items() if name.endswith("_url")}
        try:
            super().send_mail(template_prefix, email, {**context, **links, "current_site": _site()})
        except OSError as fault:  # smtplib's own errors are OSErrors too; what was begun is undone with the transaction
            log.warning("account mail not sent", fault=str(fault))
            raise Refused(
                "mail.away",
                _("The mail that this needs could not be sent. Nothing was changed: try again in a few minutes."),
                HTTPStatus.SERVICE_UNAVAILABLE,
            ) from fault

    def format_email_subject(self, subject: str) -> str:
        return f"[{_site().name}] {subject}"

    def send_account_already_exists_mail(self, email: str) -> None:
        """Instead of opening an account. The work of a new one is done as well, so that the time does not tell which it was."""
        make_password(ids.secret())
        super().send_account_already_exists_mail(email)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002  # allauth's signature
        """One count of wrong passwords an account, whatever the request says of its host."""
        return f"{_site().domain}:{credentials.get('email', '').lower()}"


def here(url: str) -> str:
    """The same page at the market's configured address."""
    parts = urlsplit(url)
    return config().base_url + urlunsplit(("", "", parts.path, parts.query, parts.fragment))


def _site() -> Site:
    host = urlsplit(config().base_url).netloc
    return Site(host, host)
