"""The authorisation endpoint: a browser comes for an application and goes back with a code (openapi-jointkit B.4).

What is wrong with the request itself is said here and sent nowhere; only a registered callback is ever redirected to.
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
from tradepost.market.web.access import answers_nul, now_of

from . import consents, sessions, signing_keys
from .claims import OPENID
from .freshness import required_by
from .may_sign_in import Access, access
from .models import SignInSession
from .oauth import CLIENT_MISMATCH, Endpoints
from .redirects import with_parameters
from .settings_of import address_of, asks_for_consent, lives
from .tenant import LONGEST_QUERY, by_get, enterprise_of, leads_to, refusal, sign_in_url, signed_in, tenant
from .token_rows import TokenRows

AGREED = "agree"


@answers_nul
@never_cache
@csrf_exempt  # a form of an application is repeated as a GET; the answer to our own question is checked
@require_http_methods(["GET", "POST"])
@tenant
def authorize(request: HttpRequest) -> HttpResponse:
    """By GET, or by the form of an application (OpenID Connect Core §3.1.2.1); also the answer to the question for consent."""
    if request.method != "POST":
        return _authorize(request)
    return _agreed(request) if AGREED in request.POST else by_get(request)


@csrf_protect
def _agreed(request: HttpRequest) -> HttpResponse:
    """Its query is that of the question."""
    return _authorize(request)


def _authorize(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    if len(query) > LONGEST_QUERY or "%00" in query:
        return _wrong(request, OAuth2Error("The request is too long, or holds U+0000"))
    session = signed_in(request)
    rows = _rows(request, session)
    endpoints = Endpoints(rows)
    try:
        scopes, _asked = endpoints.validate_authorization_request(_uri(request), "GET")
        session = _session_for(request, session)
    except FatalClientError as wrong:
        return _wrong(request, wrong)
    except OAuth2Error as wrong:
        return _back_with(request, rows, wrong)
    except ValueError:
        return _wrong(request, OAuth2Error("The query cannot be read"))
    if session is None:
        return redirect(sign_in_url(request, request.get_full_path()))
    assert rows.client is not None  # validated
    return _for_member(request, endpoints, scopes, session, rows.client)


def _session_for(request: HttpRequest, session: SignInSession | None) -> SignInSession | None:
    """The sign-in that this request accepts; None where the member is to sign in. Raises ``OAuth2Error`` where no page may ask
    for that, and where another person has just signed in than the application expects."""
    made_for_this = session is not None and sessions.is_made_for(session, request.get_full_path())
    hint = request.GET.get("id_token_hint", "")
    expected = _subject_of(request, hint) if hint else ""
    if session is not None and (not expected or session.member.public_id == expected):
        if _is_fresh(request, session, made_for_this=made_for_this):
            return session
        made_for_this = False
    silent = "none" in _prompts(request)
    if silent or (session is not None and made_for_this and sessions.use_up(session, request.get_full_path())):
        raise LoginRequired(state=_state(request))
    return None


def _is_fresh(request: HttpRequest, session: SignInSession, *, made_for_this: bool) -> bool:
    """Whether the sign-in is recent enough for this request."""
    by_password = session.way == SignInSession.Way.PASSWORD
    return required_by(request.GET.dict()).is_met(
        proved_at=session.proved_at, made_for_this=made_for_this, by_password=by_password, now=clock.wall()
    )


def _subject_of(request: HttpRequest, hint: str) -> str:
    """Whom the application expects. Raises ``OAuth2Error`` for what is no id token of this auth centre; an old one is good."""
    told = signing_keys.read(hint)
    if told is None or told.get("iss") != address_of(enterprise_of(request).code):
        words = "The id_token_hint is not an id token of this issuer"
        raise InvalidRequestError(description=words, state=_state(request))
    return str(told["sub"])


def _for_member(
    request: HttpRequest, endpoints: Endpoints, scopes: list[str], session: SignInSession, client: Client
) -> HttpResponse:
    rows, prompts = endpoints.rows, _prompts(request)
    allowed = access(session.member, client)
    if isinstance(allowed, Refused):
        if "none" in prompts:
            return _back_with(request, rows, AccessDeniedError(state=_state(request)))
        return refusal(request, allowed, client=client)
    if "consent" in prompts or (asks_for_consent() and not consents.covers(session.member, client, allowed)):
        if "none" in prompts:
            return _back_with(request, rows, ConsentRequired(state=_state(request)))
        if request.method != "POST":
            return _ask(request, session, client, allowed)
        consents.give(session.member, client, allowed, now=rows.now)
    return _send_back(request, endpoints, scopes, session)


def _prompts(request: HttpRequest) -> set[str]:
    return set(request.GET.get("prompt", "").split())


def _state(request: HttpRequest) -> str | None:
    return request.GET.get("state")


def launch_url(client: Client) -> str:
    """From the workbench: the same, without a state, since it is not the application that begins (B.9)."""
    query = urlencode({"response_type": "code", "client_id": client.client_id, "redirect_uri": client.callback})
    return f"api/v1/oauth2/authorize?{query}"


def _rows(request: HttpRequest, session: SignInSession | None) -> TokenRows:
    enterprise = enterprise_of(request)
    return TokenRows(
        enterprise=enterprise.pk, lives=lives(), issuer=address_of(enterprise.code), now=clock.wall(),
        market_now=now_of(request), session=session,
    )  # fmt: skip


def _uri(request: HttpRequest) -> str:
    return f"{request.path}?{request.META.get('QUERY_STRING', '')}"


def _send_back(request: HttpRequest, endpoints: Endpoints, scopes: list[str], session: SignInSession) -> HttpResponse:
    """The way back with a code. Of two requests that one sign-in answers at the same moment, the other has to sign in again."""
    rows = endpoints.rows
    if OPENID in scopes:  # before the code goes out, so that its application finds the key in the list
        signing_keys.ensure(every=rows.lives.signing_key, now=rows.now)
    with transaction.atomic():
        used = sessions.use_up(session, request.get_full_path())
        if not used and not _is_fresh(request, session, made_for_this=False):
            return redirect(sign_in_url(request, request.get_full_path()))
        headers, _body, _status = endpoints.create_authorization_response(_uri(request), "GET", scopes=scopes)
    return _to(request, headers["Location"])


def _to(request: HttpRequest, location: str) -> HttpResponse:
    """To a registered callback, with whose tenant it is (B.2) and who says so (RFC 9207, against mixed-up issuers)."""
    enterprise = enterprise_of(request)
    address = with_parameters(location, {"tenant": enterprise.public_id, "iss": address_of(enterprise.code)})
    response = HttpResponse(status=HTTPStatus.FOUND)
    response["Location"] = address
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return leads_to(response, address)


def _back_with(request: HttpRequest, rows: TokenRows, wrong: OAuth2Error) -> HttpResponse:
    """The callback stands: the application learns what it asked wrongly."""
    if rows.client is None:
        return _wrong(request, wrong)
    wrong.response_mode = None  # always in the query
    return _to(request, wrong.in_uri(rows.client.callback))


def _wrong(request: HttpRequest, wrong: OAuth2Error) -> HttpResponse:
    """To a person as a page, to a program as the service answers it (B.4)."""
    mismatch = isinstance(wrong, InvalidClientIdError)
    error = "invalid_client" if mismatch else str(wrong.error or "invalid_request")
    description = CLIENT_MISMATCH if mismatch else str(wrong.description)
    if "text/html" not in request.headers.get("Accept", ""):
        body = json.dumps({"error": error, "error_description": description})
        return HttpResponse(body, status=HTTPStatus.BAD_REQUEST, content_type="application/json")
    context = {"enterprise": enterprise_of(request), "error": f"{error}: {description}", "mismatch": mismatch}
    return render(request, "auth_centre/bad_request.html", context, status=HTTPStatus.BAD_REQUEST)


def _ask(request: HttpRequest, session: SignInSession, client: Client, allowed: Access) -> HttpResponse:
    context = {
        "enterprise": enterprise_of(request), "client": client, "member": session.member,
        "fields": consents.in_words(allowed.released), "title": _("Share your details?"),
    }  # fmt: skip
    return leads_to(render(request, "auth_centre/consent.html", context), client.callback)
