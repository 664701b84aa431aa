"""CAS 2.0 and 3.0: a browser gets a ticket for a service, whose server validates it (openapi-jointkit B.9)."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_safe

from tradepost.market.applications.models import Client
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.web.access import accept_nul, declare_access

from . import cas_answers, claims, service_tickets, sessions, sign_in_notes
from .cas_answers import Attributes, Code, Format, InvalidTicket, ValidTicket
from .freshness import is_set
from .may_sign_in import access
from .models import SignInSession
from .person_of import person_of
from .redirects import with_parameters
from .requesting_client import client_by_callback
from .settings_of import cas_default_format, lifetimes
from .tenant import PROGRAMS, Page, current_sign_in, enterprise_of, page, refusal, sign_in_url, tenant


@accept_nul
@never_cache
@require_GET  # a HEAD request would use up the sign-in without reading the ticket
@tenant
def login(request: HttpRequest) -> HttpResponse:
    service = request.GET.get("service", "")
    session = current_sign_in(request)
    if not service:
        return redirect(page(request, "workbench"))
    client = client_by_callback(service, enterprise_of(request))
    if client is None:
        context = {"enterprise": enterprise_of(request), "error": "UNAUTHORIZED_SERVICE", "mismatch": True}
        return render(request, "auth_centre/bad_request.html", context, status=HTTPStatus.BAD_REQUEST)
    renew = is_set(request.GET.get("renew", ""))
    if session is None or (renew and not _is_new(request, session)):
        if is_set(request.GET.get("gateway", "")) and not renew:
            return _redirect(service)
        return redirect(sign_in_url(request, request.get_full_path()))
    allowed_access = access(session.member, client)
    if isinstance(allowed_access, Refused):
        sign_in_notes.record_not_allowed(request, session, client, allowed_access)
        return refusal(request, allowed_access, client=client)
    return _redirect_with_ticket(request, session, client, service, renew=renew)


def _is_new(request: HttpRequest, session: SignInSession) -> bool:
    """Return whether the member entered a password for this request (CAS 3.0 §2.5.1)."""
    by_password = session.way == SignInSession.Way.PASSWORD
    return by_password and sessions.is_made_for(session, request.get_full_path())


def _redirect_with_ticket(
    request: HttpRequest, session: SignInSession, client: Client, service: str, *, renew: bool
) -> HttpResponse:
    """Redirect with a ticket. If one sign-in answers two simultaneous requests, the second one has to sign in again."""
    with transaction.atomic():
        new_login = _is_new(request, session) and sessions.use_up(session, request.get_full_path())
        if renew and not new_login:
            return redirect(sign_in_url(request, request.get_full_path()))
        ticket = service_tickets.issue(
            session, client, service=service, new_login=new_login, life=lifetimes().ticket, now=clock.wall()
        )
        sign_in_notes.record_opened(request, session, client)
    return _redirect(with_parameters(service, {"ticket": ticket}))


def _redirect(address: str) -> HttpResponse:
    """Redirect to a registered callback."""
    response = HttpResponse(status=HTTPStatus.FOUND)
    response["Location"] = address
    response["Referrer-Policy"] = "no-referrer"
    return response


def _validation(*, default: Callable[[], Format], with_attributes: bool) -> Page:
    @never_cache
    @csrf_exempt
    @require_safe
    @tenant
    def view(request: HttpRequest) -> HttpResponse:
        form = cas_answers.parse_format(request.GET.get("format", ""), default())
        if form is None:
            unknown = InvalidTicket(Code.INVALID_REQUEST, "The format must be XML or JSON")
            return _answer(unknown, default())
        validated = _validated(request, enterprise_of(request).pk)
        if isinstance(validated, InvalidTicket):
            return _answer(validated, form)
        ticket, member = validated.ticket, validated.ticket.session.member
        attributes: Attributes = {}
        if with_attributes:
            attributes = claims.cas_attributes(
                person_of(member, validated.access), at=ticket.session.proved_at, new_login=ticket.from_new_login
            )
        return _answer(ValidTicket(member.user_name, attributes), form)

    accept_nul(declare_access(view, PROGRAMS))
    return view


validate_2 = _validation(default=lambda: "xml", with_attributes=False)
validate_3 = _validation(default=lambda: "xml", with_attributes=True)
validate_kit = _validation(default=cas_default_format, with_attributes=True)
"""JSON by default. python-cas names no format and reads only XML, hence two addresses (joint.md §9)."""


@never_cache
@csrf_exempt
@require_safe
def validate_orgid(request: HttpRequest) -> HttpResponse:
    """Validate a ticket at the main host, where the ticket determines the enterprise (B.10)."""
    validated = _validated(request, None)
    if isinstance(validated, InvalidTicket):
        return _answer(validated, "json")
    ticket, member = validated.ticket, validated.ticket.session.member
    attributes = claims.orgid_attributes(
        person_of(member, validated.access), at=ticket.session.proved_at, new_login=ticket.from_new_login
    )
    return _answer(ValidTicket(member.user_name, attributes), "json")


accept_nul(declare_access(validate_orgid, PROGRAMS))


def _validated(request: HttpRequest, enterprise: int | None) -> service_tickets.ValidatedTicket | InvalidTicket:
    return service_tickets.validate(
        request.GET.get("ticket", ""), request.GET.get("service", ""), enterprise=enterprise,
        renewed=is_set(request.GET.get("renew", "")), now=clock.wall(),
    )  # fmt: skip


def _answer(answer: cas_answers.Answer, form: Format) -> HttpResponse:
    body, content_type = cas_answers.write(answer, form)
    return HttpResponse(body, content_type=content_type)
