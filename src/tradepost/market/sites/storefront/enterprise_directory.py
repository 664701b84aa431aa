"""The connection of an enterprise's own directory: its address, and the tokens by which the directory is let in (SCIM 2.0)."""

from __future__ import annotations

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import directory_tokens
from tradepost.market.organisations.directory_tokens import NewToken
from tradepost.market.web.refusals import say_why

from .enterprise_frame import EnterpriseRequest, enterprise_page, show


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the directory"),
        max_length=directory_tokens.LONGEST_NAME,
        help_text=gettext_lazy(
            "For example Entra ID. The history of the enterprise shows it for what the directory does."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    """A token is shown on the page that answers, and nowhere else."""
    form, status, made = TokenForm(request.POST or None), HTTPStatus.OK, None
    if request.method == "POST":
        status = HTTPStatus.BAD_REQUEST
        if form.is_valid():
            try:
                made = directory_tokens.make(
                    request.enterprise, form.cleaned_data["name"], by=request.membership,
                    most=config().directory_tokens_most, now=request.now,
                )  # fmt: skip
            except Refused as refused:
                say_why(form, refused)
                status = HTTPStatus(refused.status)
            else:
                form, status = TokenForm(), HTTPStatus.OK
    return _page(request, form, made, status)


def _page(request: EnterpriseRequest, form: TokenForm, made: NewToken | None, status: HTTPStatus) -> HttpResponse:
    return show(
        request, "storefront/enterprise_directory.html", status=status, form=form, made=made,
        tokens=directory_tokens.tokens_of(request.enterprise), most=config().directory_tokens_most,
        address=f"{config().auth_centre_of(request.enterprise.code)}/scim/v2",
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def revoke(request: EnterpriseRequest, pk: int) -> HttpResponse:
    name = directory_tokens.revoke(request.enterprise, pk, by=request.membership, now=request.now)
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": name})
    return redirect("storefront:enterprise_directory", code=request.enterprise.code)
