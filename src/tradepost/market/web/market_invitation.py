"""The page of an invitation to register: open an account with its address, or accept it with the current account."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tradepost.market.identity import market_invitations as verbs
from tradepost.market.identity.models import User
from tradepost.market.identity.opening_models import MarketInvitation

from .access import now_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def market_invitation(request: HttpRequest, token: str) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    if user is not None and (accepted := verbs.accepted_with(token, user)) is not None:
        return redirect(_after(accepted))
    invitation = verbs.find_invitation(token, now=now_of(request))
    if invitation is None:
        return render(request, "web/market_invitation.html", {"invitation": None}, status=404)
    if request.method == "POST":
        if user is None:
            return redirect_to_login(request.path)
        verbs.accept(invitation, user=user, now=now_of(request))
        messages.success(request, _("You have accepted the invitation."))
        return redirect(_after(invitation))
    query = urlencode({REDIRECT_FIELD_NAME: request.path})
    context = {
        "invitation": invitation,
        "sells": invitation.side == MarketInvitation.Side.SELLER,
        "is_for_reader": user is not None and user.email.casefold() == invitation.email.casefold(),
        "login_url": f"{reverse('account_login')}?{query}",
        "signup_url": f"{reverse('account_signup')}?{query}",
    }
    return render(request, "web/market_invitation.html", context)


def _after(invitation: MarketInvitation) -> str:
    return "seller_center:enter" if invitation.side == MarketInvitation.Side.SELLER else "storefront:home"
