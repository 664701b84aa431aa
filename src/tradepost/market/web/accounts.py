"""allauth's adapter for the market: registration rules, the worker's mails, sign-in limits, and no hints about existing
accounts."""

from __future__ import annotations

import re
from typing import Any

import structlog
from allauth.account.views import LoginView, PasswordChangeView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tradepost.market.base import clock, ids
from tradepost.market.identity import buyer_keys, limits, log_ins, registration, sign_in_guesses, throttling
from tradepost.market.identity.models import Member, User
from tradepost.market.identity.sign_in_providers import enabled, passwords_allowed
from tradepost.market.organisations.account_names import RESERVED_CODES

from . import known_browsers
from .access import now_of
from .account_mails import mail_for_allauth
from .allauth_internals.password_set import AdapterWithPasswordSet
from .invited import invitation_of
from .peer import peer
from .privacy_consent import PrivacyConsent
from .second_step import SecondStep
from .security import record_log_in

log = structlog.get_logger(__name__)


class Adapter(AdapterWithPasswordSet):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        invited = invitation_of(request) is not None
        return registration.sign_up_access(invited=invited, now=now_of(request)) == registration.Access.OPEN

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002
        user.language = getattr(request, "LANGUAGE_CODE", "zh-hans")
        user.joined_at = clock.now()  # market time, from which the account's age is computed
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the mail for the worker instead of sending it in the request. ``template_prefix``: allauth's name of
        the mail.

        Repeated requests for the same mail are dropped above a limit; the links of earlier mails stay valid.
        """
        if throttling.count(limits.ACCOUNT_MAILS, f"{template_prefix} to {email.lower()}", now=clock.wall()):
            log.info("account mail left out", mail=template_prefix)
            return
        mail_for_allauth(template_prefix, email, context)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Mail the owner instead of opening a second account. A password is hashed all the same, so that response times
        do not reveal which addresses have accounts."""
        make_password(ids.secret())
        super().send_account_already_exists_mail(email)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return the start page of the user's role. A ``next`` parameter takes precedence."""
        return landing(request.user)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Return the start page of the user's role: a provider's groups may grant the operator role at the first
        sign-in."""
        return landing(request.user)

    def get_login_stages(self) -> list[str]:
        """Add the second step and the consent. The second step follows address confirmation and password reset; consent
        comes last."""
        return [
            *super().get_login_stages(),
            *(f"{stage.__module__}.{stage.__qualname__}" for stage in (SecondStep, PrivacyConsent)),
        ]

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        record_log_in(request, user)

    def set_password(self, user: Any, password: str) -> None:
        """Set the password, end all sessions that were opened with the previous one, and disable the access keys. The
        current browser stays signed in (``stay``), and its owner can enable the keys again."""
        super().set_password(user, password)
        log_ins.end_by_password(user, now=clock.now(), wall=clock.wall())
        if disabled_count := buyer_keys.disable_buyer_keys(user, now=clock.now()):
            messages.warning(
                self.request,
                ngettext(
                    "Your access key was disabled. Enable it under Access keys if you know which program uses it.",
                    "Your %(n)s access keys were disabled. Under Access keys, enable those whose programs you know.",
                    disabled_count,
                )
                % {"n": disabled_count},
            )

    def get_client_ip(self, request: HttpRequest) -> str:
        return peer(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Delay repeated wrong passwords, per account and origin and for all unknown origins together, for existing and
        unknown accounts alike. The owner can still sign in from a known browser or network, or reset the password by
        mail (``sign_in_guesses``)."""
        email, user = _guessed_account(**credentials)
        origin = known_browsers.origin_of(request, user)
        delay = sign_in_guesses.begin_attempt(email, origin, account=user, now=clock.now(), wall=clock.wall())
        if delay is None:
            return
        log.info("login held up", client=peer(request), wait=delay.wait, everywhere=delay.everywhere)
        message = (
            _(
                "Too many wrong passwords for this account. Try again in %(time)s, use a browser in which you signed in before, "
                "or set a new password by email."
            )
            if delay.everywhere
            else _(
                "Too many wrong passwords for this address from your network. Try again in %(time)s, or set a new "
                "password by e-mail."
            )
        )
        raise ValidationError(message % {"time": throttling.format_wait(delay.wait)}, code="too_many_login_attempts")

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Refuse operators who sign in with a password, or through a password reset mail, if the market disabled
        passwords for operators (opening.md §2)."""
        if user.is_operator and "sociallogin" not in (kwargs["signal_kwargs"] or {}) and not passwords_allowed():
            messages.error(request, _("Operators of this market sign in through a provider."))
            return redirect("account_login")
        return super().pre_login(request, user, **kwargs)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user:
            _clear_failed_attempts(request, **credentials)
        return user

    def password_was_set(self, request: HttpRequest, **credentials: Any) -> None:
        _clear_failed_attempts(request, **credentials)


def landing(user: object) -> str:
    """Return the URL of the user's start page: console for operators, seller center for members of a seller, otherwise
    the storefront."""
    if isinstance(user, User) and user.is_operator:
        return reverse("console:overview")
    if isinstance(user, User) and Member.objects.filter(user=user).exists():
        return reverse("seller_center:overview")
    return str(settings.LOGIN_REDIRECT_URL)


def _guessed_account(**credentials: Any) -> tuple[str, int]:
    """Return the email normalised for counting, and the primary key of its account, or 0 if there is none."""
    email = credentials.get("email", "").strip().lower()
    return email, User.objects.by_email(email).values_list("pk", flat=True).first() or 0


def _clear_failed_attempts(request: HttpRequest, **credentials: Any) -> None:
    email, user = _guessed_account(**credentials)
    sign_in_guesses.record_success(email, known_browsers.origin_of(request, user))


class ChangePassword(PasswordChangeView):
    def form_valid(self, form: Any) -> Any:
        """Record the browser's new session, which replaces the session that ended with the password change."""
        response = super().form_valid(form)
        record_log_in(self.request, self.request.user)
        return response


change_password = ChangePassword.as_view()


class LogIn(LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the sign-in providers, and a link to the enterprise's sign-in page if the next page belongs to an
        enterprise."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["providers"] = enabled()
        match = _ENTERPRISE.match(str(context.get("redirect_field_value") or ""))
        if match is not None and match[1] not in RESERVED_CODES:
            context["enterprise_entry"] = reverse("storefront:enterprise_enter", args=[match[1]])
        return context


_ENTERPRISE = re.compile(r"/enterprise/([a-z0-9-]{2,63})/")
log_in = LogIn.as_view()
# Not one transaction per request: hashing a password in it would hold SQLite's write lock.
log_in.own_transactions = True
