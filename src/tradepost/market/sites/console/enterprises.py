"""Enterprises and their administrators, and the appointment of one if none can sign in any more."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.paging import Page
from tradepost.market.organisations import appoint as appointing
from tradepost.market.organisations import operator_queries, queries
from tradepost.market.organisations.appoint import Appointment
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import mark_preview
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    ask,
    choice,
    day,
    number,
    page_link,
    search,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.pickers import People, PeopleField, PickingForm, picker_list

from .list_parts import LAYOUT


class AppointForm(PickingForm):
    person = forms.CharField(
        label=gettext_lazy("Email of a marketplace account"), max_length=254, required=False,
        help_text=gettext_lazy("Only for a person who is not a member yet."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    user_name = forms.CharField(
        label=gettext_lazy("Account name for a new member"), max_length=64, required=False,
        help_text=gettext_lazy("Only for a market account that is not a member yet."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=appointing.MAX_REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Describe how you verified that this person may manage the enterprise. The enterprise sees this in its history."),
    )  # fmt: skip

    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        url = reverse("console:enterprise_people", args=[enterprise.pk])
        self.enterprise = enterprise
        self.fields["member"] = PeopleField(
            People(enterprise), url, multiple=False, required=False, label=_("Member"),
            help_text=_("Or leave this empty and enter the email of a marketplace account below."),
        )  # fmt: skip
        self.order_fields(["member", "person", "user_name", "reason"])

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if bool(cleaned.get("member")) == bool(cleaned.get("person")):
            self.add_error("member", _("Choose a member, or enter the email of a marketplace account: one of the two."))
        return cleaned

    def appointment(self) -> Appointment:
        cleaned = self.cleaned_data
        person: str = cleaned["person"]
        if cleaned["member"]:
            member = queries.find_member(self.enterprise, cleaned["member"][0])
            person = member.user_name if member else ""
        return Appointment(person=person, user_name=cleaned["user_name"], reason=cleaned["reason"])


WITHOUT_ADMIN = "without"


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Enterprise]:
    del request
    filters = operator_queries.EnterpriseFilter(
        code=query["q"], without_admin=query["show"] == WITHOUT_ADMIN, since=query.since, until=query.until
    )
    return operator_queries.enterprises(filters, after=after, size=size)


def _founder(enterprise: Enterprise) -> str | Promise:
    return str(enterprise.buyer) if enterprise.buyer else gettext_lazy("Seller's test")


LISTING: Listing[Enterprise, Enterprise] = Listing(
    name="console:enterprises",
    title=gettext_lazy("Enterprises"),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(gettext_lazy("Enterprise"), "name", "console:enterprise", "pk", under="code", css="c-cell"),
        text(gettext_lazy("Enterprise code"), "code", on_page=False),
        page_link(gettext_lazy("Founder"), _founder, "console:account", "buyer_id", css="c-cell", labelled=True),
        number(gettext_lazy("Members"), "people"),
        text(gettext_lazy("State"), "get_status_display"),
        day(gettext_lazy("Since"), "created_at"),
    ),
    filters=(
        search(gettext_lazy("Complete code"), label=gettext_lazy("Enterprise code")),
        choice("show", gettext_lazy("Administrators"), [(WITHOUT_ADMIN, gettext_lazy("No administrator can sign in"))]),
        time_range(),
    ),
    empty=Empty(
        icon="users",
        title=gettext_lazy("No enterprises yet"),
        text=gettext_lazy("Enterprises appear here when a buyer founds one."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No enterprise found"),
        text=gettext_lazy("Enter a complete enterprise code, or try another time."),
    ),
    file="enterprises",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    enterprise = _enterprise(pk)
    return _page(request, enterprise, AppointForm(enterprise=enterprise))


@operator_required
@never_cache
@require_safe
def people(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the picker's list for htmx."""
    return picker_list(request, People(_enterprise(pk)))


@operator_required
@never_cache
@require_POST
def appoint(request: HttpRequest, pk: int) -> HttpResponse:
    """Appoint an administrator. Only this response contains the password of a new account."""
    enterprise = _enterprise(pk)
    appoint_form = AppointForm(request.POST, enterprise=enterprise)
    if appoint_form.is_search:
        mark_preview(request)

    def lead_on(appointed: tuple[Any, Any]) -> HttpResponse:
        new_account = appointed[1]
        if new_account is not None:
            return render(request, "console/enterprise_password.html", {"enterprise": enterprise, "made": new_account})
        return redirect("console:enterprise", pk)

    return ask(
        request,
        appoint_form,
        lambda: appointing.appoint(
            enterprise,
            appoint_form.appointment(),
            by=person(request),
            most=config().organisations.enterprise_members_most,
            now=now_of(request),
        ),
        page=lambda: _page(request, enterprise, appoint_form),
        done=lambda appointed: _("%(person)s is now an administrator.") % {"person": appointed[0]},
        back=lead_on,
    )


def _enterprise(pk: int) -> Enterprise:
    enterprise = Enterprise.objects.select_related("buyer", "test_seller").filter(pk=pk).first()
    if enterprise is None:
        raise Http404
    return enterprise


def _page(request: HttpRequest, enterprise: Enterprise, form: AppointForm) -> HttpResponse:
    admins = operator_queries.admins_of(enterprise)
    lacks_admin = (
        not any(admin.able for admin in admins)
        and enterprise.status == Enterprise.Status.ACTIVE
        and enterprise.test_seller is None
    )
    context = {"enterprise": enterprise, "admins": admins, "lost": lacks_admin, "form": form}
    return render(request, "console/enterprise.html", context)
