"""An invitation, as its mail leads to it: accepted by the account of the invited address, signed in or newly opened."""

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

from tradepost.market.base.both_languages import named
from tradepost.market.identity import members as verbs
from tradepost.market.identity.models import User
from tradepost.market.web.access import View, choose_seller, declare, now_of

ANYBODY = "anybody who has the link"
"""What this page declares: the token in its address is what opens it."""


def to_anybody(view: View) -> View:
    """A page that a link opens, whoever has it."""
    return declare(view, ANYBODY)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@to_anybody
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Nothing is told of a token that is none; where it is one, who has the link is told the company and the address."""
    invitation = verbs.find_invitation(token, now=now_of(request))
    if invitation is None:
        return render(request, "seller_center/join.html", {"invitation": None}, status=404)
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST":
        if user is None:
            return redirect_to_login(request.path)
        member = verbs.accept(token, user=user, now=now_of(request))
        choose_seller(request, member.seller_id)
        messages.success(request, _("You act for %(company)s now.") % {"company": named(member.seller)})
        return redirect("seller_center:overview")
    back = urlencode({REDIRECT_FIELD_NAME: request.path})
    context = {
        "invitation": invitation,
        "is_for_reader": user is not None and verbs.is_for(invitation, user),
        "login_url": f"{reverse('account_login')}?{back}",
        "signup_url": f"{reverse('account_signup')}?{back}",
    }
    return render(request, "seller_center/join.html", context)
