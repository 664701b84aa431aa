"""The departments of an enterprise, as a tree."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import departments as verbs
from tradepost.market.organisations import queries
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.models import Department, Enterprise
from tradepost.market.web.refusals import say_why

from .enterprise_frame import EnterpriseRequest, bounds, department_field, enterprise_page, found, show


class DepartmentForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=verbs.LONGEST_NAME)
    code = forms.CharField(
        label=gettext_lazy("Department code"),
        max_length=64,
        help_text=gettext_lazy(
            "Letters, digits, dots, hyphens and underscores. Sellers know the department by it; it stays."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, enterprise: Enterprise, kept: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        top = gettext_lazy("– at the top –")
        self.fields["parent"] = department_field(enterprise, label=gettext_lazy("Stands below"), top=top)
        if kept:
            del self.fields["code"]

    @property
    def parent(self) -> int | None:
        return whole_number(self.cleaned_data["parent"])


@require_safe
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    tree, codes, people = (
        tree_of(request.enterprise),
        queries.codes_of(request.enterprise),
        queries.people_in(request.enterprise),
    )
    lines = [(one, codes.get(one.node.key, ""), people.get(one.node.key, 0)) for one in tree.placed()]
    return show(request, "storefront/enterprise_departments.html", lines=lines, counted=bool(people))


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def new(request: EnterpriseRequest) -> HttpResponse:
    above = request.GET.get("below", "")
    form, status = DepartmentForm(request.POST or None, enterprise=request.enterprise, initial={"parent": above}), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                made = verbs.add(
                    request.enterprise, form.cleaned_data["code"], form.cleaned_data["name"], parent=form.parent,
                    by=request.membership, bounds=bounds(), now=request.now,
                )  # fmt: skip
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("The department “%(name)s” is added.") % {"name": made})
                return redirect("storefront:enterprise_departments", code=request.enterprise.code)
    return show(request, "storefront/enterprise_department.html", status=status, form=form, one=None)


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(queries.find_department(request.enterprise, pk))
    known = {"name": one.name, "parent": str(one.parent_id or "")}
    form, status = DepartmentForm(request.POST or None, enterprise=request.enterprise, kept=True, initial=known), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                verbs.change(
                    one,
                    form.cleaned_data["name"],
                    parent=form.parent,
                    by=request.membership,
                    bounds=bounds(),
                    now=request.now,
                )
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("Saved."))
                return redirect("storefront:enterprise_departments", code=request.enterprise.code)
    return _detail(request, one, form, status)


def _detail(request: EnterpriseRequest, one: Department, form: DepartmentForm, status: int) -> HttpResponse:
    people = queries.people_of(one)
    return show(request, "storefront/enterprise_department.html", status=status, form=form, one=one, people=people)


@require_POST
@enterprise_page(admin=True)
def remove(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(queries.find_department(request.enterprise, pk))
    verbs.remove(one, by=request.membership, now=request.now)
    messages.success(request, _("The department “%(name)s” is removed.") % {"name": one})
    return redirect("storefront:enterprise_departments", code=request.enterprise.code)
