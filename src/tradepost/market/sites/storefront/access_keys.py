"""Access keys of the buyer, with which programs call the buyer APIs. A secret key is shown once, when it is created."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.errors import Refused
from tradepost.market.identity import buyer_keys as verbs
from tradepost.market.identity.buyer_key_models import BuyerKey, Right
from tradepost.market.identity.keys import NewKey
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.refusals import say_why

private = cache_control(private=True, no_store=True)


def _lifetimes() -> list[tuple[int, str]]:
    return [(days, _("%(days)s days") % {"days": days}) for days in verbs.LIFETIMES]


class AccessKeyForm(forms.Form):
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


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def access_keys(request: HttpRequest) -> HttpResponse:
    """Show the keys, and create one. Only the answer that creates a key shows its secret."""
    form, status, made = AccessKeyForm(request.POST or None), HTTPStatus.OK, None
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                made = verbs.create_buyer_key(
                    person(request), verbs.CreateBuyerKey(**form.cleaned_data), now=now_of(request)
                )
            except Refused as refused:
                say_why(form, refused)
                status = HTTPStatus(refused.status)
            else:
                form, status = AccessKeyForm(), HTTPStatus.OK
    return _page(request, form, made, status)


def _page(request: HttpRequest, form: AccessKeyForm, made: NewKey | None, status: HTTPStatus) -> HttpResponse:
    context = {
        "form": form,
        "made": made,
        "keys": verbs.buyer_keys_of(person(request)),
        "most": verbs.MAX_KEYS,
        "now": now_of(request),
    }
    return render(request, "storefront/access_keys.html", context, status=status)


@buyer_required
@require_POST
def disable(request: HttpRequest, pk: int) -> HttpResponse:
    return _switched(
        request, pk, verbs.disable_buyer_key, _("Access key “%(name)s” is disabled. Its calls are refused.")
    )


@buyer_required
@require_POST
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    return _switched(request, pk, verbs.enable_buyer_key, _("Access key “%(name)s” is enabled."))


@buyer_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    key = verbs.delete_buyer_key(person(request), pk, now=now_of(request))
    return _done(request, _("Access key “%(name)s” is deleted. Its calls are refused.") % {"name": key.name})


def _switched(request: HttpRequest, pk: int, switch: Callable[..., BuyerKey], words: str) -> HttpResponse:
    """The list, also where another tab was faster: it shows how the key is now."""
    try:
        key = switch(person(request), pk, now=now_of(request))
    except Refused as refused:
        if refused.code != verbs.CHANGED:
            raise
        messages.error(request, refused.message)
        return redirect("storefront:access_keys")
    return _done(request, words % {"name": key.name})


def _done(request: HttpRequest, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("storefront:access_keys")
