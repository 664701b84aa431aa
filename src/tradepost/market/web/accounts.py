"""How accounts are made and written to: allauth's adapter with our fields, our address, and nothing told to strangers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LoginView, PasswordChangeView
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from tradepost.market.base import clock, ids
from tradepost.market.identity import log_ins, sign_in_guesses, throttling
from tradepost.market.identity.models import Member, User
from tradepost.market.organisations.account_names import RESERVED

from . import known_browsers
from .account_mails import mail_for_allauth
from .peer import peer
from .second_step import SecondStep
from .security import note

log = structlog.get_logger(__name__)

MAILS_AN_HOUR = 5
"""Of one kind to one address."""


class Adapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002
        user.language = getattr(request, "LANGUAGE_CODE", "zh-hans")
        user.joined_at = clock.now()  # of the market: by it the account ages
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is sent in a request: the worker mails it, as all others. ``template_prefix``: what allauth would mail.

        Who asks for one mail again and again fills nobody's mailbox; what was mailed before still leads in.
        """
        what = f"mail {template_prefix} to {email.lower()}"
        if throttling.window(what, most=MAILS_AN_HOUR, length=timedelta(hours=1), now=clock.wall()):
            log.info("account mail left out", mail=template_prefix)
            return
        mail_for_allauth(template_prefix, email, context)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Instead of opening an account. The work of a new one is done as well, so that the time does not tell which it was."""
        make_password(ids.secret())
        super().send_account_already_exists_mail(email)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where one lands who came from nowhere in particular: where they work. ``next`` goes before this."""
        return landing(request.user)

    def get_login_stages(self) -> list[str]:
        """The second step comes last: it is asked of who confirmed the address, and of who set a new password by mail."""
        return [*super().get_login_stages(), f"{SecondStep.__module__}.{SecondStep.__qualname__}"]

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        note(request, user)

    def set_password(self, user: Any, password: str) -> None:
        """Whoever is logged in with the earlier one is logged out; this browser goes on, if it is logged in (``stay``)."""
        super().set_password(user, password)
        log_ins.end_by_password(user, now=clock.now(), wall=clock.wall())

    def get_client_ip(self, request: HttpRequest) -> str:
        return peer(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong passwords are held up by account and origin, and for all new origins together, whether there is such an account
        or not. The owner gets in from a known browser or network, or by mail from everywhere (``sign_in_guesses``)."""
        email, user = _guessed_account(**credentials)
        origin = known_browsers.origin_of(request, user)
        held = sign_in_guesses.begin(email, origin, account=user, now=clock.now(), wall=clock.wall())
        if held is None:
            return
        log.info("login held up", client=peer(request), wait=held.wait, everywhere=held.everywhere)
        message = (
            _(
                "Too many wrong passwords for this account. Try again in %(time)s, use a browser in which you signed in before, "
                "or set a new password by email."
            )
            if held.everywhere
            else _(
                "Too many wrong passwords for this address from your network. Try again in %(time)s, or set a new "
                "password by e-mail."
            )
        )
        raise ValidationError(message % {"time": throttling.in_words(held.wait)}, code="too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user:
            _right(request, **credentials)
        return user

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """After a password was set by mail (the name is allauth's)."""
        _right(request, **credentials)


def landing(user: object) -> str:
    """An operator's console, a seller's center, else the store."""
    if isinstance(user, User) and user.is_operator:
        return reverse("console:overview")
    if isinstance(user, User) and Member.objects.filter(user=user).exists():
        return reverse("seller_center:overview")
    return str(settings.LOGIN_REDIRECT_URL)


def _guessed_account(**credentials: Any) -> tuple[str, int]:
    """The email as it is counted, and the primary key of its account; 0 where it has none."""
    email = credentials.get("email", "").strip().lower()
    return email, User.objects.by_email(email).values_list("pk", flat=True).first() or 0


def _right(request: HttpRequest, **credentials: Any) -> None:
    email, user = _guessed_account(**credentials)
    sign_in_guesses.right(email, known_browsers.origin_of(request, user))


class ChangePassword(PasswordChangeView):
    def form_valid(self, form: Any) -> Any:
        """The browser in which it was changed has a new session, in place of the one that ended with all."""
        answer = super().form_valid(form)
        note(self.request, self.request.user)
        return answer


change_password = ChangePassword.as_view()


class LogIn(LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """An administrator with an account of the enterprise's own gets in by the auth centre."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        found = _ENTERPRISE.match(str(context.get("redirect_field_value") or ""))
        if found is not None and found[1] not in RESERVED:
            context["enterprise_entry"] = reverse("storefront:enterprise_enter", args=[found[1]])
        return context


_ENTERPRISE = re.compile(r"/enterprise/([a-z0-9-]{2,63})/")
log_in = LogIn.as_view()
# It writes only what stands for itself; in one transaction a password would be hashed while SQLite's lock is held.
log_in.own_transactions = True
