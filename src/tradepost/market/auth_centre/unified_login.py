"""The unified login page: it knows the application and finds the enterprise (openapi-jointkit B.3).

What it is asked stands in the fragment of the address, which no browser sends; a script reads it and comes back with it as a
query. Without a script the person is asked for the application's id.
"""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradepost.market.applications.models import Application, Client
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.access import declare

from .authorize_page import launch_url
from .settings_of import address_of
from .tenant import ANYBODY

LONGEST = 200
MOST = 20


class WhereForm(forms.Form):
    appId = forms.CharField(  # noqa: N815  # the field's word on the wire
        label=gettext_lazy("Application id"),
        max_length=64,
        help_text=gettext_lazy("From the application that sent you here."),
    )
    tenant = forms.CharField(
        label=gettext_lazy("Your enterprise"),
        max_length=LONGEST,
        help_text=gettext_lazy("Its code, or your whole user name, such as zhang01@acme."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autocapitalize": "none", "spellcheck": "false"}),
    )


@never_cache
@require_safe
def unified_login(request: HttpRequest) -> HttpResponse:
    """Reads only: a GET form, which leads on to the enterprise's own sign-in."""
    app_id = request.GET.get("appId", "")[:64].replace("\0", "")
    application = Application.objects.filter(app_id=app_id).exclude(callback="").first() if app_id else None
    asked = "tenant" in request.GET
    form = WhereForm(request.GET if asked else None, initial={"appId": app_id})
    status = 200
    if asked and form.is_valid():
        client = _client(application, form.cleaned_data["tenant"])
        if client is not None:
            return redirect(_launch(client))
        form.add_error(
            "tenant", _("No enterprise of this code uses the application. Check the code with your administrator.")
        )
    if asked:
        status = 422
    context = {
        "form": form, "application": application, "app_id": app_id,
        "unknown": bool(app_id) and application is None, "own": _own(request, application),
    }  # fmt: skip
    return render(request, "auth_centre/unified_login.html", context, status=status)


declare(unified_login, ANYBODY)


def _client(application: Application | None, typed: str) -> Client | None:
    """Of the enterprise whose code was typed, alone or behind a user name. Whether there is such an enterprise is not told."""
    code = typed.strip().lower().rpartition("@")[2]
    if application is None or not code:
        return None
    return (
        Client.objects.select_related("enterprise")
        .filter(application=application, enterprise__code=code, enterprise__status=Enterprise.Status.ACTIVE)
        .exclude(callback="")
        .first()
    )


def _own(request: HttpRequest, application: Application | None) -> list[dict[str, object]]:
    """For who is logged in to the market: their own enterprises that use it."""
    if application is None or not isinstance(request.user, User):
        return []
    clients = (
        Client.objects.select_related("enterprise")
        .filter(
            application=application, enterprise__members__user=request.user, enterprise__members__removed_at=None,
            enterprise__status=Enterprise.Status.ACTIVE,
        )
        .exclude(callback="")
        .order_by("enterprise__name", "pk")[:MOST]
    )  # fmt: skip
    return [{"enterprise": client.enterprise, "url": _launch(client)} for client in clients]


def _launch(client: Client) -> str:
    return f"{address_of(client.enterprise.code)}/{launch_url(client)}"
