"""The connection of an enterprise's directory: its address, and the tokens that authorise it (SCIM 2.0)."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.config import config
from tradepost.market.organisations import directory_tokens
from tradepost.market.organisations.directory_tokens import NewToken
from tradepost.market.web.pages import ask, submitted_data

from .enterprise_frame import EnterpriseRequest, enterprise_page, show


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the directory"),
        max_length=directory_tokens.MAX_NAME_LENGTH,
        help_text=gettext_lazy(
            "For example Entra ID. The enterprise history shows this name for changes made by the directory."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    """Show the tokens, and create one. Only the response that creates a token shows it."""
    form = TokenForm(submitted_data(request))
    return ask(
        request,
        form,
        lambda: directory_tokens.create(
            request.enterprise, form.cleaned_data["name"], by=request.membership, most=config().scim.directory_tokens_most,
            now=request.now,
        ),
        page=lambda: _page(request, form, None),
        back=lambda created: _page(request, TokenForm(), created),
    )  # fmt: skip


def _page(request: EnterpriseRequest, form: TokenForm, new_token: NewToken | None) -> HttpResponse:
    return show(
        request, "storefront/enterprise_directory.html", form=form, made=new_token,
        tokens=directory_tokens.tokens_of(request.enterprise), most=config().scim.directory_tokens_most,
        address=f"{config().auth_centre_of(request.enterprise.code)}/scim/v2",
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def revoke(request: EnterpriseRequest, pk: int) -> HttpResponse:
    name = directory_tokens.revoke(request.enterprise, pk, by=request.membership, now=request.now)
    messages.success(request, _("The token “%(name)s” was revoked.") % {"name": name})
    return redirect("storefront:enterprise_directory", code=request.enterprise.code)
