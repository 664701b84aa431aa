"""Authorise members, groups and departments of an enterprise to use an application, and withdraw authorisations."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.applications import authorise as verbs
from tradepost.market.applications import authorise_departments, buyer_queries
from tradepost.market.applications.models import TenantBinding
from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import queries
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.pages import Problem, act, ask, or_404, require_choice, submitted_data
from tradepost.market.web.pickers import PickingForm

from .enterprise_applications import own_binding, redirect_to_application, run_act
from .enterprise_frame import EnterpriseRequest, department_field, enterprise_page, people_field, show


class RightForm(PickingForm):
    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"] = people_field(enterprise, label=_("People"))
        self.fields["admin"] = forms.BooleanField(
            label=_("They also administer the application"), required=False,
            help_text=_("The seller gives them administrator rights in the application."),
        )  # fmt: skip


class DepartmentForm(PickingForm):
    below = forms.BooleanField(
        label=gettext_lazy("Include the departments below it"), required=False,
        help_text=gettext_lazy("Also departments that are added later."),
    )  # fmt: skip

    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise)
        self.order_fields(["department", "below"])


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def people(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding, form = own_binding(request, pk), RightForm(submitted_data(request), enterprise=request.enterprise)

    def authorise() -> str:
        people: list[int] = form.cleaned_data["people"]
        verbs.authorise(
            binding,
            people,
            admin=form.cleaned_data["admin"],
            rules=sync_rules(),
            now=request.now,
            by=request.membership,
        )
        words = ngettext(
            "%(number)s person can now use the application. The seller is being notified.",
            "%(number)s people can now use the application. The seller is being notified.", len(people),
        )  # fmt: skip
        return words % {"number": len(people)}

    words = {"title": _("Authorise members"), "action": _("Authorise the selected people")}
    page = partial(_page, request, binding, form, **words)
    return ask(request, form, authorise, page=page, done=str, back=lambda _said: redirect_to_application(request, pk))


def _page(request: EnterpriseRequest, binding: TenantBinding, form: PickingForm, **words: Any) -> HttpResponse:
    return show(request, "storefront/enterprise_authorise.html", binding=binding, form=form, **words)


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def department(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Authorise a department: members gain the right when they join and lose it when they leave."""
    initial = {"department": request.GET.get("department", ""), "below": request.GET.get("below") == "1"}
    binding = own_binding(request, pk)
    form = DepartmentForm(submitted_data(request), enterprise=request.enterprise, initial=initial)

    def authorise() -> str:
        department = or_404(queries.find_department(request.enterprise, int(form.cleaned_data["department"])))
        authorise_departments.authorise_department(
            binding,
            department,
            below=form.cleaned_data["below"],
            rules=sync_rules(),
            now=request.now,
            by=request.membership,
        )
        message = _("Everyone in %(department)s can now use the application. The seller is being notified.")
        return message % {"department": department}

    words = {"title": _("Authorise a department"), "action": _("Authorise the department")}
    page = partial(_page, request, binding, form, **words)
    return ask(
        request, form, authorise, page=page, done=str, back=lambda _message: redirect_to_application(request, pk)
    )


@require_POST
@enterprise_page(admin=True)
def withdraw_department(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding, key = own_binding(request, pk), whole_number(request.POST.get("department", "")) or 0

    def act() -> str:
        lost_count = authorise_departments.withdraw_department(
            binding, key, rules=sync_rules(), now=request.now, by=request.membership
        )
        return _withdrawal_message(lost_count)

    return run_act(request, pk, act)


def _withdrawal_message(number: int) -> str:
    if not number:
        return _("The authorisation was withdrawn. No one lost access to the application.")
    words = ngettext(
        "%(number)s person can no longer use the application.",
        "%(number)s people can no longer use the application.",
        number,
    )
    return words % {"number": number}


@require_POST
@enterprise_page(admin=True)
def withdraw(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding, member = own_binding(request, pk), whole_number(request.POST.get("member", "")) or 0

    def act() -> str:
        verbs.withdraw(binding, [member], rules=sync_rules(), now=request.now, by=request.membership)
        if buyer_queries.may_use(binding, member):
            return _("The person keeps access through a group or a department.")
        return _("The person can no longer use the application.")

    return run_act(request, pk, act)


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def group(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding = own_binding(request, pk)

    def authorise() -> str:
        group = require_choice(queries.find_group(request.enterprise, whole_number(request.POST.get("group", "")) or 0))
        verbs.authorise_group(binding, group, rules=sync_rules(), now=request.now, by=request.membership)
        words = _("Everyone in %(group)s can now use the application. The seller is being notified.")
        return words % {"group": group}

    if request.method != "POST":
        return _group_page(request, binding, None)
    return act(
        request,
        authorise,
        done=str,
        back=("storefront:enterprise_application", request.enterprise.code, pk),
        page=lambda problem: _group_page(request, binding, problem),
    )


def _group_page(request: EnterpriseRequest, binding: TenantBinding, problem: Problem | None) -> HttpResponse:
    bound = buyer_queries.groups_bound(binding)
    unbound_groups = [group for group in queries.groups_with_sizes(request.enterprise) if group[0] not in bound]
    return show(
        request,
        "storefront/enterprise_authorise_group.html",
        binding=binding,
        groups=unbound_groups,
        all_bound=bool(bound),
        refused=problem.refused if problem else None,
    )


@require_POST
@enterprise_page(admin=True)
def withdraw_group(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding = own_binding(request, pk)
    chosen = or_404(queries.find_group(request.enterprise, whole_number(request.POST.get("group", "")) or 0))

    def act() -> str:
        return _withdrawal_message(
            verbs.withdraw_group(binding, chosen, rules=sync_rules(), now=request.now, by=request.membership)
        )

    return run_act(request, pk, act)
