"""The page of an operator's invitation from its mail: accept it with the account of the address, or open that account."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tradepost.market.audit.models import Outcome
from tradepost.market.audit.record import Act, Subject, record
from tradepost.market.identity import operator_invitations as verbs
from tradepost.market.identity.models import OperatorInvitation, User
from tradepost.market.web import peer
from tradepost.market.web.access import declare_access, now_of
from tradepost.market.web.pages import ask, submitted_data

LINK_HOLDERS = "anybody who has the link"
"""Access that this page declares: the token in its address opens it."""


class AccountForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"), max_length=128, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email))
        return password


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, and accept it. An invalid token reveals nothing."""
    invitation = verbs.find(token, now=now_of(request))
    if invitation is None:
        return render(request, "console/join.html", {"invitation": None}, status=404)
    if verbs.account_of(invitation) is None:
        return _open_account(request, token, invitation)
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST":
        if user is None:
            return redirect_to_login(request.path)
        verbs.accept(token, user=user, now=now_of(request))
        _record(request, user, invitation)
        messages.success(request, gettext("You are now an operator of this market."))
        return redirect("console:overview")
    query = urlencode({REDIRECT_FIELD_NAME: request.path})
    context = {
        "invitation": invitation,
        "is_for_reader": user is not None and user.email.casefold() == invitation.email.casefold(),
        "login_url": f"{reverse('account_login')}?{query}",
    }
    return render(request, "console/join.html", context)


declare_access(join, LINK_HOLDERS)


def _open_account(request: HttpRequest, token: str, invitation: OperatorInvitation) -> HttpResponse:
    form = AccountForm(submitted_data(request), email=invitation.email)

    def open_account() -> User:
        user = verbs.open_account(token, **form.cleaned_data, language=request.LANGUAGE_CODE, now=now_of(request))
        _record(request, user, invitation)
        return user

    return ask(
        request,
        form,
        open_account,
        page=lambda: render(request, "console/join.html", {"invitation": invitation, "form": form}),
        done=gettext("Your account is ready. Sign in with your email address and the password that you chose."),
        back=lambda _user: redirect("account_login"),
    )


def _record(request: HttpRequest, user: User, invitation: OperatorInvitation) -> None:
    act = Act(
        name="operator_join", actor=user.pk, actor_text=user.email,
        about=Subject(kind="account", id=str(user.pk), text=user.email), details={"role": invitation.role},
        network=peer.network_of(peer.peer(request)),
    )  # fmt: skip
    record(act, Outcome.DONE, now=now_of(request))
