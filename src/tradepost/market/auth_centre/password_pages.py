"""A member's password at the auth centre: replace it at the first sign-in, change it later, and reset it by mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.notifications import member_mails
from tradepost.market.organisations import own_address, own_password
from tradepost.market.organisations.models import Member
from tradepost.market.web import known_browsers
from tradepost.market.web.access import now_of
from tradepost.market.web.pages import submitted_data
from tradepost.market.web.peer import network_of, peer
from tradepost.market.web.refusals import add_refusal, status_of

from . import pending, sign_in
from .models import SignInSession
from .requesting_client import allow_next_address
from .tenant import enterprise_of, following_of, members_only, page, session_of, sign_in_url, tenant


def _field(label: Any, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=own_password.MAX_LENGTH, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )  # fmt: skip


class NewPasswordForm(forms.Form):
    new_password = _field(gettext_lazy("New password"), "new-password")
    new_password_again = _field(gettext_lazy("New password again"), "new-password")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's arguments
        self.fields["new_password"].help_text = _("At least 10 characters, no common password, and not your name.")

    def clean(self) -> dict[str, object]:
        cleaned_data: dict[str, object] = super().clean() or {}
        passwords = cleaned_data.get("new_password"), cleaned_data.get("new_password_again")
        if None not in passwords and passwords[0] != passwords[1]:
            self.add_error("new_password_again", _("The two passwords do not match."))
        return cleaned_data


class ChangeForm(NewPasswordForm):
    old_password = _field(gettext_lazy("Current password"), "current-password")
    field_order = ("old_password", "new_password", "new_password_again")


class AddressForm(forms.Form):
    email = forms.CharField(
        label=gettext_lazy("Email address"), max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    password = _field(gettext_lazy("Current password"), "current-password")


class ForgotForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("User name"), max_length=sign_in.MAX_LENGTH,
        help_text=gettext_lazy("The user name assigned by your enterprise."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )  # fmt: skip


# --- at the first sign-in -------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def first_password(request: HttpRequest) -> HttpResponse:
    """Replace a password that an administrator set. Follows the password and, if enabled, the second step."""
    pending_sign_in = pending.find(request)
    if pending_sign_in is None or "cancel" in request.POST or not pending_sign_in.member.password_temporary:
        return pending.restart(request)
    if pending_sign_in.step == SignInSession.SecondStep.NONE and second_factor.is_on(pending_sign_in.member.user):
        return pending.redirect_to(request, pending_sign_in.member, pending_sign_in.way, "second_step_of_member")
    form, status = NewPasswordForm(submitted_data(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                changed = own_password.replace_temporary(
                    pending_sign_in.member, form.cleaned_data["new_password"], now=now_of(request), wall=clock.wall()
                )
            except Refused as refusal:
                add_refusal(form, refusal)
                status = status_of(refusal)
            else:
                return pending.after_password(request, _reload(changed), pending_sign_in.step)
    context = {
        "form": form,
        "enterprise": enterprise_of(request),
        "name": pending_sign_in.member.user_name,
        "next": following_of(request),
    }
    return allow_next_address(request, render(request, "auth_centre/first_password.html", context, status=status))


def _reload(member: Member) -> Member:
    return Member.objects.select_related("user", "enterprise", "department").get(pk=member.pk)


# --- later ----------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def password(request: HttpRequest) -> HttpResponse:
    member = session_of(request).member
    form, status = ChangeForm(submitted_data(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data, wall = form.cleaned_data, clock.wall()
            try:
                own_password.change(member, data["old_password"], data["new_password"], now=now_of(request), wall=wall)
            except Refused as refusal:
                add_refusal(form, refusal)
                status = status_of(refusal)
            else:
                member_mails.mail_password_change(member, now=now_of(request))
                messages.success(request, _("The password is changed. All other browsers are signed out."))
                step = SignInSession.SecondStep(session_of(request).second_step)
                return pending.renew(request, redirect(page(request, "member_password")), step)
    return _page(request, form, AddressForm(), status=status)


def _page(request: HttpRequest, form: forms.Form, address_form: forms.Form, *, status: int = 200) -> HttpResponse:
    member = session_of(request).member
    context = {
        "enterprise": enterprise_of(request), "member": member, "form": form, "address_form": address_form,
        "address": own_address.address_of_member(member), "market_password": reverse("account_change_password"), "wall": clock.wall(),
    }  # fmt: skip
    return render(request, "auth_centre/password.html", context, status=status)


@require_POST
@members_only
def address(request: HttpRequest) -> HttpResponse:
    """Send a mail whose link confirms the address."""
    member, form = session_of(request).member, AddressForm(request.POST)
    if not form.is_valid():
        return _page(request, ChangeForm(), form, status=422)
    try:
        mail = own_address.propose_address(
            member, form.cleaned_data["email"], form.cleaned_data["password"], wall=clock.wall()
        )
    except Refused as refusal:
        add_refusal(form, refusal)
        return _page(request, ChangeForm(), form, status=status_of(refusal))
    member_mails.confirm_address(member, mail, now=now_of(request))
    messages.success(
        request,
        _("An email was sent to %(address)s. Open the link in it to confirm the address.") % {"address": mail.address},
    )
    return redirect(page(request, "member_password"))


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm an address by the mail's link. A POST is required, since security programs open links by GET."""
    member = session_of(request).member
    pending_address = own_address.find_pending(member, token, wall=clock.wall())
    if request.method == "POST":
        own_address.confirm(member, token, now=now_of(request), wall=clock.wall())
        messages.success(request, _("The address is confirmed. You can reset a forgotten password with it."))
        return redirect(page(request, "member_password"))
    context = {"enterprise": enterprise_of(request), "member": member, "found": pending_address}
    return render(request, "auth_centre/confirm_address.html", context, status=200 if pending_address else 404)


@require_POST
@members_only
def remove_address(request: HttpRequest) -> HttpResponse:
    own_address.remove(session_of(request).member, now=now_of(request))
    messages.success(request, _("The address is removed."))
    return redirect(page(request, "member_password"))


# --- forgotten ------------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def forgot(request: HttpRequest) -> HttpResponse:
    """Send a reset mail. The response does not reveal whether the account or its address exists."""
    enterprise, form, status = enterprise_of(request), ForgotForm(submitted_data(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            member = sign_in.find(enterprise, form.cleaned_data["name"])
            try:
                mail = own_address.request_reset(
                    enterprise, member, network=network_of(peer(request)), wall=clock.wall()
                )
            except Refused as refusal:
                add_refusal(form, refusal)
                status = status_of(refusal)
            else:
                if mail is not None and member is not None:
                    member_mails.reset_password(member, mail, now=now_of(request))
                return render(request, "auth_centre/forgot_sent.html", {"enterprise": enterprise})
    context = {"form": form, "enterprise": enterprise, "market_reset": reverse("account_reset_password")}
    return render(request, "auth_centre/forgot.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def reset(request: HttpRequest, token: str) -> HttpResponse:
    """Reset a password by the mail's link. It does not sign in: the next sign-in asks for the second step."""
    enterprise = enterprise_of(request)
    reset_request = own_address.find_reset(enterprise, token, wall=clock.wall())
    if reset_request is None:
        return render(request, "auth_centre/reset_ended.html", {"enterprise": enterprise}, status=404)
    form, status = NewPasswordForm(submitted_data(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                own_password.reset(
                    reset_request.member,
                    form.cleaned_data["new_password"],
                    reset_request,
                    now=now_of(request),
                    wall=clock.wall(),
                )
            except Refused as refusal:
                add_refusal(form, refusal)
                status = status_of(refusal)
            else:
                member_mails.mail_password_change(reset_request.member, now=now_of(request))
                known_browsers.remember_browser(request, reset_request.member.user)
                messages.success(request, _("The password is changed. Sign in with the new one."))
                return redirect(sign_in_url(request))
    context = {"form": form, "enterprise": enterprise, "name": reset_request.member.user_name}
    response = render(request, "auth_centre/reset.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"
    return response


# Hashing passwords inside the request's transaction would hold SQLite's lock.
for _view in (first_password, password, address, forgot, reset):
    _view.own_transactions = True  # type: ignore[attr-defined]
