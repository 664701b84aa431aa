"""Registration: who may open an account, which companies may apply to sell, and invitations."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.config import config
from tradepost.market.identity import market_invitations as verbs
from tradepost.market.identity import opening
from tradepost.market.identity.agreements import NEEDED, unpublished
from tradepost.market.identity.opening_models import MarketInvitation, Registration
from tradepost.market.identity.registration import OF_BUYERS
from tradepost.market.notifications import market_invitations as mails
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.pages import act, ask, or_404, submitted_data

MAX_ADDRESSES = 200
"""Maximum number of invitations in a form."""


class ModesForm(forms.Form):
    buyers = forms.ChoiceField(label=gettext_lazy("Who may open an account"), choices=Registration.choices)
    sellers = forms.ChoiceField(label=gettext_lazy("Which companies may apply to sell"), choices=Registration.choices)


class InviteForm(forms.Form):
    side = forms.ChoiceField(label=gettext_lazy("Invitation"), choices=MarketInvitation.Side.choices)
    emails = forms.CharField(
        label=gettext_lazy("Email addresses"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=gettext_lazy("One per line, or separated by commas. Each address receives its own link."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Email language"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("An address with an account receives the email in the language of the account."),
    )

    def clean_emails(self) -> list[str]:
        lines = self.cleaned_data["emails"].replace(",", "\n").replace(";", "\n").splitlines()
        addresses = list({address.strip().lower(): address.strip() for address in lines if address.strip()}.values())
        if not 1 <= len(addresses) <= MAX_ADDRESSES:
            words = _("Enter between 1 and %(most)s email addresses.") % {"most": MAX_ADDRESSES}
            raise forms.ValidationError(words)
        return addresses


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    now, market = now_of(request), opening.current()
    form = ModesForm(submitted_data(request), initial={"buyers": market.buyers, "sellers": market.sellers})
    page = verbs.invitations(after=request.GET.get("after", ""))
    context = {
        "form": form,
        "page": page,
        "rows": [(row, row.status == MarketInvitation.Status.SENT, row.expires_at <= now) for row in page.rows],
        "unpublished": unpublished((*NEEDED, *OF_BUYERS), now=now),
    }
    return ask(
        request,
        form,
        lambda: opening.change_registration(**form.cleaned_data),
        page=lambda: render(request, "console/registration.html", context),
        done=_("Saved. Existing accounts and sellers are not affected."),
        back="console:registration",
    )


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    initial = {"side": MarketInvitation.Side.BUYER, "language": request.LANGUAGE_CODE}
    form = InviteForm(submitted_data(request), initial=initial)

    def send() -> str:
        """Send all invitations, or none if an address is refused."""
        cleaned = form.cleaned_data
        for email in cleaned["emails"]:
            mails.invite(
                cleaned["side"],
                email,
                language=cleaned["language"],
                by=person(request),
                valid=_invitation_validity(),
                now=now_of(request),
            )
        number = len(cleaned["emails"])
        return ngettext("%(n)s invitation was sent.", "%(n)s invitations were sent.", number) % {"n": number}

    return ask(
        request,
        form,
        send,
        page=lambda: render(
            request, "console/registration_invite.html", {"form": form, "days": _invitation_validity().days}
        ),
        done=str,
        back="console:registration",
    )


@operator_required
@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = or_404(verbs.find(pk))
    return act(
        request,
        lambda: mails.resend_invitation(
            invitation, by=person(request), valid=_invitation_validity(), now=now_of(request)
        ),
        done=_("A new invitation was sent to %(email)s. The earlier link no longer works.")
        % {"email": invitation.email},
        back="console:registration",
    )


@operator_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = or_404(verbs.find(pk))
    return act(
        request,
        lambda: verbs.withdraw(invitation, by=person(request), now=now_of(request)),
        done=_("Withdrew the invitation of %(email)s.") % {"email": invitation.email},
        back="console:registration",
    )


def _invitation_validity() -> timedelta:
    return timedelta(days=config().identity.invitation_days)
