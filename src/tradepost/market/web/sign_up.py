"""The sign-up page with consent to the privacy policy, and the page for closed registration."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from allauth.account.forms import SignupForm
from allauth.account.views import SignupView
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.identity import consents, market_invitations, registration
from tradepost.market.identity.company_models import Agreement

from .access import now_of
from .invited import invitation_of, market_invitation_of


class ConsentMixin(forms.Form):
    """The consent check box of a form; absent if no policy is in force. ``privacy_version``: the version that was
    shown."""

    def add_consent(self, policy: Agreement | None) -> None:
        self.policy = policy
        if policy is None:
            return
        self.fields["privacy"] = forms.BooleanField(
            label=consent_label(policy), error_messages={"required": _("Accept the privacy policy to continue.")}
        )
        self.fields["privacy_version"] = forms.IntegerField(
            required=False, initial=policy.number, widget=forms.HiddenInput
        )

    def check_consent(self) -> None:
        """Check the consent against the current version. Without a version no page showed one, as with a program."""
        version = self.cleaned_data.get("privacy_version")
        if self.policy is not None and version and version != self.policy.number:
            values = {name: value for name, value in self.data.items() if name != "privacy"}
            self.data = values | {"privacy_version": str(self.policy.number)}
            self.add_error("privacy", consents.policy_changed().message)


def consent_label(policy: Agreement) -> SafeString:
    address = f"{reverse('storefront:agreement', args=[policy.kind])}?version={policy.number}"
    words = _("I have read and accept the %(link)sprivacy policy%(end)s.")
    link = format_html('<a href="{}" target="_blank">', address)
    return SafeString(words % {"link": link, "end": "</a>"})


class SignUpForm(SignupForm, ConsentMixin):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, invited: str = "", **kwargs: Any) -> None:
        """``invited``: the only address allowed; "" for any."""
        super().__init__(*args, **kwargs)
        self.invited = invited
        self.add_consent(consents.policy(now=clock.cached_now()))

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if self.invited and email.casefold() != self.invited.casefold():
            words = _("The invitation is for %(email)s. Use this address.") % {"email": self.invited}
            raise forms.ValidationError(words)
        return email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.check_consent()
        return cleaned

    def custom_signup(self, request: HttpRequest, user: Any) -> None:
        """Record the consent and accept the invitation, in the transaction that creates the account."""
        super().custom_signup(request, user)
        if self.policy is not None:
            consents.consent(user, self.policy.number, now=clock.cached_now())
        invitation = market_invitation_of(request)
        if invitation is not None and invitation.email.casefold() == user.email.casefold():
            market_invitations.accept(invitation, user=user, now=now_of(request))


class SignUp(SignupView):  # type: ignore[misc]
    form_class = SignUpForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "invited": self._invited_address()}

    def get_initial(self) -> dict[str, Any]:
        invitation = invitation_of(self.request)
        return {**super().get_initial(), **({"email": invitation.email} if invitation is not None else {})}

    def _invited_address(self) -> str:
        """Return the required address if only invited people may register, otherwise ""."""
        if registration.sign_up_access(now=now_of(self.request)) == registration.Access.OPEN:
            return ""
        invitation = invitation_of(self.request)
        return str(invitation.email) if invitation is not None else ""

    def closed(self) -> HttpResponse:
        status = HTTPStatus.FORBIDDEN if self.request.method == "POST" else HTTPStatus.OK
        context = {"access": registration.sign_up_access(now=now_of(self.request))}
        return render(self.request, "account/signup_closed.html", context, status=status)


sign_up = SignUp.as_view()
