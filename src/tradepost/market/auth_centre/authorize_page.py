"""The authorisation endpoint: a browser arrives for an application and returns with a code (openapi-jointkit B.4).

Errors in the request itself are shown here. Redirects lead only to a registered callback.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from oauthlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    ConsentRequired,
    FatalClientError,
    InvalidClientIdError,
    InvalidRequestError,
    LoginRequired,
    OAuth2Error,
)

from tradepost.market.applications.models import Client
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.web.access import accept_nul, now_of

from . import consents, sessions, sign_in_notes, signing_keys
from .claims import OPENID
from .freshness import requirement_of
from .may_sign_in import Access, access
from .models import SignInSession
from .oauth import CLIENT_MISMATCH, Endpoints
from .redirects import with_parameters
from .settings_of import address_of, asks_for_consent, lifetimes
from .tenant import (
    MAX_QUERY_LENGTH,
    allow_form_targets,
    current_sign_in,
    enterprise_of,
    refusal,
    repeat_as_get,
    sign_in_url,
    tenant,
)
from .token_rows import TokenRows

AGREED = "agree"


@accept_nul
@never_cache
@csrf_exempt  # a form POST is repeated as a GET; the answer to the consent question is checked
@require_http_methods(["GET", "POST"])
@tenant
def authorize(request: HttpRequest) -> HttpResponse:
    """Handle a GET, the form POST of an application (OpenID Connect Core §3.1.2.1), and the answer to the consent
    question."""
    if request.method != "POST":
        return _authorize(request)
    return _handle_consent(request) if AGREED in request.POST else repeat_as_get(request)


@csrf_protect
def _handle_consent(request: HttpRequest) -> HttpResponse:
    """Handle the consent. The query is that of the question."""
    return _authorize(request)


def _authorize(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    if len(query) > MAX_QUERY_LENGTH or "%00" in query:
        return _error_page(request, OAuth2Error("The request is too long, or holds U+0000"))
    session = current_sign_in(request)
    rows = _rows(request, session)
    endpoints = Endpoints(rows)
    try:
        scopes, _asked = endpoints.validate_authorization_request(_uri(request), "GET")
        session = _session_for(request, session)
    except FatalClientError as error:
        return _error_page(request, error)
    except OAuth2Error as error:
        return _redirect_with_error(request, rows, error)
    except ValueError:
        return _error_page(request, OAuth2Error("The query cannot be read"))
    if session is None:
        return redirect(sign_in_url(request, request.get_full_path()))
    assert rows.client is not None  # validated
    return _for_member(request, endpoints, scopes, session, rows.client)


def _session_for(request: HttpRequest, session: SignInSession | None) -> SignInSession | None:
    """Return the sign-in that the request accepts; None if the member has to sign in.

    Raises ``OAuth2Error`` if no page may ask for that, or if another person than the application expects has just
    signed in.
    """
    made_for_this = session is not None and sessions.is_made_for(session, request.get_full_path())
    hint = request.GET.get("id_token_hint", "")
    expected = _subject_of(request, hint) if hint else ""
    if session is not None and (not expected or session.member.public_id == expected):
        if _is_fresh(request, session, made_for_this=made_for_this):
            return session
        made_for_this = False
    is_silent = "none" in _prompts(request)
    if is_silent or (session is not None and made_for_this and sessions.use_up(session, request.get_full_path())):
        raise LoginRequired(state=_state(request))
    return None


def _is_fresh(request: HttpRequest, session: SignInSession, *, made_for_this: bool) -> bool:
    """Return whether the sign-in is recent enough for this request."""
    by_password = session.way == SignInSession.Way.PASSWORD
    return requirement_of(request.GET.dict()).is_met(
        proved_at=session.proved_at, made_for_this=made_for_this, by_password=by_password, now=clock.wall()
    )


def _subject_of(request: HttpRequest, hint: str) -> str:
    """Return the subject of the hint, which may be expired. Raises ``OAuth2Error`` unless it is an id token of this
    auth centre."""
    claims_in_token = signing_keys.read_token(hint)
    if claims_in_token is None or claims_in_token.get("iss") != address_of(enterprise_of(request).code):
        words = "The id_token_hint is not an id token of this issuer"
        raise InvalidRequestError(description=words, state=_state(request))
    return str(claims_in_token["sub"])


def _for_member(
    request: HttpRequest, endpoints: Endpoints, scopes: list[str], session: SignInSession, client: Client
) -> HttpResponse:
    rows, prompts = endpoints.rows, _prompts(request)
    allowed_access = access(session.member, client)
    if isinstance(allowed_access, Refused):
        sign_in_notes.record_not_allowed(request, session, client, allowed_access)
        if "none" in prompts:
            return _redirect_with_error(request, rows, AccessDeniedError(state=_state(request)))
        return refusal(request, allowed_access, client=client)
    if "consent" in prompts or (asks_for_consent() and not consents.covers(session.member, client, allowed_access)):
        if "none" in prompts:
            return _redirect_with_error(request, rows, ConsentRequired(state=_state(request)))
        if request.method != "POST":
            return _ask_for_consent(request, session, client, allowed_access)
        consents.give(session.member, client, allowed_access, now=rows.now)
    return _redirect_with_code(request, endpoints, scopes, session, client)


def _prompts(request: HttpRequest) -> set[str]:
    return set(request.GET.get("prompt", "").split())


def _state(request: HttpRequest) -> str | None:
    return request.GET.get("state")


def launch_url(client: Client) -> str:
    """Return the authorisation URL for the workbench, without a state, since the application does not start the flow
    (B.9)."""
    query = urlencode({"response_type": "code", "client_id": client.client_id, "redirect_uri": client.callback})
    return f"api/v1/oauth2/authorize?{query}"


def _rows(request: HttpRequest, session: SignInSession | None) -> TokenRows:
    enterprise = enterprise_of(request)
    return TokenRows(
        enterprise=enterprise.pk, lives=lifetimes(), issuer=address_of(enterprise.code), now=clock.wall(),
        market_now=now_of(request), session=session,
    )  # fmt: skip


def _uri(request: HttpRequest) -> str:
    return f"{request.path}?{request.META.get('QUERY_STRING', '')}"


def _redirect_with_code(
    request: HttpRequest, endpoints: Endpoints, scopes: list[str], session: SignInSession, client: Client
) -> HttpResponse:
    """Redirect with a code. If one sign-in answers two simultaneous requests, the second one has to sign in again."""
    rows = endpoints.rows
    if OPENID in scopes:  # before the code is sent, so that the application finds the key in the list
        signing_keys.ensure_key(every=rows.lives.signing_key, now=rows.now)
    with transaction.atomic():
        used = sessions.use_up(session, request.get_full_path())
        if not used and not _is_fresh(request, session, made_for_this=False):
            return redirect(sign_in_url(request, request.get_full_path()))
        headers, _body, _status = endpoints.create_authorization_response(_uri(request), "GET", scopes=scopes)
        sign_in_notes.record_opened(request, session, client)
    return _redirect(request, headers["Location"])


def _redirect(request: HttpRequest, location: str) -> HttpResponse:
    """Redirect to a registered callback, with the tenant (B.2) and the issuer (RFC 9207)."""
    enterprise = enterprise_of(request)
    address = with_parameters(location, {"tenant": enterprise.public_id, "iss": address_of(enterprise.code)})
    response = HttpResponse(status=HTTPStatus.FOUND)
    response["Location"] = address
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return allow_form_targets(response, address)


def _redirect_with_error(request: HttpRequest, rows: TokenRows, error: OAuth2Error) -> HttpResponse:
    """Redirect with the error, or show it if the callback is not valid."""
    if rows.client is None:
        return _error_page(request, error)
    error.response_mode = None  # always in the query
    return _redirect(request, error.in_uri(rows.client.callback))


def _error_page(request: HttpRequest, error: OAuth2Error) -> HttpResponse:
    """Show the error as a page to people, and as JSON to programs (B.4)."""
    mismatch = isinstance(error, InvalidClientIdError)
    error_code = "invalid_client" if mismatch else str(error.error or "invalid_request")
    description = CLIENT_MISMATCH if mismatch else str(error.description)
    if "text/html" not in request.headers.get("Accept", ""):
        body = json.dumps({"error": error_code, "error_description": description})
        return HttpResponse(body, status=HTTPStatus.BAD_REQUEST, content_type="application/json")
    context = {"enterprise": enterprise_of(request), "error": f"{error_code}: {description}", "mismatch": mismatch}
    return render(request, "auth_centre/bad_request.html", context, status=HTTPStatus.BAD_REQUEST)


def _ask_for_consent(
    request: HttpRequest, session: SignInSession, client: Client, allowed_access: Access
) -> HttpResponse:
    context = {
        "enterprise": enterprise_of(request), "client": client, "member": session.member,
        "fields": consents.labels_of(allowed_access.released), "title": _("Share your details?"),
    }  # fmt: skip
    return allow_form_targets(render(request, "auth_centre/consent.html", context), client.callback)
