"""The guard and frame of all enterprise pages: membership of the reader, and pages for administrators only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.organisations import admin_visits, departments, queries
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.invite import InvitationTerms
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.reset_wait import ResetLimits
from tradepost.market.web.access import buyer_required, person
from tradepost.market.web.pages.guards import listing_view
from tradepost.market.web.pages.listing import Listing
from tradepost.market.web.pickers import DepartmentField, Departments, People, PeopleField


class EnterpriseRequest(HttpRequest):
    """A request behind ``enterprise_page``."""

    user: User
    now: datetime
    membership: Member
    enterprise: Enterprise
    visitor: Member | None
    """The administrator who signed in through the auth centre, or None."""


type EnterpriseView[**P] = Callable[Concatenate[EnterpriseRequest, P], HttpResponse]


def enterprise_page(*, admin: bool) -> Callable[[EnterpriseView[Any]], Callable[..., HttpResponseBase]]:
    """Guard a page for members of the enterprise in the address; others get 404. ``admin``: only for its
    administrators. Members use a market account; administrators may also come from the auth centre (decision 0083)."""

    def guard(view: EnterpriseView[Any]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: EnterpriseRequest, code: str, *args: Any, **kwargs: Any) -> HttpResponse:
            member = request.visitor or queries.membership(person(request), code)
            if member is None:
                raise Http404
            if admin and member.role != Member.Role.ADMIN:
                words = _("Only administrators of %(enterprise)s see this page.") % {"enterprise": member.enterprise}
                raise Refused("enterprise.not_admin", words, HTTPStatus.FORBIDDEN)
            member.user = person(request)
            request.membership, request.enterprise = member, member.enterprise
            return view(request, *args, **kwargs)

        inside = buyer_required(never_cache(guarded))

        @wraps(inside)
        def outside(request: EnterpriseRequest, code: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            secret = request.COOKIES.get(admin_visits.COOKIE, "")
            request.visitor = admin_visits.administrator_of(secret, code, now=clock.wall()) if secret else None
            if request.visitor is not None:
                request.user = request.visitor.user  # only for this request: the account opens no other page
            return inside(request, code, *args, **kwargs)

        return outside

    return guard


def show(request: EnterpriseRequest, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> HttpResponse:
    """Render a page with the context of its frame."""
    frame = {
        "enterprise": request.enterprise,
        "membership": request.membership,
        "is_admin": request.membership.role == Member.Role.ADMIN,
        "workbench": f"{config().auth_centre_of(request.enterprise.code)}/",
        "visitor": request.visitor,
    }
    return render(request, template, {**frame, **context}, status=status)


def enterprise_list(listing: Listing[Any, Any]) -> Callable[..., HttpResponseBase]:
    """Return the guarded page of a list for administrators. It has no files, because administrators from the auth
    centre have no exports page."""
    read = listing_view(listing, _show_listing, lambda _request, _export: False)
    return require_safe(enterprise_page(admin=True)(read))


def _show_listing(request: EnterpriseRequest, template: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    return show(request, template, status=status, **context)


def invitation_terms() -> InvitationTerms:
    settings = config()
    return InvitationTerms(
        most=settings.organisations.enterprise_members_most,
        valid=timedelta(days=settings.organisations.enterprise_invitation_days),
    )


def password_reset_limits() -> ResetLimits:
    settings = config()
    return ResetLimits(
        apart=timedelta(minutes=settings.organisations.password_reset_gap_minutes), hourly=settings.organisations.password_resets_an_hour,
        daily=settings.organisations.password_resets_a_day,
    )  # fmt: skip


def department_limits() -> departments.DepartmentLimits:
    settings = config()
    return departments.DepartmentLimits(
        most=settings.organisations.departments_most, deepest=settings.organisations.departments_deepest
    )


DEPARTMENT = gettext_lazy("Department")


def department_field(enterprise: Enterprise, *, label: Any = DEPARTMENT, top: Any = None) -> forms.Field:
    """Return a field to choose a department: a tree, or a picker if the tree is too large. The value is a key as text,
    or "" for ``top``, the label of no department. For a ``PickingForm``."""
    tree = tree_of(enterprise)
    if len(tree.nodes) > queries.SHOWN_DEPARTMENTS:
        url = reverse("storefront:enterprise_pick_departments", args=[enterprise.code])
        source = Departments(enterprise)
        return DepartmentField(source, url, none=top or "", label=label, required=top is None)
    choices = [
        (str(department.node.key), "\u3000" * department.depth + department.node.name) for department in tree.placed()
    ]
    return forms.ChoiceField(
        label=label, choices=[("", top), *choices] if top is not None else choices, required=top is None
    )


def people_field(enterprise: Enterprise, *, department: int | None = None, **kwargs: Any) -> PeopleField:
    """Return a field to pick several members by name, or only members of ``department``. For a ``PickingForm``."""
    url = reverse("storefront:enterprise_pick_people", args=[enterprise.code])
    if department is not None:
        url = f"{url}?{urlencode({'of': department})}"
    return PeopleField(People(enterprise, department), url, **kwargs)
