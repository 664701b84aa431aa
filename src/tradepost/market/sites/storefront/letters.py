"""Whoever was handed an explanation letter finds out whether this market made it, and whether its invoice still counts
(business-rules §6.2). The address is in the letter; nobody needs an account."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradepost.market.invoices.letters import check_letter
from tradepost.market.web.access import now_of
from tradepost.market.web.invoice_letters import issuer


@never_cache
@require_safe
def check(request: HttpRequest, code: str) -> HttpResponse:
    found = check_letter(code, now=now_of(request))
    if found is None:
        raise Http404
    context = {"letter": found.letter, "invoice": found.invoice, "checked": found, "issuer": issuer()}
    return render(request, "storefront/letter.html", context)
