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
from tradepost.market.web.access import answers_nul, declare

from . import cas_answers, claims, service_tickets, sessions
from .asked_for import client_by_callback
from .cas_answers import Attributes, Code, Format, NotValid, Valid
from .freshness import is_set
from .may_sign_in import access
from .models import SignInSession
from .person_of import person_of
from .redirects import with_parameters
from .settings_of import cas_default_format, lives
from .tenant import PROGRAMS, Page, enterprise_of, page, refusal, sign_in_url, signed_in, tenant


@answers_nul
@never_cache
@require_GET  # a HEAD would use the sign-in up, and nobody would read its ticket
@tenant
def login(request: HttpRequest) -> HttpResponse:
    service = request.GET.get("service", "")
    session = signed_in(request)
    if not service:
        return redirect(page(request, "workbench"))
    client = client_by_callback(service, enterprise_of(request))
    if client is None:
        context = {"enterprise": enterprise_of(request), "error": "UNAUTHORIZED_SERVICE", "mismatch": True}
        return render(request, "auth_centre/bad_request.html", context, status=HTTPStatus.BAD_REQUEST)
    renew = is_set(request.GET.get("renew", ""))
    if session is None or (renew and not _is_new(request, session)):
        if is_set(request.GET.get("gateway", "")) and not renew:
            return _to(service)
        return redirect(sign_in_url(request, request.get_full_path()))
    allowed = access(session.member, client)
    if isinstance(allowed, Refused):
        return refusal(request, allowed, client=client)
    return _give(request, session, client, service, renew=renew)


def _is_new(request: HttpRequest, session: SignInSession) -> bool:
    """Whether the member gave a password for this request, and not for an earlier one (CAS 3.0 §2.5.1)."""
    by_password = session.way == SignInSession.Way.PASSWORD
    return by_password and sessions.is_made_for(session, request.get_full_path())


def _give(request: HttpRequest, session: SignInSession, client: Client, service: str, *, renew: bool) -> HttpResponse:
    """The way back with a ticket. Of two requests that one sign-in answers at the same moment, the other has to sign in again."""
    with transaction.atomic():
        new_login = _is_new(request, session) and sessions.use_up(session, request.get_full_path())
        if renew and not new_login:
            return redirect(sign_in_url(request, request.get_full_path()))
        ticket = service_tickets.issue(
            session, client, service=service, new_login=new_login, life=lives().ticket, now=clock.wall()
        )
    return _to(with_parameters(service, {"ticket": ticket}))


def _to(address: str) -> HttpResponse:
    """A registered callback."""
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
        form = cas_answers.asked_format(request.GET.get("format", ""), default())
        if form is None:
            unknown = NotValid(Code.INVALID_REQUEST, "The format must be XML or JSON")
            return _answer(unknown, default())
        found = _validated(request, enterprise_of(request).pk)
        if isinstance(found, NotValid):
            return _answer(found, form)
        ticket, member = found.ticket, found.ticket.session.member
        attributes: Attributes = {}
        if with_attributes:
            attributes = claims.cas_attributes(
                person_of(member, found.access), at=ticket.session.proved_at, new_login=ticket.from_new_login
            )
        return _answer(Valid(member.user_name, attributes), form)

    answers_nul(declare(view, PROGRAMS))
    return view


validate_2 = _validation(default=lambda: "xml", with_attributes=False)
validate_3 = _validation(default=lambda: "xml", with_attributes=True)
validate_kit = _validation(default=cas_default_format, with_attributes=True)
"""Its default is JSON: python-cas names no format and reads XML only, hence two addresses (joint.md §9)."""


@never_cache
@csrf_exempt
@require_safe
def validate_orgid(request: HttpRequest) -> HttpResponse:
    """At the main host the ticket says whose it is (B.10)."""
    found = _validated(request, None)
    if isinstance(found, NotValid):
        return _answer(found, "json")
    ticket, member = found.ticket, found.ticket.session.member
    attributes = claims.orgid_attributes(
        person_of(member, found.access), at=ticket.session.proved_at, new_login=ticket.from_new_login
    )
    return _answer(Valid(member.user_name, attributes), "json")


answers_nul(declare(validate_orgid, PROGRAMS))


def _validated(request: HttpRequest, enterprise: int | None) -> service_tickets.Proved | NotValid:
    return service_tickets.validate(
        request.GET.get("ticket", ""), request.GET.get("service", ""), enterprise=enterprise,
        renewed=is_set(request.GET.get("renew", "")), now=clock.wall(),
    )  # fmt: skip


def _answer(answer: cas_answers.Answer, form: Format) -> HttpResponse:
    body, content_type = cas_answers.write(answer, form)
    return HttpResponse(body, content_type=content_type)
