"""The page of an invitation from its mail: accept it with the account of the invited address, signed in or newly
created."""

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

from tradepost.market.base.both_languages import localised_name
from tradepost.market.identity import members as verbs
from tradepost.market.identity.models import User
from tradepost.market.web.access import View, choose_seller, declare_access, now_of

LINK_HOLDERS = "anybody who has the link"
"""Access that this page declares: the token in its address opens it."""


def for_link_holders(view: View) -> View:
    """Mark a page that anyone with its link may open."""
    return declare_access(view, LINK_HOLDERS)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_link_holders
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, and accept it. An invalid token reveals nothing; a valid one shows the company and the
    address."""
    invitation = verbs.find_invitation(token, now=now_of(request))
    if invitation is None:
        return render(request, "seller_center/join.html", {"invitation": None}, status=404)
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST":
        if user is None:
            return redirect_to_login(request.path)
        member = verbs.accept(token, user=user, now=now_of(request))
        choose_seller(request, member.seller_id)
        messages.success(request, _("You are now acting for %(company)s.") % {"company": localised_name(member.seller)})
        return redirect("seller_center:overview")
    query = urlencode({REDIRECT_FIELD_NAME: request.path})
    context = {
        "invitation": invitation,
        "is_for_reader": user is not None and verbs.is_for(invitation, user),
        "login_url": f"{reverse('account_login')}?{query}",
        "signup_url": f"{reverse('account_signup')}?{query}",
    }
    return render(request, "seller_center/join.html", context)
