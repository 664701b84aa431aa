"""The buyer's profile: name, company, telephone, language, level. Sellers get the fields that their product requires."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tradepost.market.identity.profile import ChangeProfile, change_profile
from tradepost.market.orders.align import DAYS, MONTH_END
from tradepost.market.subscriptions.settings_of import levels
from tradepost.market.web.access import buyer_required, person
from tradepost.market.web.pages import ask, submitted_data


def _expiry_days() -> list[tuple[str, str]]:
    numbered_days = [(str(day), _("Day %(day)s of the month") % {"day": day}) for day in DAYS if day != MONTH_END]
    return [("", _("Different days, as bought")), *numbered_days, (str(MONTH_END), _("The last day of the month"))]


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Sellers see it with your orders."),
    )
    company = forms.CharField(label=gettext_lazy("Company"), max_length=128, required=False)
    phone = forms.RegexField(
        r"^[0-9+()\-\s]{5,32}$",
        label=gettext_lazy("Phone"),
        required=False,
        help_text=gettext_lazy("Shared with the seller only if a product requires it, as stated at checkout."),
        error_messages={"invalid": gettext_lazy("Digits, spaces, + and - only, for example +86 139 0000 0000.")},
    )
    expiry_day = forms.TypedChoiceField(
        label=gettext_lazy("Services end on"),
        coerce=int,
        empty_value="0",
        required=False,
        choices=_expiry_days,
        help_text=gettext_lazy(
            "One day of the month on which all monthly services end. Current services keep their dates; when you renew one, you can "
            "extend it to this day."
        ),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of e-mails"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("It follows when you switch the language of the pages."),
    )

    def clean_expiry_day(self) -> int:
        return int(self.cleaned_data["expiry_day"])


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = person(request)
    initial = {
        "name": user.name,
        "company": user.company,
        "phone": user.phone,
        "expiry_day": user.expiry_day or "",
        "language": user.language,
    }
    form, level = ProfileForm(submitted_data(request), initial=initial), levels().level(user.level)
    context = {"form": form, "level": level, "terms": levels().terms[level]}
    return ask(
        request,
        form,
        lambda: change_profile(user, ChangeProfile(**form.cleaned_data)),
        page=lambda: render(request, "storefront/profile.html", context),
        done=_("Saved."),
        back="storefront:profile",
    )
