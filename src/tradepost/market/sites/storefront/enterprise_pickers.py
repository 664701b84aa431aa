"""The lists of pickers on enterprise pages, loaded by htmx."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base.numbers import whole_number
from tradepost.market.web.pickers import Departments, People, picker_list

from .enterprise_frame import EnterpriseRequest, enterprise_page


@require_safe
@enterprise_page(admin=True)
def people(request: EnterpriseRequest) -> HttpResponse:
    """Return members. ``of``: the key of a department, to list only its members."""
    return picker_list(request, People(request.enterprise, whole_number(request.GET.get("of", ""))))


@require_safe
@enterprise_page(admin=True)
def departments(request: EnterpriseRequest) -> HttpResponse:
    return picker_list(request, Departments(request.enterprise))
