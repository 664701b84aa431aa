"""What a buyer agrees to when ordering."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config


@require_safe
def buyer_agreement(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/agreement.html", {"pay_minutes": config().unpaid_timeout_minutes})
