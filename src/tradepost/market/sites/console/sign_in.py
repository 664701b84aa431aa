"""How operators sign in: what the market asks of them, and who has two-step sign-in on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.identity import operator_queries
from tradepost.market.web.access import operator_required


@operator_required
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    context = {
        "page": operator_queries.operators(after=request.GET.get("after", "")),
        "required": config().second_step_for_operators,
    }
    return render(request, "console/sign_in.html", context)
