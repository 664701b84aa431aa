"""Calls to a tenant's auth centre: tokens, their user, and CAS tickets (openapi-jointkit §B.4 to §B.9).

Calls are never retried: codes and refresh tokens are valid once, and the waiting person can start again.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode, urlsplit

from tradepost.kit.connecting import LOOPBACK
from tradepost.kit.exchanging import NotSentError, exchange
from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_json import NotJsonObject, load_object

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

ANSWER_LIMIT = 256 * 1024
MAX_TOKEN_LENGTH = 4096
MAX_NAME_LENGTH = 255
SCOPE = "get_user_info"
TOKEN_LIFE = timedelta(seconds=7200)
"""Lifetime of an access token without a stated one (§B.5)."""
MAX_LIFE = timedelta(days=30)
FORM_HEADERS = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))


class AuthCentreError(Exception):
    """The auth centre refused a call or could not be reached.

    ``code``: its error (``invalid_grant``, ``invalid_client``, ``unauthorized`` …, a CAS code), ``unreachable``, or
    ``unreadable`` for an answer that does not match the interface. ``status``: of HTTP, 0 without an answer.
    """

    def __init__(self, code: str, message: str, *, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def is_temporary(self) -> bool:
        """Whether the error is a temporary fault of the auth centre rather than a refusal of the person."""
        return self.code == "unreachable" or self.status >= 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """An answer of the token endpoint (openapi-jointkit §B.5, §B.6).

    ``access``: for userinfo. ``refresh``: for the next tokens, empty if there is none. ``life``: lifetime of the access
    token.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    life: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The person who signed in, from userinfo or a CAS ticket (openapi-jointkit §B.7, §B.9).

    ``user_name``: the account, as in authSync. ``tenant_id``: of the enterprise, empty if not stated.
    """

    user_name: str
    tenant_id: str


def usable_domain(domain: str, *, insecure_http: bool = False) -> str:
    """Return the ``{domain_name}`` of §B.2 without a trailing slash. Raises ``ValueError`` for an invalid or insecure
    one."""
    parts = urlsplit(domain)
    secure = parts.scheme == "https" or (parts.scheme == "http" and (insecure_http or parts.hostname in LOOPBACK))
    is_plain = domain.isascii() and domain.isprintable() and " " not in domain
    if not (secure and is_plain and parts.hostname) or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("the domain of the auth centre is not an address like https://acme.example.com")
    return domain.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthCentre:
    """The auth centre of one tenant.

    ``domain``: with its scheme, from ``usable_domain``. ``timeout``: seconds for connecting and for each read. ``tls``:
    for an auth centre with its own certificate authority.
    """

    domain: str
    timeout: float = 5.0
    tls: ssl.SSLContext | None = None

    def authorize_url(self, *, client_id: str, callback: str, state: str, challenge: str) -> str:
        """Return the address where the browser signs in (§B.4), with PKCE as in RFC 7636."""
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": callback,
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.domain}/api/v1/oauth2/authorize?{urlencode(parameters)}"

    def redeem(self, *, client_id: str, secret: str, code: str, callback: str, verifier: str) -> Tokens:
        """Exchange a code for tokens (§B.5). Raises ``AuthCentreError``."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier}
        return self._tokens({**form, "client_id": client_id, "client_secret": secret})

    def refresh(self, *, client_id: str, secret: str, refresh_token: str) -> Tokens:
        """Renew the tokens (§B.6). Raises ``AuthCentreError``."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._tokens({**form, "client_id": client_id, "client_secret": secret})

    def identity(self, access_token: str) -> Identity:
        """Return the token's user (§B.7). Raises ``AuthCentreError``."""
        headers = (("Accept", "application/json"), ("Authorization", f"Bearer {access_token}"))
        members = _answer(self._send(Request("GET", f"{self.domain}/api/v1/oauth2/userinfo", headers)))
        # Older documents have other names for the account.
        name = next((account for key in ("userName", "loginName", "accName") if (account := _text(members, key))), "")
        return _identity(name, _text(members, "tenant"))

    def cas_login_url(self, callback: str) -> str:
        """Return the address where the browser signs in by CAS. The path is CAS's own; §B.9 begins with the ticket."""
        return f"{self.domain}/cas/login?{urlencode({'service': callback})}"

    def validate(self, *, ticket: str, callback: str) -> Identity:
        """Validate a CAS ticket (§B.9). Raises ``AuthCentreError``."""
        parameters = urlencode({"format": "JSON", "service": callback, "ticket": ticket})
        url = f"{self.domain}/api/v1/cas/p3/serviceValidate?{parameters}"
        answer = _object(_answer(self._send(Request("GET", url, (("Accept", "application/json"),)))), "serviceResponse")
        if "authenticationFailure" in answer:
            failure = _object(answer, "authenticationFailure")
            raise AuthCentreError(_text(failure, "code") or "INVALID_TICKET", _text(failure, "description"), status=200)
        success = _object(answer, "authenticationSuccess")
        attributes = _object(success, "attributes")
        return _identity(_text(attributes, "userName") or _text(success, "user"), _text(attributes, "tenant"))

    def logout_url(self, back: str) -> str:
        """Return the address where the browser also ends the session at the auth centre (§B.8); it redirects to
        ``back``."""
        return f"{self.domain}/api/v1/logout?{urlencode({'redirect_url': back})}"

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        members = _answer(
            self._send(
                Request("POST", f"{self.domain}/api/v1/oauth2/token", FORM_HEADERS, urlencode(form).encode("ascii"))
            )
        )
        access, refresh = (
            _text(members, "access_token", MAX_TOKEN_LENGTH),
            _text(members, "refresh_token", MAX_TOKEN_LENGTH),
        )
        if not access:
            raise AuthCentreError("unreadable", "the answer has no access_token", status=200)
        return Tokens(access=access, refresh=refresh, life=_life(members.get("expires_in")))

    def _send(self, request: Request) -> Response:
        try:
            return exchange(request, timeout=self.timeout, tls=self.tls, limit=ANSWER_LIMIT)
        except (NotSentError, OSError, http.client.HTTPException) as error:
            cause = error.__cause__ if isinstance(error, NotSentError) else error
            raise AuthCentreError("unreachable", f"{self.domain} did not answer: {cause!r}") from error


def _answer(response: Response) -> dict[str, object]:
    try:
        members = load_object(response.body)
    except NotJsonObject as error:
        if response.status == 200:
            raise AuthCentreError("unreadable", f"the answer is {error}", status=200) from None
        members = {}
    if response.status != 200:
        code = _text(members, "error", 64) or "refused"
        message = f"HTTP status {response.status}: {_text(members, 'error_description')}"
        raise AuthCentreError(code, message, status=response.status)
    return members


def _identity(user_name: str, tenant_id: str) -> Identity:
    if not user_name:
        raise AuthCentreError("unreadable", "the answer names no account", status=200)
    return Identity(user_name=user_name, tenant_id=tenant_id)


def _text(members: Mapping[str, object], name: str, limit: int = MAX_NAME_LENGTH) -> str:
    """Return a text within the limit; empty for any other value. CAS servers also write an attribute as a list with one
    item."""
    value = members.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) and len(value) <= limit else ""


def _object(members: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = members.get(name)
    if not isinstance(value, dict):
        raise AuthCentreError("unreadable", f"the answer has no {name}", status=200)
    return cast("dict[str, object]", value)


def _life(seconds: object) -> timedelta:
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdecimal() and len(seconds) <= 9:
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
        return TOKEN_LIFE
    return min(timedelta(seconds=min(seconds, 10**9)), MAX_LIFE)
