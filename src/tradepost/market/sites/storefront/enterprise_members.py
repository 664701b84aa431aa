"""Members of an enterprise: list and search, new accounts, invitations, changes and removal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.identity import second_factor
from tradepost.market.organisations import act_log, members, password_files, queries, second_step
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.profile import EMPLOYEE_TYPES, MAX_LENGTHS, profile_of, stored_profile
from tradepost.market.organisations.queries import MemberFilter
from tradepost.market.web.pages import ask, or_404, submitted_data
from tradepost.market.web.pickers import PickingForm

from .enterprise_frame import EnterpriseRequest, department_field, enterprise_page, show
from .enterprise_words import history_entries

TABS = ("", "admins", "passwords", "removed")
PLAIN_INPUT = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
MAX_ACTS = 10


class PersonForm(PickingForm):
    """The form of a member's data. ``new``: also asks for the account name."""

    user_name = forms.CharField(
        label=gettext_lazy("Account name"),
        max_length=64,
        help_text=gettext_lazy("Letters, digits, dots, hyphens and underscores. It cannot be changed later."),
        widget=forms.TextInput(attrs=PLAIN_INPUT),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=members.MAX_NAME_LENGTH)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=Member.Role.choices,
        help_text=gettext_lazy("An administrator manages the enterprise here. Sellers see the role."),
    )
    position = forms.CharField(label=gettext_lazy("Position"), max_length=MAX_LENGTHS["position"], required=False)
    employee_code = forms.CharField(
        label=gettext_lazy("Staff number"), max_length=MAX_LENGTHS["employee_code"], required=False
    )
    employee_type = forms.ChoiceField(
        label=gettext_lazy("Employment"),
        required=False,
        choices=[("", "–"), *((str(n), words) for n, words in EMPLOYEE_TYPES.items())],
    )
    mobile = forms.CharField(label=gettext_lazy("Mobile"), max_length=MAX_LENGTHS["mobile"], required=False)
    email = forms.CharField(label=gettext_lazy("E-mail at work"), max_length=MAX_LENGTHS["email"], required=False)
    work_place = forms.CharField(
        label=gettext_lazy("Place of work"), max_length=MAX_LENGTHS["work_place"], required=False
    )
    entry_date = forms.CharField(
        label=gettext_lazy("Joined the enterprise on"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("For example 2026-03-01."),
    )

    def __init__(self, *args: Any, enterprise: Enterprise, new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise)
        self.order_fields(["user_name", "name", "department", "role"])
        if not new:
            del self.fields["user_name"]

    def person(self) -> Person:
        """Return the submitted person. Raises ``Refused`` with the field."""
        data: Mapping[str, str] = self.cleaned_data
        profile = profile_of(data)
        return Person(name=data["name"], department=int(data["department"]), role=data["role"], profile=profile)


@require_safe
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    tab = request.GET.get("show", "")
    filters = MemberFilter(
        text=request.GET.get("q", "")[:64],
        department=request.GET.get("department", ""),
        show=tab if tab in TABS else "",
    )
    words = (_("All"), _("Administrators"), _("Without a password"), _("Removed"))
    department = None
    if filters.department.isdecimal():
        department = queries.find_department(request.enterprise, int(filters.department[:18]))
    return show(
        request, "storefront/enterprise_members.html", asked=filters,
        tabs=list(zip(TABS, words, strict=True)), current=filters.show,
        page=queries.members_of(request.enterprise, filters, after=request.GET.get("after", "")),
        invitations=queries.open_invitations(request.enterprise, after=request.GET.get("invited_after", "")),
        department=department,
        files=password_files.recent_files(request.enterprise) if filters.show == "passwords" else (),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def new(request: EnterpriseRequest) -> HttpResponse:
    """Add a member. Only this response shows the password."""
    form = PersonForm(submitted_data(request), enterprise=request.enterprise, new=True)
    return ask(
        request,
        form,
        lambda: members.add_managed(
            request.enterprise, form.cleaned_data["user_name"], form.person(), by=request.membership,
            most=config().organisations.enterprise_members_most, now=request.now,
        ),
        page=lambda: show(request, "storefront/enterprise_member_new.html", form=form),
        back=lambda created: show(request, "storefront/enterprise_password.html", made=created, first=True),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    member = or_404(queries.find_member(request.enterprise, pk))
    form = _person_form(request, member, submitted_data(request))
    return ask(
        request,
        form,
        lambda: members.change(member, form.person(), by=request.membership, now=request.now),
        page=lambda: _page(request, member, form),
        done=_("Saved."),
        back=("storefront:enterprise_member", request.enterprise.code, member.pk),
    )


def _person_form(request: EnterpriseRequest, member: Member, data: Any = None) -> PersonForm:
    initial = {
        "name": member.name,
        "department": str(member.department_id),
        "role": member.role,
        **stored_profile(member.profile).stored(),
    }
    return PersonForm(data, enterprise=request.enterprise, new=False, initial=initial)


def _page(
    request: EnterpriseRequest, member: Member, form: PersonForm, restored: RestoreForm | None = None
) -> HttpResponse:
    """Render the page of a member. ``restored``: the submitted form to restore the member."""
    return show(
        request, "storefront/enterprise_member.html", one=member, form=form,
        itself=member.pk == request.membership.pk, second_step=second_factor.state(member.user), groups=queries.groups_of_member(member),
        told=history_entries(queries.acts_of(request.enterprise, about=act_log.subject(member), size=MAX_ACTS).rows, request.enterprise),
        restore=(restored or RestoreForm(enterprise=request.enterprise)) if member.removed_at else None,
    )  # fmt: skip


class RestoreForm(PickingForm):
    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise)


def _run_act(request: EnterpriseRequest, pk: int, act: Callable[..., object], words: str) -> HttpResponse:
    """Run an act on a member. A refusal is shown as its own page."""
    member = or_404(queries.find_member(request.enterprise, pk))
    act(member, by=request.membership, now=request.now)
    messages.success(request, words % {"person": member})
    return redirect("storefront:enterprise_member", code=request.enterprise.code, pk=member.pk)


@require_POST
@enterprise_page(admin=True)
def disable(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return _run_act(request, pk, members.disable, _("%(person)s can no longer sign in."))


@require_POST
@enterprise_page(admin=True)
def enable(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return _run_act(request, pk, members.enable, _("%(person)s can sign in again."))


@require_POST
@enterprise_page(admin=True)
def remove(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return _run_act(request, pk, members.remove, _("%(person)s is no longer a member."))


@require_POST
@enterprise_page(admin=True)
def reset_second_step(request: EnterpriseRequest, pk: int) -> HttpResponse:
    act = partial(second_step.reset, wall=clock.wall())
    return _run_act(request, pk, act, _("Two-step sign-in is off for %(person)s. The person can turn it on again."))


@require_POST
@enterprise_page(admin=True)
def restore(request: EnterpriseRequest, pk: int) -> HttpResponse:
    member = or_404(queries.find_member(request.enterprise, pk))
    form = RestoreForm(request.POST, enterprise=request.enterprise)
    return ask(
        request,
        form,
        lambda: members.restore_member(
            member, department=int(form.cleaned_data["department"]), by=request.membership,
            most=config().organisations.enterprise_members_most, now=request.now,
        ),
        page=lambda: _page(request, member, _person_form(request, member), form),
        done=_("%(person)s is a member again.") % {"person": member},
        back=("storefront:enterprise_member", request.enterprise.code, member.pk),
    )  # fmt: skip
