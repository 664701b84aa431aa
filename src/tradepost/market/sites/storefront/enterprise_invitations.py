"""People with accounts of their own are invited into an enterprise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity import throttling
from tradepost.market.notifications.enterprise_mails import send_again, send_invitation
from tradepost.market.organisations import invite as verbs
from tradepost.market.organisations import members, queries
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.web.refusals import say_why

from .enterprise_frame import EnterpriseRequest, department_field, enterprise_page, found, show, terms
from .enterprise_members import PLAIN

A_DAY = timedelta(days=1)


class InviteForm(forms.Form):
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        help_text=gettext_lazy("The invitation is mailed there, and only an account of this address can accept it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=members.LONGEST_NAME)
    user_name = forms.CharField(
        label=gettext_lazy("Account name"),
        max_length=64,
        help_text=gettext_lazy("Letters, digits, dots, hyphens and underscores. It is this person's for ever."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Member.Role.choices)

    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise)

    def person(self) -> Person:
        said = self.cleaned_data
        return Person(name=said["name"], department=int(said["department"]), role=said["role"])


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def invite(request: EnterpriseRequest) -> HttpResponse:
    form, status = InviteForm(request.POST or None, enterprise=request.enterprise), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                with transaction.atomic():
                    _not_too_often(request)
                    made = send_invitation(
                        request.enterprise, form.cleaned_data["email"], form.cleaned_data["user_name"], form.person(),
                        by=request.membership, terms=terms(), now=request.now,
                    )  # fmt: skip
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": made.email})
                return redirect("storefront:enterprise_members", code=request.enterprise.code)
    days = config().enterprise_invitation_days
    return show(request, "storefront/enterprise_invite.html", status=status, form=form, days=days)


def _not_too_often(request: EnterpriseRequest) -> None:
    """An enterprise must not fill strangers' mailboxes through the market."""
    what, most = f"invitations of enterprise {request.enterprise.pk}", config().enterprise_invitations_a_day
    if throttling.window(what, most=most, length=A_DAY, now=clock.wall()):
        raise Refused("invitation.too_often", _("No more invitations can be mailed today. Try again tomorrow."))


@require_POST
@enterprise_page(admin=True)
def again(request: EnterpriseRequest, pk: int) -> HttpResponse:
    invitation = found(queries.find_invitation_of(request.enterprise, pk))
    if invitation.status != invitation.Status.PENDING:
        raise Refused("invitation.answered", _("This invitation was answered or withdrawn meanwhile."))
    _not_too_often(request)
    made = send_again(invitation, by=request.membership, terms=terms(), now=request.now)
    told = _("A new invitation is on its way to %(email)s; the link of the former one no longer works.")
    messages.success(request, told % {"email": made.email})
    return redirect("storefront:enterprise_members", code=request.enterprise.code)


@require_POST
@enterprise_page(admin=True)
def withdraw(request: EnterpriseRequest, pk: int) -> HttpResponse:
    invitation = found(queries.find_invitation_of(request.enterprise, pk))
    verbs.revoke(invitation, by=request.membership, now=request.now)
    messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect("storefront:enterprise_members", code=request.enterprise.code)
