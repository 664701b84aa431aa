"""What was done in an enterprise, by whom and when."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.organisations import queries

from .enterprise_frame import EnterpriseRequest, enterprise_page, show
from .enterprise_words import told


@require_safe
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    page = queries.acts_of(request.enterprise, after=request.GET.get("after", ""))
    return show(request, "storefront/enterprise_history.html", page=page, told=told(page.rows))
