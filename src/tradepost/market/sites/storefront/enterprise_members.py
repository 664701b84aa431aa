"""The people of an enterprise: listed and searched, added with an account of its making, invited, changed, removed."""

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
from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.organisations import act_log, members, password_files, queries, second_step
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.profile import EMPLOYEE_TYPES, LONGEST, profile_of, stored_profile
from tradepost.market.organisations.queries import MemberFilter
from tradepost.market.web.refusals import say_why

from .enterprise_frame import EnterpriseRequest, department_field, enterprise_page, found, show
from .enterprise_words import told

SHOWN = ("", "admins", "passwords", "removed")
PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
ACTS_SHOWN = 10


class PersonForm(forms.Form):
    """What an administrator says of somebody. ``new``: the account name is asked, too."""

    user_name = forms.CharField(
        label=gettext_lazy("Account name"),
        max_length=64,
        help_text=gettext_lazy("Letters, digits, dots, hyphens and underscores. It is this person's for ever."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=members.LONGEST_NAME)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=Member.Role.choices,
        help_text=gettext_lazy("An administrator manages the enterprise here, and is told to sellers as one."),
    )
    position = forms.CharField(label=gettext_lazy("Position"), max_length=LONGEST["position"], required=False)
    employee_code = forms.CharField(
        label=gettext_lazy("Staff number"), max_length=LONGEST["employee_code"], required=False
    )
    employee_type = forms.ChoiceField(
        label=gettext_lazy("Employment"),
        required=False,
        choices=[("", "–"), *((str(n), words) for n, words in EMPLOYEE_TYPES.items())],
    )
    mobile = forms.CharField(label=gettext_lazy("Mobile"), max_length=LONGEST["mobile"], required=False)
    email = forms.CharField(label=gettext_lazy("E-mail at work"), max_length=LONGEST["email"], required=False)
    work_place = forms.CharField(label=gettext_lazy("Work place"), max_length=LONGEST["work_place"], required=False)
    entry_date = forms.CharField(
        label=gettext_lazy("Joined the enterprise on"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Like 2026-03-01."),
    )

    def __init__(self, *args: Any, enterprise: Enterprise, new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise)
        self.order_fields(["user_name", "name", "department", "role"])
        if not new:
            del self.fields["user_name"]

    def person(self) -> Person:
        """Raises ``Refused``, which names the field."""
        said: Mapping[str, str] = self.cleaned_data
        profile = profile_of(said)
        return Person(name=said["name"], department=int(said["department"]), role=said["role"], profile=profile)


@require_safe
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    shown = request.GET.get("show", "")
    asked = MemberFilter(
        text=request.GET.get("q", "")[:64],
        department=request.GET.get("department", ""),
        show=shown if shown in SHOWN else "",
    )
    words = (_("All"), _("Administrators"), _("Without a password"), _("Removed"))
    department = None
    if asked.department.isdecimal():
        department = queries.find_department(request.enterprise, int(asked.department[:18]))
    return show(
        request, "storefront/enterprise_members.html", asked=asked, tabs=list(zip(SHOWN, words, strict=True)), current=asked.show,
        page=queries.members_of(request.enterprise, asked, after=request.GET.get("after", "")),
        invitations=queries.open_invitations(request.enterprise, after=request.GET.get("invited_after", "")),
        department=department,
        files=password_files.list_kept(request.enterprise) if asked.show == "passwords" else (),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def new(request: EnterpriseRequest) -> HttpResponse:
    """The page that answers holds the password, and no other ever does."""
    form, status = PersonForm(request.POST or None, enterprise=request.enterprise, new=True), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                made = members.add_managed(
                    request.enterprise, form.cleaned_data["user_name"], form.person(), by=request.membership,
                    most=config().enterprise_members_most, now=request.now,
                )  # fmt: skip
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                return show(request, "storefront/enterprise_password.html", made=made, first=True)
    return show(request, "storefront/enterprise_member_new.html", status=status, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(queries.find_member(request.enterprise, pk))
    known = {
        "name": one.name,
        "department": str(one.department_id),
        "role": one.role,
        **stored_profile(one.profile).stored(),
    }
    form, status = PersonForm(request.POST or None, enterprise=request.enterprise, new=False, initial=known), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                members.change(one, form.person(), by=request.membership, now=request.now)
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("Saved."))
                return redirect("storefront:enterprise_member", code=request.enterprise.code, pk=one.pk)
    return show(
        request, "storefront/enterprise_member.html", status=status, one=one, form=form,
        itself=one.pk == request.membership.pk, second_step=second_factor.state(one.user), groups=queries.groups_with(one),
        told=told(queries.acts_of(request.enterprise, about=act_log.subject(one), size=ACTS_SHOWN).rows),
        restore=RestoreForm(enterprise=request.enterprise) if one.removed_at else None,
    )  # fmt: skip


class RestoreForm(forms.Form):
    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise)


def _act(request: EnterpriseRequest, pk: int, act: Callable[..., object], words: str) -> HttpResponse:
    """One thing that is done to a member; a refusal is a page of its own."""
    one = found(queries.find_member(request.enterprise, pk))
    act(one, by=request.membership, now=request.now)
    messages.success(request, words % {"person": one})
    return redirect("storefront:enterprise_member", code=request.enterprise.code, pk=one.pk)


@require_POST
@enterprise_page(admin=True)
def disable(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return _act(request, pk, members.disable, _("%(person)s cannot sign in any more."))


@require_POST
@enterprise_page(admin=True)
def enable(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return _act(request, pk, members.enable, _("%(person)s can sign in again."))


@require_POST
@enterprise_page(admin=True)
def remove(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return _act(request, pk, members.remove, _("%(person)s is no member any more."))


@require_POST
@enterprise_page(admin=True)
def reset_second_step(request: EnterpriseRequest, pk: int) -> HttpResponse:
    act = partial(second_step.reset, wall=clock.wall())
    return _act(request, pk, act, _("%(person)s signs in by the password alone now, or turns the second step on anew."))


@require_POST
@enterprise_page(admin=True)
def restore(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(queries.find_member(request.enterprise, pk))
    form = RestoreForm(request.POST, enterprise=request.enterprise)
    if not form.is_valid():
        return redirect("storefront:enterprise_member", code=request.enterprise.code, pk=one.pk)
    members.restore(
        one, department=int(form.cleaned_data["department"]), by=request.membership, most=config().enterprise_members_most,
        now=request.now,
    )  # fmt: skip
    messages.success(request, _("%(person)s is a member again.") % {"person": one})
    return redirect("storefront:enterprise_member", code=request.enterprise.code, pk=one.pk)
