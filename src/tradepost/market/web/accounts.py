"""How accounts are made and written to: allauth's adapter with our fields, our address, and nothing told to strangers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from tradepost.market.base import clock, ids
from tradepost.market.base.config import config

from .account_mails import mail_for_allauth


class Adapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002
        user.language = getattr(request, "LANGUAGE_CODE", "zh-hans")
        user.joined_at = clock.now()  # of the market: by it the account ages
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is sent in a request: the worker mails it, as all others. ``template_prefix``: what allauth would mail."""
        mail_for_allauth(template_prefix, email, context)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Instead of opening an account. The work of a new one is done as well, so that the time does not tell which it was."""
        make_password(ids.secret())
        super().send_account_already_exists_mail(email)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002  # allauth's signature
        """One count of wrong passwords an account, whatever the request says of its host."""
        return f"{urlsplit(config().base_url).netloc}:{credentials.get('email', '').lower()}"
