"""The steps between the password and the sign-in: the second step, or setting it up if the enterprise requires it.

A sealed cookie remembers who entered the right password. It is valid for minutes and until the password changes. Rows
would accumulate when people leave here. Failed codes are counted in the database.
"""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from msgspec import Struct

from tradepost.market.base import clock
from tradepost.market.base.secrets import seal, unseal
from tradepost.market.identity import second_factor
from tradepost.market.organisations.models import Member
from tradepost.market.web import known_browsers, second_step_pages
from tradepost.market.web.peer import network_of, peer
from tradepost.market.web.second_step import CodeForm, check_code
from tradepost.market.web.second_step_pages import SecondStepContext

from . import sessions, sign_in, sign_in_notes
from .freshness import logged_in_at
from .may_sign_in import entry_refusal
from .models import Grant, SignInSession
from .requesting_client import allow_next_address
from .settings_of import lifetimes
from .tenant import COOKIE, enterprise_of, following_of, page, session_of, set_sign_in_cookie, sign_in_url, tenant

PENDING = "tradepost_second_step"
LIFETIME = timedelta(minutes=10)

type Way = SignInSession.Way
type Step = SignInSession.SecondStep


class Pending(Struct, frozen=True):
    """A sign-in in progress. ``step``: the second step already taken."""

    member: Member
    way: Way
    step: Step


def after_password(request: HttpRequest, member: Member, step: Step = SignInSession.SecondStep.NONE) -> HttpResponse:
    """Continue after the right password. A temporary password is replaced after the second step.

    Otherwise somebody who knows only the password could take over the account.
    """
    way, has_second_step = SignInSession.Way.PASSWORD, step != SignInSession.SecondStep.NONE
    if not has_second_step and second_factor.is_on(member.user):
        return redirect_to(request, member, way, "second_step_of_member")
    if member.password_temporary:
        return redirect_to(request, member, way, "first_password", step)
    if not has_second_step and member.enterprise.second_step_required:
        return redirect_to(request, member, way, "second_step_set_up")
    return enter(request, member, way, step)


def redirect_to(
    request: HttpRequest, member: Member, way: Way, at: str, step: Step = SignInSession.SecondStep.NONE
) -> HttpResponse:
    """Redirect to the page ``at``. The cookie identifies the sign-in."""
    response = redirect(f"{page(request, at)}?{urlencode({'next': following_of(request)})}")
    state = {
        "member": member.pk, "way": way.value, "step": step.value, "at": clock.wall().timestamp(),
        "hash": member.user.get_session_auth_hash(),
    }  # fmt: skip
    response.set_cookie(
        PENDING, seal(json.dumps(state)), max_age=LIFETIME, path=page(request, "sign_in"), httponly=True,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip
    return response


def find(request: HttpRequest) -> Pending | None:
    """Return the browser's pending sign-in. None if it is expired, of another enterprise, or of a member who may not
    enter."""
    try:
        state = json.loads(unseal(request.COOKIES.get(PENDING, "")))
    except ValueError:
        return None
    if not isinstance(state, dict) or not state.keys() >= {
        "member",
        "way",
        "at",
        "hash",
    }:  # sealed for another purpose
        return None
    if not 0 <= clock.wall().timestamp() - state["at"] <= LIFETIME.total_seconds():
        return None
    member = (
        Member.objects.select_related("user", "enterprise", "department")
        .filter(pk=state["member"], enterprise=enterprise_of(request))
        .first()
    )
    if member is None or entry_refusal(member) is not None:
        return None
    if not constant_time_compare(state["hash"], member.user.get_session_auth_hash()):
        return None
    step = SignInSession.SecondStep(state.get("step", ""))
    return Pending(member, SignInSession.Way(state["way"]), step)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def second_step(request: HttpRequest) -> HttpResponse:
    pending_sign_in = find(request)
    if pending_sign_in is None or "cancel" in request.POST:
        return restart(request)
    form, status, method = check_code(request, pending_sign_in.member.user)
    if method is not None:
        step = SignInSession.SecondStep(method.value)
        if pending_sign_in.way == SignInSession.Way.PASSWORD:
            return after_password(request, pending_sign_in.member, step)
        return enter(request, pending_sign_in.member, pending_sign_in.way, step)
    if status != HTTPStatus.OK and CodeForm(request.POST).is_valid():  # a code was submitted
        too_often = status == HTTPStatus.TOO_MANY_REQUESTS
        sign_in_notes.record_wrong_code(request, pending_sign_in.member, pending_sign_in.way, too_often=too_often)
    context = {
        "form": form,
        "enterprise": enterprise_of(request),
        "name": pending_sign_in.member.user_name,
        "next": following_of(request),
    }
    return allow_next_address(request, render(request, "auth_centre/second_step.html", context, status=status))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def set_up(request: HttpRequest) -> HttpResponse:
    """Set up the second step, which the enterprise requires."""
    pending_sign_in = find(request)
    if pending_sign_in is None:
        return restart(request)
    if pending_sign_in.way == SignInSession.Way.PASSWORD and pending_sign_in.member.password_temporary:
        return redirect_to(request, pending_sign_in.member, pending_sign_in.way, "first_password")
    if second_factor.is_on(pending_sign_in.member.user):  # turned on in another browser meanwhile
        return redirect_to(request, pending_sign_in.member, pending_sign_in.way, "second_step_of_member")
    enterprise = enterprise_of(request)
    step_context = SecondStepContext(
        user=pending_sign_in.member.user, account=f"{pending_sign_in.member.user_name}@{enterprise.code}", base="auth_centre/bare.html",
        home=sign_in_url(request, following_of(request)),
        more={"enterprise": enterprise, "next": following_of(request), "required_by": enterprise.name},
    )  # fmt: skip

    def done(codes: list[str]) -> HttpResponse:
        next_place = SecondStepContext(
            user=step_context.user,
            account=step_context.account,
            base=step_context.base,
            home=following_of(request),
            more={"enterprise": enterprise},
        )
        response = second_step_pages.show_codes(request, next_place, codes)
        return _start_sign_in(
            request, response, pending_sign_in.member, pending_sign_in.way, SignInSession.SecondStep.APP
        )

    return allow_next_address(
        request,
        second_step_pages.turn_on(
            request, step_context, done, proved=pending_sign_in.way == SignInSession.Way.PASSWORD
        ),
    )


def enter(request: HttpRequest, member: Member, way: Way, step: Step = SignInSession.SecondStep.NONE) -> HttpResponse:
    return _start_sign_in(request, redirect(following_of(request)), member, way, step)


def _start_sign_in(request: HttpRequest, response: HttpResponse, member: Member, way: Way, step: Step) -> HttpResponse:
    """Start a new sign-in with a new secret and end the earlier one of this browser, against session fixation."""
    now = clock.wall()
    with transaction.atomic():
        earlier = sessions.find(request.COOKIES.get(COOKIE, ""), enterprise_of(request), now=now)
        if earlier is not None:
            sessions.replace(earlier, member, now=now)
        _session, secret = sessions.begin(
            member, way=way, second_step=step, network=network_of(peer(request)),
            agent=request.headers.get("User-Agent", ""), life=lifetimes().sign_in, now=now,
            authenticated_at=logged_in_at(request) if way == SignInSession.Way.ACCOUNT else now,
            made_for=following_of(request),
        )  # fmt: skip
        sign_in_notes.record_sign_in(request, member, way, step)
    rotate_token(request)
    known_browsers.remember(request, member.user)
    sign_in.remember_network(member.enterprise_id, network_of(peer(request)), now=now)
    set_sign_in_cookie(request, response, secret)
    _forget(request, response)
    return response


def renew(request: HttpRequest, response: HttpResponse, step: Step) -> HttpResponse:
    """Continue in this browser with a new sign-in after ending all others of the member."""
    session, now = session_of(request), clock.wall()
    sessions.end_earlier(session.member.user_id, Grant.Why.SECURED, before=now, now=now)
    return _start_sign_in(request, response, session.member, SignInSession.Way(session.way), step)


def restart(request: HttpRequest) -> HttpResponse:
    response = redirect(sign_in_url(request, following_of(request)))
    _forget(request, response)
    return response


def _forget(request: HttpRequest, response: HttpResponse) -> None:
    if PENDING in request.COOKIES:
        response.delete_cookie(PENDING, path=page(request, "sign_in"), samesite="Lax")


# Hash passwords and count failures outside a transaction that others would wait for.
for _view in (second_step, set_up):
    _view.own_transactions = True  # type: ignore[attr-defined]
