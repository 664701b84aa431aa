"""The unified login page: it knows the application and asks for the enterprise (openapi-jointkit B.3).

The parameters are in the URL fragment, which browsers do not send; a script repeats them as a query. Without a script
or an application, the page leads to the enterprise's workbench.
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
from tradepost.market.web.access import declare_access

from .authorize_page import launch_url
from .settings_of import address_of
from .tenant import ANYBODY

MAX_LENGTH = 200
MAX_ENTERPRISES = 20


class EnterpriseForm(forms.Form):
    tenant = forms.CharField(
        label=gettext_lazy("Your enterprise"),
        max_length=MAX_LENGTH,
        help_text=gettext_lazy("The enterprise code, or your full user name, such as zhang01@acme."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autocapitalize": "none", "spellcheck": "false"}),
    )


@never_cache
@require_safe
def unified_login(request: HttpRequest) -> HttpResponse:
    """Show the page, or redirect to the enterprise's sign-in. A GET form without side effects."""
    app_id = request.GET.get("appId", "")[:64].replace("\0", "")
    application = Application.objects.filter(app_id=app_id).exclude(callback="").first() if app_id else None
    form = EnterpriseForm(request.GET if "tenant" in request.GET else None)
    if form.is_bound and form.is_valid():
        code = form.cleaned_data["tenant"].strip().lower().rpartition("@")[2]
        if next_url := _next_url(application, code):
            return redirect(next_url)
        form.add_error("tenant", _not_found_message(application))
    context = {
        "form": form, "application": application, "unknown": bool(app_id) and application is None,
        "own": _users_enterprises(request, application),
    }  # fmt: skip
    return render(request, "auth_centre/unified_login.html", context, status=422 if form.is_bound else 200)


declare_access(unified_login, ANYBODY)


def _next_url(application: Application | None, code: str) -> str:
    """Return the address of the application at this enterprise, or of its workbench; empty if there is none."""
    if application is None:
        enterprise = Enterprise.objects.filter(code=code, status=Enterprise.Status.ACTIVE).first()
        return f"{address_of(enterprise.code)}/" if enterprise else ""
    client = (
        Client.objects.select_related("enterprise")
        .filter(application=application, enterprise__code=code, enterprise__status=Enterprise.Status.ACTIVE)
        .exclude(callback="")
        .first()
    )
    return _launch(client) if client else ""


def _not_found_message(application: Application | None) -> str:
    """Return the message. For an application it does not reveal whether the enterprise exists."""
    if application is None:
        return _("No enterprise has this code. Check the code with your administrator.")
    return _("No enterprise with this code uses the application. Check the code with your administrator.")


def _users_enterprises(request: HttpRequest, application: Application | None) -> list[dict[str, object]]:
    """Return the market user's enterprises that use the application."""
    if application is None or not isinstance(request.user, User):
        return []
    clients = (
        Client.objects.select_related("enterprise")
        .filter(
            application=application, enterprise__members__user=request.user, enterprise__members__removed_at=None,
            enterprise__status=Enterprise.Status.ACTIVE,
        )
        .exclude(callback="")
        .order_by("enterprise__name", "pk")[:MAX_ENTERPRISES]
    )  # fmt: skip
    return [{"enterprise": client.enterprise, "url": _launch(client)} for client in clients]


def _launch(client: Client) -> str:
    return f"{address_of(client.enterprise.code)}/{launch_url(client)}"
