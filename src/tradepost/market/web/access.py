"""Access guards for pages: buyers, members of a seller, operators. A page that a reader may not see answers 404.

Every page of the seller center and of the console declares its access (``declare_access``). A test visits all addresses and
fails for a page without a declaration.
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

from . import console_access, own_business, within_reach
from .auditing import run_recorded
from .writers import SAFE_METHODS

SESSION_SELLER = "seller"
"""Session key of the seller that a member of several sellers currently acts for."""
BUYERS = "everybody with an account"
ANSWERS_NUL = "answers_nul"
OPERATORS = "operators"
"""Access that a console page declares. ``console_access`` has the table of roles."""

type View = Callable[..., HttpResponseBase]


def declare_access[V: Callable[..., Any]](view: V, access: object) -> V:
    """Record the access that a page needs, for the test that visits all pages. ``functools.wraps`` copies it to the
    wrapper."""
    view.access = access  # type: ignore[attr-defined]
    return view


def accept_nul[V: Callable[..., Any]](view: V) -> V:
    """Let a view for programs receive U+0000 in a query or a form. The view refuses the value in its protocol's own
    format."""
    setattr(view, ANSWERS_NUL, True)
    return view


def declared_access(view: Callable[..., Any]) -> object | None:
    """Return the access that a page declares, or None."""
    return getattr(view, "access", None)


def person(request: HttpRequest) -> User:
    """Return the signed-in user. Call it only behind one of the decorators below."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def now_of(request: HttpRequest) -> datetime:
    """Return the market's time of this request."""
    now: datetime = request.now  # type: ignore[attr-defined]
    return now


def seller_of(request: HttpRequest) -> Seller:
    """Return the seller of a seller center page. Call it only behind ``seller_required``."""
    seller: Seller = request.seller  # type: ignore[attr-defined]
    return seller


def buyer_required(view: View) -> View:
    """Require an account. Visitors are redirected to the sign-in page, and return after it."""
    return declare_access(login_required(view), BUYERS)


def seller_required(view: View) -> View:
    """Require membership of a seller. Sets ``request.seller``, ``request.member``, ``request.rights`` and
    ``request.sellers`` (all sellers of the user). Memberships are read on each request, so a removed member loses
    access at once."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not act_for_seller(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def act_for_seller(request: HttpRequest) -> bool:
    """Set the user's seller and rights on the request: the chosen seller, otherwise the first. Return False for a
    person who is not a member of any seller."""
    user = person(request)
    members = list(Member.objects.select_related("seller").filter(user=user).order_by("pk"))
    if not members:
        return False
    selected_id = request.session.get(SESSION_SELLER)
    member = next((m for m in members if m.seller_id == selected_id), members[0])
    member.user = user
    request.member = member  # type: ignore[attr-defined]
    request.seller = member.seller  # type: ignore[attr-defined]
    request.rights = rights_of(member)  # type: ignore[attr-defined]
    request.sellers = [m.seller for m in members]  # type: ignore[attr-defined]
    return True


def choose_seller(request: HttpRequest, seller_id: int) -> None:
    """Switch the session to another seller of this person. Raises 404 if the person is not a member of it."""
    if not Member.objects.filter(user=person(request), seller_id=seller_id).exists():
        raise Http404
    request.session[SESSION_SELLER] = seller_id


def may_enter_console(user: User) -> bool:
    """Return whether this account may open the console now."""
    return user.is_operator and not _lacks_second_step(user)


def _lacks_second_step(operator: User) -> bool:
    return config().identity.second_step_for_operators and not second_factor.is_on(operator)


def operator_required(view: View) -> View:
    """Require an operator whose role includes the page (``console_access``); other users get 404. Requests that may
    change something are recorded (``auditing``), and refused if they concern the operator's own account or company
    (``own_business``)."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        operator = person(request)

        def trim_links(response: HttpResponseBase) -> HttpResponseBase:
            within_reach.trim(request, response, operator.operator_role)
            return response

        if not operator.is_operator:
            raise Http404
        if _lacks_second_step(operator):
            messages.info(request, _("The console requires two-step sign-in. Turn it on to continue."))
            return redirect("web:two_step_on")
        if request.method in SAFE_METHODS:
            console_access.refuse(request, operator)
            request.own_business = own_business.shows_own_object(request, operator)  # type: ignore[attr-defined]
            return trim_links(view(request, *args, **kwargs))

        def act() -> HttpResponseBase:
            console_access.refuse(request, operator)
            own_business.refuse(request, operator)
            return view(request, *args, **kwargs)

        return trim_links(run_recorded(request, operator, act))

    # ``run_recorded`` opens its own transaction, and records refusals in a second one
    guarded.own_transactions = True  # type: ignore[attr-defined]
    return declare_access(guarded, OPERATORS)
