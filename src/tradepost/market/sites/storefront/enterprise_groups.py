"""Groups of people in an enterprise, to which applications are given at once."""

from __future__ import annotations

import re

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import groups as verbs
from tradepost.market.organisations import queries
from tradepost.market.organisations.models import Group
from tradepost.market.web.refusals import say_why

from .enterprise_frame import EnterpriseRequest, enterprise_page, found, show

_BETWEEN = re.compile(r"[\s,;，；、]+")
_NAMED = 5


class GroupForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the group"), max_length=verbs.LONGEST_NAME)


class PeopleForm(forms.Form):
    names = forms.CharField(
        label=gettext_lazy("Account names"),
        max_length=verbs.MOST_AT_ONCE * 66,
        help_text=gettext_lazy("One a line, or with commas between them; at most 500 at once."),
        widget=forms.Textarea(attrs={"rows": 4, "autocapitalize": "none", "spellcheck": "false"}),
    )

    def wanted(self) -> list[str]:
        return list(dict.fromkeys(one.lower() for one in _BETWEEN.split(self.cleaned_data["names"]) if one))


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    form, status = GroupForm(request.POST or None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            most = config().enterprise_groups_most
            try:
                made = verbs.add(
                    request.enterprise, form.cleaned_data["name"], by=request.membership, most=most, now=request.now
                )
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                return redirect("storefront:enterprise_group", code=request.enterprise.code, pk=made.pk)
    groups = queries.groups_with_sizes(request.enterprise)
    return show(request, "storefront/enterprise_groups.html", status=status, form=form, groups=groups)


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Who is in it; the form renames it."""
    one = found(queries.find_group(request.enterprise, pk))
    form, status = GroupForm(request.POST or None, initial={"name": one.name}), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                verbs.rename(one, form.cleaned_data["name"], by=request.membership, now=request.now)
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("Saved."))
                return redirect("storefront:enterprise_group", code=request.enterprise.code, pk=one.pk)
    return _detail(request, one, form, PeopleForm(), status)


def _detail(request: EnterpriseRequest, one: Group, form: GroupForm, people: PeopleForm, status: int) -> HttpResponse:
    page = queries.in_group(one, after=request.GET.get("after", ""))
    return show(
        request, "storefront/enterprise_group.html", status=status, one=one, form=form, people=people, page=page
    )


@require_POST
@enterprise_page(admin=True)
def add(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """All of the people who are named, or nobody."""
    one, people, status = found(queries.find_group(request.enterprise, pk)), PeopleForm(request.POST), 400
    if people.is_valid():
        wanted = people.wanted()
        known = queries.by_account_names(request.enterprise, wanted[: verbs.MOST_AT_ONCE + 1])
        unknown = [name for name in wanted if name not in known]
        try:
            if unknown:
                raise _unknown(unknown)
            number = verbs.put_in(one, list(known.values()), by=request.membership, now=request.now)
        except Refused as refused:
            say_why(people, refused)
            status = refused.status
        else:
            said = ngettext("%(number)s person was put in.", "%(number)s people were put in.", number)
            messages.success(request, said % {"number": number})
            return redirect("storefront:enterprise_group", code=request.enterprise.code, pk=one.pk)
    return _detail(request, one, GroupForm(initial={"name": one.name}), people, status)


def _unknown(names: list[str]) -> Refused:
    shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    return Refused(
        "group.unknown", _("Nobody here has these account names: %(names)s") % {"names": shown}, field="names"
    )


@require_POST
@enterprise_page(admin=True)
def take_out(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(queries.find_group(request.enterprise, pk))
    keys = [key for text in request.POST.getlist("member") if (key := whole_number(text)) is not None]
    number = verbs.take_out(one, keys, by=request.membership, now=request.now)
    said = ngettext("%(number)s person was taken out.", "%(number)s people were taken out.", number)
    messages.success(request, said % {"number": number})
    return redirect("storefront:enterprise_group", code=request.enterprise.code, pk=one.pk)


@require_POST
@enterprise_page(admin=True)
def remove(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(queries.find_group(request.enterprise, pk))
    verbs.remove(one, by=request.membership, now=request.now)
    messages.success(request, _("The group “%(name)s” is removed.") % {"name": one})
    return redirect("storefront:enterprise_groups", code=request.enterprise.code)
