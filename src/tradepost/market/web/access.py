"""Who may enter a page: buyers, members of a seller, operators. What is not theirs does not exist for them (404).

Every page of the seller center and of the console declares what it needs (``declare``); a test walks all addresses and
fails for one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.identity import second_factor
from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.models import Member, Seller, User

from . import own_business
from .auditing import recorded
from .writers import READING

SESSION_SELLER = "seller"
"""Session key with the seller that a member of several is acting for."""
BUYERS = "everybody with an account"
ANSWERS_NUL = "answers_nul"
OPERATORS = "operators"
"""What a page of the console declares: there is one kind of them."""

type View = Callable[..., HttpResponseBase]


def declare[V: Callable[..., Any]](view: V, access: object) -> V:
    """Note what a page needs, for the test that walks them all. ``functools.wraps`` carries it outward."""
    view.access = access  # type: ignore[attr-defined]
    return view


def answers_nul[V: Callable[..., Any]](view: V) -> V:
    """Let a view for programs receive U+0000 in a query or a form: it refuses the value in the words of its own protocol."""
    setattr(view, ANSWERS_NUL, True)
    return view


def declared(view: Callable[..., Any]) -> object | None:
    """What a page needs; None when it says nothing."""
    return getattr(view, "access", None)


def person(request: HttpRequest) -> User:
    """Who is logged in; only behind one of the decorators below."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def now_of(request: HttpRequest) -> datetime:
    """The market's time of this request."""
    now: datetime = request.now  # type: ignore[attr-defined]
    return now


def seller_of(request: HttpRequest) -> Seller:
    """The seller that a page of the seller center is about; only behind ``seller_required``."""
    seller: Seller = request.seller  # type: ignore[attr-defined]
    return seller


def buyer_required(view: View) -> View:
    """Everybody with an account may buy; the others are asked to log in and come back."""
    return declare(login_required(view), BUYERS)


def seller_required(view: View) -> View:
    """Members of a seller only. Puts ``request.seller``, ``request.member``, ``request.rights`` and ``request.sellers``
    (all of theirs). Looked up with each request: who was removed is out with the next one."""

    @login_required
    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        members = list(Member.objects.select_related("seller").filter(user=person(request)).order_by("pk"))
        if not members:
            raise Http404
        chosen = request.session.get(SESSION_SELLER)
        member = next((m for m in members if m.seller_id == chosen), members[0])
        member.user = person(request)
        request.member = member  # type: ignore[attr-defined]
        request.seller = member.seller  # type: ignore[attr-defined]
        request.rights = rights_of(member)  # type: ignore[attr-defined]
        request.sellers = [m.seller for m in members]  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return inside


def choose_seller(request: HttpRequest, seller_id: int) -> None:
    """Act for another seller that this person is a member of, from the next page on. 404 when they are not."""
    if not Member.objects.filter(user=person(request), seller_id=seller_id).exists():
        raise Http404
    request.session[SESSION_SELLER] = seller_id


def operator_required(view: View) -> View:
    """Operators only; for everybody else the console does not exist. What may change something is recorded (``auditing``), and
    refused where it concerns the operator's own account or company (``own_business``)."""

    @login_required
    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        operator = person(request)
        if not operator.is_operator:
            raise Http404
        if config().second_step_for_operators and not second_factor.is_on(operator):
            messages.info(request, _("The console asks for two-step sign-in. Turn it on to go on."))
            return redirect("web:two_step_on")
        if request.method in READING:
            request.own_business = own_business.is_shown(request, operator)  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        def act() -> HttpResponseBase:
            own_business.refuse(request, operator)
            return view(request, *args, **kwargs)

        return recorded(request, operator, act)

    inside.own_transactions = True  # type: ignore[attr-defined]  # that of ``recorded``: what is refused is kept in another
    return declare(inside, OPERATORS)
