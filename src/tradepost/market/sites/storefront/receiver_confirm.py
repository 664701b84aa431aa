"""The page that the mail to a receiver leads to: who asks, and the code of the SMS, if there is a phone. Nobody logs in for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.notifications import receivers
from tradepost.market.notifications.facts import readable
from tradepost.market.notifications.phones import masked
from tradepost.market.web.access import now_of


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code of the SMS"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A link in a mail is opened by programs too: nothing is confirmed before somebody presses the button."""
    asked = receivers.find_asked(token, now=now_of(request))
    if asked is None:
        return render(request, "storefront/receiver_confirm.html", {"asked": None}, status=404)
    form = CodeForm(request.POST or None) if asked.phone else None
    wrong = ""
    if request.method == "POST" and (form is None or form.is_valid()):
        code = form.cleaned_data["code"] if form is not None else ""
        try:
            receivers.confirm(token, code, wall=clock.wall(), now=now_of(request))
        except Refused as refused:
            wrong = str(refused.message)
        else:
            return render(
                request, "storefront/receiver_confirm.html", {"asked": asked, "confirmed": True, **_who(asked)}
            )
    context: dict[str, Any] = {"asked": asked, "form": form, "wrong": wrong, "phone": masked(asked.phone)}
    return render(request, "storefront/receiver_confirm.html", context | _who(asked))


def _who(asked: Any) -> dict[str, str]:
    return readable({"owner": receivers.owner_name(asked)})
