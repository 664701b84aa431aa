"""Invitations of people with their own accounts into an enterprise."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity import limits, throttling
from tradepost.market.notifications.enterprise_mails import resend_invitation, send_invitation
from tradepost.market.organisations import invite as verbs
from tradepost.market.organisations import members, queries
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Enterprise, Invitation, Member
from tradepost.market.web.pages import ask, or_404, submitted_data
from tradepost.market.web.pickers import PickingForm

from .enterprise_frame import EnterpriseRequest, department_field, enterprise_page, invitation_terms, show
from .enterprise_members import PLAIN_INPUT


class InviteForm(PickingForm):
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        help_text=gettext_lazy("The invitation is sent there. Only an account with this address can accept it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=members.MAX_NAME_LENGTH)
    user_name = forms.CharField(
        label=gettext_lazy("Account name"),
        max_length=64,
        help_text=gettext_lazy("Letters, digits, dots, hyphens and underscores. It cannot be changed later."),
        widget=forms.TextInput(attrs=PLAIN_INPUT),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Member.Role.choices)

    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(enterprise)

    def person(self) -> Person:
        data = self.cleaned_data
        return Person(name=data["name"], department=int(data["department"]), role=data["role"])


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def invite(request: EnterpriseRequest) -> HttpResponse:
    form, days = (
        InviteForm(submitted_data(request), enterprise=request.enterprise),
        config().organisations.enterprise_invitation_days,
    )

    def send() -> Invitation:
        _check_rate(request)
        return send_invitation(
            request.enterprise, form.cleaned_data["email"], form.cleaned_data["user_name"], form.person(),
            by=request.membership, terms=invitation_terms(), now=request.now,
        )  # fmt: skip

    return ask(
        request,
        form,
        send,
        page=lambda: show(request, "storefront/enterprise_invite.html", form=form, days=days),
        done=lambda created: _("An invitation was sent to %(email)s.") % {"email": created.email},
        back=("storefront:enterprise_members", request.enterprise.code),
    )


def _check_rate(request: EnterpriseRequest) -> None:
    """Limit the invitations of an enterprise, so that nobody can spam strangers through the market."""
    limit = config().organisations.enterprise_invitations_a_day
    if wait := throttling.count(
        limits.ENTERPRISE_INVITATIONS, f"{request.enterprise.pk}", most=limit, now=clock.wall()
    ):
        words = _("You have reached the daily limit for invitations. Try again tomorrow.")
        raise Refused("invitation.too_often", words, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)


@require_POST
@enterprise_page(admin=True)
def resend(request: EnterpriseRequest, pk: int) -> HttpResponse:
    invitation = or_404(queries.find_invitation_of(request.enterprise, pk))
    if invitation.status != invitation.Status.PENDING:
        raise Refused("invitation.answered", _("This invitation was already answered or withdrawn."))
    _check_rate(request)
    new_invitation = resend_invitation(invitation, by=request.membership, terms=invitation_terms(), now=request.now)
    message = _("A new invitation was sent to %(email)s. The previous link no longer works.")
    messages.success(request, message % {"email": new_invitation.email})
    return redirect("storefront:enterprise_members", code=request.enterprise.code)


@require_POST
@enterprise_page(admin=True)
def withdraw(request: EnterpriseRequest, pk: int) -> HttpResponse:
    invitation = or_404(queries.find_invitation_of(request.enterprise, pk))
    verbs.revoke(invitation, by=request.membership, now=request.now)
    messages.success(request, _("The invitation of %(email)s was withdrawn.") % {"email": invitation.email})
    return redirect("storefront:enterprise_members", code=request.enterprise.code)
