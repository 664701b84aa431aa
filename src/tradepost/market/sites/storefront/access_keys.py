"""The buyer's access keys, with which programs call the buyer APIs. A secret key is shown once, when it is created."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.identity import buyer_keys as verbs
from tradepost.market.identity import second_factor
from tradepost.market.identity.buyer_key_models import BuyerKey, Right
from tradepost.market.identity.keys import NewKey
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.pages import submitted_data
from tradepost.market.web.pages.guards import buyer_form
from tradepost.market.web.refusals import add_refusal

from .proving import PasswordAndCodeForm, PasswordForm, check_password_and_code


def _lifetimes() -> list[tuple[int, str]]:
    return [(days, _("%(days)s days") % {"days": days}) for days in verbs.LIFETIMES]


class AccessKeyForm(PasswordForm):
    field_order = ("name", "rights", "days", "password", "code")
    name = forms.CharField(
        label=gettext_lazy("Key name"),
        max_length=verbs.MAX_NAME,
        help_text=gettext_lazy("The program that uses the key, for example “Procurement system”."),
    )
    rights = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        choices=Right.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Select at least one permission from the list.")},
    )
    days = forms.TypedChoiceField(label=gettext_lazy("Valid for"), coerce=int, choices=_lifetimes, initial=90)


class AccessKeyCodeForm(AccessKeyForm, PasswordAndCodeForm):
    """For accounts with two-step sign-in."""


def _form(request: HttpRequest, data: QueryDict | None) -> AccessKeyForm:
    """A key can pay and read passwords, so an open browser is not enough to create one."""
    form_class = AccessKeyCodeForm if second_factor.is_on(person(request)) else AccessKeyForm
    return form_class(data)


@buyer_form
def access_keys(request: HttpRequest) -> HttpResponse:
    """Show the keys, and create one. Only the response that creates a key shows its secret. The password is hashed
    outside of a transaction."""
    form = _form(request, submitted_data(request))
    if request.method != "POST":
        return _page(request, form, None)
    if not form.is_valid():
        return _page(request, form, None, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    command = verbs.CreateBuyerKey(**{name: form.cleaned_data[name] for name in ("name", "rights", "days")})
    try:
        check_password_and_code(request, form, wall=clock.wall())
        created = verbs.create_buyer_key(person(request), command, now=now_of(request))
    except Refused as refused:
        add_refusal(form, refused)
        return _page(request, form, None, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, _form(request, None), created)


access_keys.own_transactions = True  # type: ignore[attr-defined]


def _page(
    request: HttpRequest, form: AccessKeyForm, new_key: NewKey | None, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    context = {
        "form": form,
        "made": new_key,
        "keys": verbs.buyer_keys_of(person(request)),
        "most": verbs.MAX_KEYS,
        "now": now_of(request),
    }
    return render(request, "storefront/access_keys.html", context, status=status)


@buyer_required
@require_POST
def disable(request: HttpRequest, pk: int) -> HttpResponse:
    return _switch_key(
        request, pk, verbs.disable_buyer_key, _("Access key “%(name)s” was disabled. Calls signed with it are refused.")
    )


@buyer_required
@require_POST
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    return _switch_key(request, pk, verbs.enable_buyer_key, _("Access key “%(name)s” was enabled."))


@buyer_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    key = verbs.delete_buyer_key(person(request), pk, now=now_of(request))
    return _return_with(
        request, _("Access key “%(name)s” was deleted. Calls signed with it are refused.") % {"name": key.name}
    )


def _switch_key(request: HttpRequest, pk: int, switch: Callable[..., BuyerKey], words: str) -> HttpResponse:
    """Change a key and return to the list. A change already made in another tab is reported there."""
    try:
        key = switch(person(request), pk, now=now_of(request))
    except Refused as refused:
        if refused.code != verbs.CHANGED:
            raise
        messages.error(request, refused.message)
        return redirect("storefront:access_keys")
    return _return_with(request, words % {"name": key.name})


def _return_with(request: HttpRequest, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("storefront:access_keys")
