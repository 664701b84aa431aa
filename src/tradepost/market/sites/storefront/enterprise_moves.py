"""Move members of an enterprise to another department: chosen members, or all of a department."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import move_members as verbs
from tradepost.market.organisations import queries
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.pages import ask, or_404, submitted_data
from tradepost.market.web.pickers import PickingForm

from .enterprise_frame import EnterpriseRequest, department_field, enterprise_page, people_field, show


class TargetForm(PickingForm):
    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise, label=_("Move to department"))

    @property
    def department(self) -> int:
        return int(self.cleaned_data["department"])


class MoveForm(TargetForm):
    """A form to move members. ``of``: offer only members of this department."""

    def __init__(self, *args: Any, enterprise: Enterprise, of: int | None, **kwargs: Any) -> None:
        super().__init__(*args, enterprise=enterprise, **kwargs)
        self.fields["people"] = people_field(enterprise, department=of, label=_("People"))
        self.order_fields(["people", "department"])


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def move_chosen(request: EnterpriseRequest) -> HttpResponse:
    """Move chosen members. ``of`` and ``people`` in the address: the previous department, and the preselected members."""
    from_department = whole_number(request.GET.get("of", ""))
    initial = {"people": request.GET.getlist("people"), "department": request.GET.get("department", "")}
    form = MoveForm(submitted_data(request), enterprise=request.enterprise, of=from_department, initial=initial)
    return ask(
        request,
        form,
        lambda: verbs.move(
            request.enterprise, form.cleaned_data["people"], to=form.department, by=request.membership, now=request.now
        ),
        page=lambda: show(request, "storefront/enterprise_move.html", form=form, one=None),
        done=_moved_message,
        back=lambda _number: _redirect_to_members(request, form),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def move_everyone(request: EnterpriseRequest, pk: int) -> HttpResponse:
    department = or_404(queries.find_department(request.enterprise, pk))
    form = TargetForm(submitted_data(request), enterprise=request.enterprise)
    return ask(
        request,
        form,
        lambda: verbs.move_everyone(department, to=form.department, by=request.membership, now=request.now),
        page=lambda: show(
            request, "storefront/enterprise_move.html", form=form, one=department, people=queries.people_of(department)
        ),
        done=_moved_message,
        back=lambda _number: _redirect_to_members(request, form),
    )


def _moved_message(number: int) -> str:
    words = ngettext("%(number)s person was moved.", "%(number)s people were moved.", number)
    return words % {"number": number}


def _redirect_to_members(request: EnterpriseRequest, form: TargetForm) -> HttpResponse:
    members = reverse("storefront:enterprise_members", args=[request.enterprise.code])
    return redirect(f"{members}?department={form.department}")
