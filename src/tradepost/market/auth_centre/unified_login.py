"""The unified login page: it knows the application and finds the enterprise (openapi-jointkit B.3).

What it is asked stands in the fragment of the address, which no browser sends; a script reads it and comes back with it as a
query. Without a script, and for who knows no application, it leads to the enterprise's workbench.
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
    form = WhereForm(request.GET if "tenant" in request.GET else None)
    if form.is_bound and form.is_valid():
        code = form.cleaned_data["tenant"].strip().lower().rpartition("@")[2]
        if onward := _onward(application, code):
            return redirect(onward)
        form.add_error("tenant", _not_found(application))
    context = {
        "form": form, "application": application, "unknown": bool(app_id) and application is None,
        "own": _own(request, application),
    }  # fmt: skip
    return render(request, "auth_centre/unified_login.html", context, status=422 if form.is_bound else 200)


declare(unified_login, ANYBODY)


def _onward(application: Application | None, code: str) -> str:
    """To the application at this enterprise; without one to the enterprise's workbench. Empty where there is none."""
    if application is None:
        found = Enterprise.objects.filter(code=code, status=Enterprise.Status.ACTIVE).first()
        return f"{address_of(found.code)}/" if found else ""
    client = (
        Client.objects.select_related("enterprise")
        .filter(application=application, enterprise__code=code, enterprise__status=Enterprise.Status.ACTIVE)
        .exclude(callback="")
        .first()
    )
    return _launch(client) if client else ""


def _not_found(application: Application | None) -> str:
    """Whether there is such an enterprise is not told where one looks for an application."""
    if application is None:
        return _("There is no enterprise of this code. Check it with your administrator.")
    return _("No enterprise of this code uses the application. Check the code with your administrator.")


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
