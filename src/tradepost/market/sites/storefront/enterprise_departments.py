"""The departments of an enterprise, as a tree."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import departments as verbs
from tradepost.market.organisations import queries
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.models import Department, Enterprise
from tradepost.market.web.pages import ask, or_404, submitted_data
from tradepost.market.web.pickers import PickingForm

from .enterprise_frame import EnterpriseRequest, department_field, department_limits, enterprise_page, show


class DepartmentForm(PickingForm):
    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=verbs.MAX_NAME_LENGTH)
    code = forms.CharField(
        label=gettext_lazy("Department code"),
        max_length=64,
        help_text=gettext_lazy(
            "Letters, digits, dots, hyphens and underscores. Sellers identify the department by it, so it cannot "
            "be changed."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, enterprise: Enterprise, kept: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        top = gettext_lazy("– at the top –")
        self.fields["parent"] = department_field(enterprise, label=gettext_lazy("Parent department"), top=top)
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
        queries.members_by_department(request.enterprise),
    )
    lines = [
        (department, codes.get(department.node.key, ""), people.get(department.node.key, 0))
        for department in tree.placed()
    ]
    return show(request, "storefront/enterprise_departments.html", lines=lines, counted=bool(people))


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def new(request: EnterpriseRequest) -> HttpResponse:
    parent = request.GET.get("below", "")
    form = DepartmentForm(submitted_data(request), enterprise=request.enterprise, initial={"parent": parent})
    return ask(
        request,
        form,
        lambda: verbs.add(
            request.enterprise, form.cleaned_data["code"], form.cleaned_data["name"], parent=form.parent,
            by=request.membership, bounds=department_limits(), now=request.now,
        ),
        page=lambda: show(request, "storefront/enterprise_department.html", form=form, one=None),
        done=lambda created: _("The department “%(name)s” was added.") % {"name": created},
        back=("storefront:enterprise_departments", request.enterprise.code),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    department = or_404(queries.find_department(request.enterprise, pk))
    initial = {"name": department.name, "parent": str(department.parent_id or "")}
    form = DepartmentForm(submitted_data(request), enterprise=request.enterprise, kept=True, initial=initial)
    return ask(
        request,
        form,
        lambda: verbs.change(
            department,
            form.cleaned_data["name"],
            parent=form.parent,
            by=request.membership,
            bounds=department_limits(),
            now=request.now,
        ),
        page=lambda: _department_page(request, department, form),
        done=_("Saved."),
        back=("storefront:enterprise_departments", request.enterprise.code),
    )


def _department_page(request: EnterpriseRequest, department: Department, form: DepartmentForm) -> HttpResponse:
    people = queries.people_of(department)
    return show(request, "storefront/enterprise_department.html", form=form, one=department, people=people)


@require_POST
@enterprise_page(admin=True)
def remove(request: EnterpriseRequest, pk: int) -> HttpResponse:
    department = or_404(queries.find_department(request.enterprise, pk))
    verbs.remove(department, by=request.membership, now=request.now)
    messages.success(request, _("The department “%(name)s” was removed.") % {"name": department})
    return redirect("storefront:enterprise_departments", code=request.enterprise.code)
