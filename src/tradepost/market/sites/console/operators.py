"""Operators with their roles and sign-in methods, and invitations of new ones."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.approvals.models import Request
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.identity import limits, operator_invitations, operator_queries, throttling
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import MEANING, Role
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import INVITE_OPERATOR
from tradepost.market.web.approved_commands import InviteOperator
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    act,
    ask,
    fragment,
    moment,
    page_link,
    submitted_data,
    text,
)
from tradepost.market.web.pages.form_acts import or_404
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT


class InviteForm(forms.Form):
    email = forms.CharField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The invitation is sent to this address. Only its owner can accept it."),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.SUPPORT)


def role_rows() -> list[tuple[str, Any]]:
    """Return the roles with their purpose."""
    return [(str(role.label), MEANING[role]) for role in Role]


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[User]:
    del request, query
    return operator_queries.operators(after=after, size=size)


def _rule(request: HttpRequest) -> str:
    del request
    if config().identity.second_step_for_operators:
        return gettext("Operators need two-step sign-in for the console. Those without it set it up when they sign in.")
    return gettext(
        "Operators without two-step sign-in enter the console with their password alone. TRADEPOST_SECOND_STEP_FOR_OPERATORS=1 requires it of all."
    )


def _second_step_since(user: User) -> object:
    return user.second_factor.created_at if hasattr(user, "second_factor") else None


def _state(user: User) -> str:
    return pgettext("account", "Active") if user.is_active else pgettext("account", "Locked")


def _invitations(request: HttpRequest, query: ListQuery) -> dict[str, Any]:
    del query
    return {"invitations": operator_invitations.pending(), "roles": role_rows(), "now": now_of(request)}


LISTING: Listing[User, User] = Listing(
    name="console:operators",
    title=_("Operators"),
    intro=_rule,
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(_("Operator"), str, "console:account_access", "pk", under="email"),
        text(_("Email"), "email", on_page=False),
        text(_("Role"), "get_operator_role_display"),
        text(_("State"), _state),
        fragment(_("Two-step sign-in"), _second_step_since, "console/parts/second_step_since.html"),
        moment(_("Last sign-in"), "last_login"),
    ),
    empty=Empty(icon="shield-check", title=_("No operators")),
    file="operators",
    links=(Link(words=_("Invite an operator"), page="console:operator_invite", icon="mail", primary=True),),
    template="console/operators.html",
    also=_invitations,
)
index = operator_list(LISTING)


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    form = InviteForm(submitted_data(request))
    return ask(
        request,
        form,
        lambda: _send_invitation(request, **form.cleaned_data),
        page=lambda: render(request, "console/operator_invite.html", {"form": form, "roles": role_rows()}),
        done=lambda waits: approving.approval_needed_message() if waits else _sent_to(form.cleaned_data["email"]),
        back=approving.redirect_after("console:operators"),
    )


@operator_required
@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Mail a new link, which replaces the earlier one."""
    invitation = or_404(operator_invitations.find_pending(pk))
    return act(
        request,
        lambda: _send_invitation(request, invitation.email, invitation.role),
        done=lambda waits: approving.approval_needed_message() if waits else _sent_to(invitation.email),
        back=approving.redirect_after("console:operators"),
    )


@operator_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = or_404(operator_invitations.find_pending(pk))
    return act(
        request,
        lambda: operator_invitations.revoke(invitation, by=person(request), now=now_of(request)),
        done=gettext("The invitation of %(email)s was withdrawn.") % {"email": invitation.email},
        back="console:operators",
    )


def _send_invitation(request: HttpRequest, email: str, role: str) -> Request | None:
    by, limit = person(request), config().identity.invitations_a_day
    if wait := throttling.count(limits.OPERATOR_INVITATIONS, str(by.pk), most=limit, now=clock.wall()):
        words = gettext("You have reached the daily limit for invitations. Try again tomorrow.")
        raise Refused("operator.too_often", words, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    command = InviteOperator(email=email.strip(), role=role, language=get_language() or "zh-hans")
    return approving.run(request, INVITE_OPERATOR, command)


def _sent_to(email: str) -> str:
    return gettext("An invitation was sent to %(email)s.") % {"email": email}
