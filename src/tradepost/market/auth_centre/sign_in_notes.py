"""Record events of the auth centre in the enterprise's sign-in log (``applications/sign_in_log.py``)."""

from __future__ import annotations

from django.http import HttpRequest

from tradepost.market.applications import sign_in_log
from tradepost.market.applications.models import Client, SignInEntry
from tradepost.market.applications.sign_in_log import Browser
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.models import Member
from tradepost.market.web.peer import network_of, peer

from . import requesting_client, sign_in
from .models import SignInSession
from .tenant import enterprise_of, following_of

Result = SignInEntry.Result
RESULT_BY_CODE = {
    "auth.locked": Result.TOO_MANY_TRIES,
    "auth.no_member": Result.DISABLED,
    "auth.disabled": Result.DISABLED,
    "auth.frozen": Result.FROZEN,
    "auth.not_bound": Result.NOT_BOUND,
}
"""Results by refusal code. Others are a wrong password, an unknown name or a missing authorisation."""


def record_sign_in(request: HttpRequest, member: Member, way: str, step: str) -> None:
    _record(request, Result.SIGNED_IN, member, _requesting_client(request), way=way, step=step)


def record_refusal(request: HttpRequest, name: str, refused: Refused) -> None:
    """Record a refused sign-in. ``name``: the entered name, with which the member is looked up."""
    member = sign_in.find(enterprise_of(request), name)
    result = RESULT_BY_CODE.get(refused.code, Result.WRONG_PASSWORD if member else Result.UNKNOWN_NAME)
    _record(request, result, member, _requesting_client(request), way=SignInSession.Way.PASSWORD)


def record_wrong_code(request: HttpRequest, member: Member, way: str, *, too_often: bool) -> None:
    result = Result.TOO_MANY_TRIES if too_often else Result.WRONG_CODE
    _record(request, result, member, _requesting_client(request), way=way)


def record_opened(request: HttpRequest, session: SignInSession, client: Client) -> None:
    """Record that an application got a code or a ticket for the member."""
    _record(request, Result.OPENED, session.member, client, way=session.way, step=session.second_step)


def record_not_allowed(request: HttpRequest, session: SignInSession, client: Client, refused: Refused) -> None:
    result = RESULT_BY_CODE.get(refused.code, Result.NOT_ALLOWED)
    _record(request, result, session.member, client, way=session.way, step=session.second_step)


def _record(
    request: HttpRequest, result: SignInEntry.Result, member: Member | None, client: Client | None, *, way: str, step: str = ""
) -> None:  # fmt: skip
    browser = Browser(network=network_of(peer(request)), agent=request.headers.get("User-Agent", ""))
    sign_in_log.record(
        enterprise_of(request), result, browser, wall=clock.wall(), member=member,
        application=client.application_id if client else None, way=way, second_step=step,
    )  # fmt: skip


def _requesting_client(request: HttpRequest) -> Client | None:
    """Return the client of the application from which the person came."""
    return requesting_client.client_in_address(following_of(request), enterprise_of(request))
