"""The entry page: what a company needs to sell on this market, and the button that makes an account an applicant."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.identity import enter as verbs
from tradepost.market.identity import registration
from tradepost.market.identity.models import Member
from tradepost.market.review.company_form import rules_of
from tradepost.market.review.drafts import begin, draft_of
from tradepost.market.review.seller_queries import latest
from tradepost.market.web.access import SESSION_SELLER, buyer_required, now_of, person

ENTER = "enter"
"""The kind of submission for entry."""


@never_cache
@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """Show the requirements, and start an application. Members of a seller are redirected to its page."""
    user, now = person(request), now_of(request)
    own = Member.objects.select_related("seller").filter(user=user).order_by("pk").first()
    if request.method == "POST":
        seller = verbs.apply(user, now=now)
        request.session[SESSION_SELLER] = seller.pk
        if draft_of(ENTER, seller) is None and latest(seller, ENTER) is None:
            begin(ENTER, seller, by=user, now=now)
        return redirect("seller_center:draft", ENTER)
    if own is not None:
        return redirect("seller_center:company")
    access = registration.selling_access(user, now=now)
    why_not = "" if access == registration.Access.OPEN else registration.selling_refusal(access)
    context = _requirements() | {"why_not": why_not}
    return render(request, "seller_center/enter.html", context)


def _requirements() -> dict[str, object]:
    settings = config()
    rules = rules_of(settings)
    return {
        "rules": rules,
        "capital": Money.of(rules.least_capital, settings.currency),
        "review_days": settings.review.review_working_days,
    }
