"""Between the password and the sign-in: the second step, or turning it on where the enterprise asks for it.

Who has given the right password is remembered by the browser, in a cookie that nobody else can make and that is good for minutes,
until the password changes: a row would be left by everybody who goes away here. What is guessed is counted in the database.
"""

from __future__ import annotations

import json
from datetime import timedelta
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
from tradepost.market.web.second_step import answered
from tradepost.market.web.second_step_pages import Place

from . import sessions, sign_in
from .asked_for import leading_on
from .freshness import logged_in_at
from .may_sign_in import may_enter
from .models import Grant, SignInSession
from .settings_of import lives
from .tenant import COOKIE, enterprise_of, following_of, keep, page, session_of, sign_in_url, tenant

PENDING = "tradepost_second_step"
LIFE = timedelta(minutes=10)

type Way = SignInSession.Way
type Step = SignInSession.SecondStep


class Pending(Struct, frozen=True):
    """``step``: the second step that was taken already."""

    member: Member
    way: Way
    step: Step


def after_password(request: HttpRequest, member: Member, step: Step = SignInSession.SecondStep.NONE) -> HttpResponse:
    """The member gave the right password: what comes next. A password that somebody else made is replaced behind the second step, so
    that nobody takes the account over who knows the password alone."""
    way, taken = SignInSession.Way.PASSWORD, step != SignInSession.SecondStep.NONE
    if not taken and second_factor.is_on(member.user):
        return wait(request, member, way, "second_step_of_member")
    if member.password_temporary:
        return wait(request, member, way, "first_password", step)
    if not taken and member.enterprise.second_step_required:
        return wait(request, member, way, "second_step_set_up")
    return enter(request, member, way, step)


def wait(
    request: HttpRequest, member: Member, way: Way, at: str, step: Step = SignInSession.SecondStep.NONE
) -> HttpResponse:
    """On the page ``at``, which knows from the cookie whose sign-in it is."""
    answer = redirect(f"{page(request, at)}?{urlencode({'next': following_of(request)})}")
    told = {
        "member": member.pk, "way": way.value, "step": step.value, "at": clock.wall().timestamp(),
        "hash": member.user.get_session_auth_hash(),
    }  # fmt: skip
    answer.set_cookie(
        PENDING, seal(json.dumps(told)), max_age=LIFE, path=page(request, "sign_in"), httponly=True,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip
    return answer


def find(request: HttpRequest) -> Pending | None:
    """Whose sign-in waits in this browser; None for one that is too old, of another enterprise, or of who may no longer enter."""
    try:
        told = json.loads(unseal(request.COOKIES.get(PENDING, "")))
    except ValueError:
        return None
    if not isinstance(told, dict) or not told.keys() >= {
        "member",
        "way",
        "at",
        "hash",
    }:  # sealed by us for something else
        return None
    if not 0 <= clock.wall().timestamp() - told["at"] <= LIFE.total_seconds():
        return None
    member = (
        Member.objects.select_related("user", "enterprise", "department")
        .filter(pk=told["member"], enterprise=enterprise_of(request))
        .first()
    )
    if member is None or may_enter(member) is not None:
        return None
    if not constant_time_compare(told["hash"], member.user.get_session_auth_hash()):
        return None
    step = SignInSession.SecondStep(told.get("step", ""))
    return Pending(member, SignInSession.Way(told["way"]), step)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def second_step(request: HttpRequest) -> HttpResponse:
    found = find(request)
    if found is None or "cancel" in request.POST:
        return anew(request)
    form, status, method = answered(request, found.member.user)
    if method is not None:
        step = SignInSession.SecondStep(method.value)
        if found.way == SignInSession.Way.PASSWORD:
            return after_password(request, found.member, step)
        return enter(request, found.member, found.way, step)
    context = {
        "form": form,
        "enterprise": enterprise_of(request),
        "name": found.member.user_name,
        "next": following_of(request),
    }
    return leading_on(request, render(request, "auth_centre/second_step.html", context, status=status))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def set_up(request: HttpRequest) -> HttpResponse:
    """Nobody gets in without, where the enterprise asks for it."""
    found = find(request)
    if found is None:
        return anew(request)
    if found.way == SignInSession.Way.PASSWORD and found.member.password_temporary:
        return wait(request, found.member, found.way, "first_password")
    if second_factor.is_on(found.member.user):  # turned on elsewhere meanwhile
        return wait(request, found.member, found.way, "second_step_of_member")
    enterprise = enterprise_of(request)
    place = Place(
        user=found.member.user, account=f"{found.member.user_name}@{enterprise.code}", base="auth_centre/bare.html",
        home=sign_in_url(request, following_of(request)),
        more={"enterprise": enterprise, "next": following_of(request), "required_by": enterprise.name},
    )  # fmt: skip

    def done(codes: list[str]) -> HttpResponse:
        onward = Place(
            user=place.user,
            account=place.account,
            base=place.base,
            home=following_of(request),
            more={"enterprise": enterprise},
        )
        shown = second_step_pages.show_codes(request, onward, codes)
        return _signed_in(request, shown, found.member, found.way, SignInSession.SecondStep.APP)

    return leading_on(
        request, second_step_pages.turn_on(request, place, done, proved=found.way == SignInSession.Way.PASSWORD)
    )


def enter(request: HttpRequest, member: Member, way: Way, step: Step = SignInSession.SecondStep.NONE) -> HttpResponse:
    return _signed_in(request, redirect(following_of(request)), member, way, step)


def _signed_in(request: HttpRequest, answer: HttpResponse, member: Member, way: Way, step: Step) -> HttpResponse:
    """A new secret, the earlier sign-in of this browser ended: what was planted in it opens nothing (session fixation)."""
    now = clock.wall()
    with transaction.atomic():
        earlier = sessions.find(request.COOKIES.get(COOKIE, ""), enterprise_of(request), now=now)
        if earlier is not None:
            sessions.replace(earlier, member, now=now)
        _session, secret = sessions.begin(
            member, way=way, second_step=step, network=network_of(peer(request)),
            agent=request.headers.get("User-Agent", ""), life=lives().sign_in, now=now,
            authenticated_at=logged_in_at(request) if way == SignInSession.Way.ACCOUNT else now,
            made_for=following_of(request),
        )  # fmt: skip
    rotate_token(request)
    known_browsers.remember(request, member.user)
    sign_in.remember_network(member.enterprise_id, network_of(peer(request)), now=now)
    keep(request, answer, secret)
    _forget(request, answer)
    return answer


def renew(request: HttpRequest, answer: HttpResponse, step: Step) -> HttpResponse:
    """This browser goes on under a sign-in that began now, after all others of its member were ended."""
    mine, now = session_of(request), clock.wall()
    sessions.end_earlier(mine.member.user_id, Grant.Why.SECURED, before=now, now=now)
    return _signed_in(request, answer, mine.member, SignInSession.Way(mine.way), step)


def anew(request: HttpRequest) -> HttpResponse:
    answer = redirect(sign_in_url(request, following_of(request)))
    _forget(request, answer)
    return answer


def _forget(request: HttpRequest, answer: HttpResponse) -> None:
    if PENDING in request.COOKIES:
        answer.delete_cookie(PENDING, path=page(request, "sign_in"), samesite="Lax")


# Passwords are hashed, and guesses counted, outside of a transaction that others would wait for.
for _view in (second_step, set_up):
    _view.own_transactions = True  # type: ignore[attr-defined]
