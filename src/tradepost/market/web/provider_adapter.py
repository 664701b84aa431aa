"""Sign-in through OpenID providers with allauth, based on the market's own rows and rules
(``identity/sign_in_providers.py``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import requests
import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.openid_connect import views as openid
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.guarded_pools import guard
from tradepost.market.base.requests_internals import set_body
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import registration
from tradepost.market.identity import sign_in_providers as providers
from tradepost.market.identity.models import SignInProvider, User

KIND = "openid_connect"
CONNECT_SECONDS, READ_SECONDS = 5.0, 8.0
MAX_BYTES = 262_144
log = structlog.get_logger(__name__)


class BoundedSession(requests.Session):
    """A session for providers: responses are limited in time and size, and redirects are not followed."""

    def request(self, *args: Any, **options: Any) -> requests.Response:
        options |= {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False, "stream": True}
        response = super().request(*args, **options)
        body = response.raw.read(MAX_BYTES + 1, decode_content=True)
        if len(body) > MAX_BYTES:
            raise requests.exceptions.ContentDecodingError("the answer is too large")
        set_body(response, body)
        return response


class ProviderAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the providers of the console in allauth's format. ``provider``: a slug, or the protocol for all of
        them."""
        del request
        if provider in {None, KIND}:
            enabled = list(providers.enabled())
        else:
            enabled = [provider_row for provider_row in (providers.find(str(provider)),) if provider_row is not None]
        return [_app(provider_row) for provider_row in enabled if client_id in {None, provider_row.client_id}]

    def get_requests_session(self) -> requests.Session:
        session = BoundedSession()
        guard(session, config().outbound)
        return session

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        del request, sociallogin
        return True  # ``pre_social_login`` has decided

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Identify the person and decide whether they may sign in. Connect the provider's account to the account with
        its verified address."""
        provider = providers.find(sociallogin.account.provider)
        if provider is None:
            _return_to_sign_in(request, _("This sign-in method is disabled."))
        claims = claims_of(sociallogin)
        existing, verified = sociallogin.user if sociallogin.is_existing else None, claims.get("email_verified") is True
        role = _role(provider, claims) if existing or verified else ""
        try:
            user = existing or providers.match(provider, str(claims.get("email") or ""), verified=verified)
            providers.admit(provider, user, role, now=clock.now(), wall=clock.wall())
            if user is None and not role and registration.sign_up_access(now=clock.now()) != registration.Access.OPEN:
                _return_to_sign_in(request, _("Registration is not open. Ask the market for an invitation."))
        except Refused as refused:
            _return_to_sign_in(request, refused.message)
        if user is None and not claims.get("email"):
            _return_to_sign_in(request, _("%(provider)s did not provide your email address.") % {"provider": provider})
        if user is not None:
            if existing is None:
                sociallogin.connect(request, user)
            if user.is_active:
                providers.record_sign_in(user, provider, role, refresh=_refresh(sociallogin), now=clock.now())

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Store a new account that ``pre_social_login`` allowed."""
        claims, user = claims_of(sociallogin), sociallogin.user
        user.name = str(claims.get("name") or "")[:64]
        user.language = getattr(request, "LANGUAGE_CODE", "zh-hans")
        user.joined_at = clock.now()
        saved: User = super().save_user(request, sociallogin, form)
        provider = providers.find(sociallogin.account.provider)
        if provider is not None:
            role = _role(provider, claims) if claims.get("email_verified") is True else ""
            providers.record_sign_in(saved, provider, role, refresh=_refresh(sociallogin), now=clock.now())
        return saved

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        del extra_context
        log.info(
            "sign-in through a provider failed", provider=str(provider), error=str(error), reason=str(exception)[:300]
        )
        name = getattr(provider, "name", "") or _("the provider")
        if str(error) in {"cancelled", "denied"}:
            _return_to_sign_in(request, _("You cancelled the sign-in at %(provider)s.") % {"provider": name})
        _return_to_sign_in(
            request, _("Sign-in with %(provider)s failed. Try again, or contact the operator.") % {"provider": name}
        )


def claims_of(sociallogin: Any) -> dict[str, Any]:
    """Return the claims about the person: of the ID token, overridden by those of the userinfo endpoint."""
    data = sociallogin.account.extra_data or {}
    return {**(data.get("id_token") or {}), **(data.get("userinfo") or {})}


def _role(provider: SignInProvider, claims: dict[str, Any]) -> str:
    return providers.role_for(provider, providers.groups_of(provider, claims))


def _refresh(sociallogin: Any) -> str:
    return (sociallogin.token.token_secret or "") if sociallogin.token else ""


def _app(provider: SignInProvider) -> SocialApp:
    settings: dict[str, Any] = {
        "server_url": provider.issuer.rstrip("/"),
        "oauth_pkce_enabled": True,
        "scope": provider.scopes.split(),
    }
    if provider.asks_consent:  # OpenID Connect Core §11: without it, a provider may ignore offline_access
        settings["auth_params"] = {"prompt": "consent"}
    return SocialApp(
        provider=KIND, provider_id=provider.slug, name=provider.name, client_id=provider.client_id, secret=unseal(provider.sealed_secret),
        settings=settings,
    )  # fmt: skip


def _return_to_sign_in(request: HttpRequest, words: Any) -> NoReturn:
    messages.error(request, words)
    raise ImmediateHttpResponse(redirect("account_login"))


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Redirect to the provider, which may be down or publish an invalid configuration."""
    return _report_failure(openid.login, request, provider_id)


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Handle the provider's redirect back to the market."""
    return _report_failure(openid.callback, request, provider_id)


def _report_failure(
    view: Callable[[HttpRequest, str], HttpResponse], request: HttpRequest, provider_id: str
) -> HttpResponse:
    try:
        return view(request, provider_id)
    except (requests.RequestException, KeyError, TypeError, ValueError) as fault:
        log.info("sign-in through a provider failed", provider=provider_id, reason=repr(fault)[:300])
        provider = providers.find(provider_id)
        words = _("Sign-in with %(provider)s failed. Try again, or contact the operator.")
        messages.error(request, words % {"provider": provider or provider_id})
        return redirect("account_login")


@require_safe
def sign_in_again(_request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page, which shows the message, instead of allauth's own page."""
    return redirect("account_login")
