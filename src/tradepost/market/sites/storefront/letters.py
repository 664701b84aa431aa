"""Check an explanation letter: whether this market issued it and whether its invoice is still valid (business-rules
§6.2).

The letter contains the address. No account is needed.
"""

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
    letter_check = check_letter(code, now=now_of(request))
    if letter_check is None:
        raise Http404
    context = {
        "letter": letter_check.letter,
        "invoice": letter_check.invoice,
        "checked": letter_check,
        "issuer": issuer(),
    }
    return render(request, "storefront/letter.html", context)
