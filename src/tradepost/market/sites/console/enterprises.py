"""Enterprises: their administrators, and an administrator for one in which none can sign in any more."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import appoint as appointing
from tradepost.market.organisations import operator_queries
from tradepost.market.organisations.appoint import Appointment
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.refusals import say_why


class AppointForm(forms.Form):
    person = forms.CharField(
        label=gettext_lazy("Member or market account"), max_length=254,
        help_text=gettext_lazy("The account name of a member, or the email address of a market account."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    user_name = forms.CharField(
        label=gettext_lazy("Account name for a new member"), max_length=64, required=False,
        help_text=gettext_lazy("Only for a market account that is not a member yet."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=appointing.LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("How you checked that this person may manage the enterprise. The enterprise sees it in its history."),
    )  # fmt: skip


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:64].replace("\x00", "")
    without = request.GET.get("show") == "without"
    context = {
        "page": operator_queries.enterprises(text, without_admin=without, after=request.GET.get("after", "")), "text": text,
        "show": "without" if without else "", "shows": [("without", _("No administrator can sign in"))],
    }  # fmt: skip
    return render(request, "console/enterprises.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk), AppointForm())


@operator_required
@never_cache
@require_POST
def appoint(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer is the only page with the password of an account that had none."""
    one, form = _found(pk), AppointForm(request.POST)
    if not form.is_valid():
        return _page(request, one, form, status=422)
    try:
        admin, made = appointing.appoint(
            one, Appointment(**form.cleaned_data), by=person(request), most=config().enterprise_members_most,
            now=now_of(request),
        )  # fmt: skip
    except Refused as refused:
        say_why(form, refused)
        return _page(request, one, form, status=refused.status)
    messages.success(request, _("%(person)s is now an administrator.") % {"person": admin})
    if made is not None:
        return render(request, "console/enterprise_password.html", {"enterprise": one, "made": made})
    return redirect("console:enterprise", pk)


def _found(pk: int) -> Enterprise:
    found = Enterprise.objects.select_related("buyer", "test_seller").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, one: Enterprise, form: AppointForm, *, status: int = 200) -> HttpResponse:
    admins = operator_queries.admins_of(one)
    lost = (
        not any(admin.able for admin in admins) and one.status == Enterprise.Status.ACTIVE and one.test_seller is None
    )
    context = {"enterprise": one, "admins": admins, "lost": lost, "form": form}
    return render(request, "console/enterprise.html", context, status=status)
