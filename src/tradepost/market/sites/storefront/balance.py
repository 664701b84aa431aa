"""The buyer's balance: what is there, what moved, how to add to it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.payments.queries import buyer_account, entries
from tradepost.market.web.access import buyer_required, person


@buyer_required
@require_safe
def balance(request: HttpRequest) -> HttpResponse:
    account = buyer_account(person(request), config().currency)
    context = {
        "balance": account.balance if account else Money(0, config().currency),
        "page": entries(account, after=request.GET.get("after", "")),
    }
    return render(request, "storefront/balance.html", context)
