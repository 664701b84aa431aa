"""What every page of an enterprise stands in: who reads it as a member, and which pages are its administrators' alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import User
from tradepost.market.organisations import admin_visits, departments, queries
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.invite import Terms
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.reset_wait import Gaps
from tradepost.market.web.access import buyer_required, person


class EnterpriseRequest(HttpRequest):
    """A request after ``enterprise_page``."""

    user: User
    now: datetime
    membership: Member
    enterprise: Enterprise
    visitor: Member | None
    """Who came from the auth centre."""


type EnterpriseView[**P] = Callable[Concatenate[EnterpriseRequest, P], HttpResponse]


def enterprise_page(*, admin: bool) -> Callable[[EnterpriseView[Any]], Callable[..., HttpResponseBase]]:
    """For members of the enterprise whose code stands in the address; for everybody else it does not exist. ``admin``: for its
    administrators alone. A member comes with a market account, an administrator also from the auth centre (decision 0083)."""

    def guard(view: EnterpriseView[Any]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: EnterpriseRequest, code: str, *args: Any, **kwargs: Any) -> HttpResponse:
            found = request.visitor or queries.membership(person(request), code)
            if found is None:
                raise Http404
            if admin and found.role != Member.Role.ADMIN:
                words = _("Only administrators of %(enterprise)s see this page.") % {"enterprise": found.enterprise}
                raise Refused("enterprise.not_admin", words, HTTPStatus.FORBIDDEN)
            found.user = person(request)
            request.membership, request.enterprise = found, found.enterprise
            return view(request, *args, **kwargs)

        inside = buyer_required(never_cache(guarded))

        @wraps(inside)
        def outside(request: EnterpriseRequest, code: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            secret = request.COOKIES.get(admin_visits.COOKIE, "")
            request.visitor = admin_visits.find(secret, code, now=clock.wall()) if secret else None
            if request.visitor is not None:
                request.user = request.visitor.user  # for this request: the account opens no other page
            return inside(request, code, *args, **kwargs)

        return outside

    return guard


def show(request: EnterpriseRequest, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> HttpResponse:
    """A page with what its frame needs."""
    frame = {
        "enterprise": request.enterprise,
        "membership": request.membership,
        "is_admin": request.membership.role == Member.Role.ADMIN,
        "workbench": f"{config().auth_centre_of(request.enterprise.code)}/",
        "visitor": request.visitor,
    }
    return render(request, template, {**frame, **context}, status=status)


def found[T](thing: T | None) -> T:
    """What belongs to the enterprise. 404 for what is not there, or another's."""
    if thing is None:
        raise Http404
    return thing


def terms() -> Terms:
    settings = config()
    return Terms(most=settings.enterprise_members_most, valid=timedelta(days=settings.enterprise_invitation_days))


def gaps() -> Gaps:
    settings = config()
    return Gaps(
        apart=timedelta(minutes=settings.password_reset_gap_minutes), hourly=settings.password_resets_an_hour,
        daily=settings.password_resets_a_day,
    )  # fmt: skip


def bounds() -> departments.Bounds:
    settings = config()
    return departments.Bounds(most=settings.departments_most, deepest=settings.departments_deepest)


DEPARTMENT = gettext_lazy("Department")


def department_field(enterprise: Enterprise, *, label: Any = DEPARTMENT, top: Any = None) -> forms.Field:
    """A choice of the tree; of a tree that is too large to choose from, a department's code. Its value is a key as text, or empty
    for ``top``: the words of what is no department."""
    tree = tree_of(enterprise)
    if len(tree.nodes) > queries.SHOWN_DEPARTMENTS:
        return DepartmentCode(enterprise, label=label, required=top is None)
    placed = [(str(one.node.key), "\u3000" * one.depth + one.node.name) for one in tree.placed()]
    return forms.ChoiceField(
        label=label, choices=[("", top), *placed] if top is not None else placed, required=top is None
    )


class DepartmentCode(forms.CharField):
    def __init__(self, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(max_length=64, help_text=gettext_lazy("Code of the department."), **kwargs)
        self._enterprise = enterprise

    def clean(self, value: Any) -> str:
        code = super().clean(value).strip()
        keys = {text.casefold(): key for key, text in queries.codes_of(self._enterprise).items()} if code else {}
        if code and code.casefold() not in keys:
            raise forms.ValidationError(_("There is no department with this code."))
        return str(keys[code.casefold()]) if code else ""

    def prepare_value(self, value: Any) -> Any:
        """A key that a form begins with shows as its code."""
        text = str(value or "")
        return queries.codes_of(self._enterprise).get(whole_number(text) or 0, text)
