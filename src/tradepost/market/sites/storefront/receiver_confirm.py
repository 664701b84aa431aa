"""The page where a receiver of notices confirms the request from the mail, and the code of an SMS if there is a phone.
No sign-in is needed."""

from __future__ import annotations

from http import HTTPStatus
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
from tradepost.market.notifications.facts import facts_as_text
from tradepost.market.notifications.phones import masked
from tradepost.market.web.access import now_of
from tradepost.market.web.pages import submitted_data
from tradepost.market.web.refusals import status_of


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code of the SMS"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the request, and confirm it by a POST, because programs also open links in mails."""
    receiver = receivers.find_unconfirmed(token, now=now_of(request))
    if receiver is None:
        return render(request, "storefront/receiver_confirm.html", {"asked": None}, status=404)
    form = CodeForm(submitted_data(request)) if receiver.phone else None
    wrong, status = "", HTTPStatus.OK
    if request.method == "POST" and (form is None or form.is_valid()):
        code = form.cleaned_data["code"] if form is not None else ""
        try:
            receivers.confirm(token, code, wall=clock.wall(), now=now_of(request))
        except Refused as refused:
            wrong, status = str(refused.message), HTTPStatus(status_of(refused))
        else:
            return render(
                request,
                "storefront/receiver_confirm.html",
                {"asked": receiver, "confirmed": True, **_owner_context(receiver)},
            )
    context: dict[str, Any] = {"asked": receiver, "form": form, "wrong": wrong, "phone": masked(receiver.phone)}
    return render(request, "storefront/receiver_confirm.html", context | _owner_context(receiver), status=status)


def _owner_context(receiver: Any) -> dict[str, str]:
    return facts_as_text({"owner": receivers.owner_name(receiver)})
