"""Groups of members in an enterprise, which can be authorised for applications."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.config import config
from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import groups as verbs
from tradepost.market.organisations import queries
from tradepost.market.organisations.models import Enterprise, Group
from tradepost.market.web.pages import ask, or_404, require_choice, submitted_data
from tradepost.market.web.pickers import PickingForm

from .enterprise_frame import EnterpriseRequest, enterprise_page, people_field, show


class GroupForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the group"), max_length=verbs.MAX_NAME_LENGTH)


class PeopleForm(PickingForm):
    """A form to pick members."""

    def __init__(self, *args: Any, enterprise: Enterprise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"] = people_field(enterprise, label=_("People"))


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    form = GroupForm(submitted_data(request))

    def add_group() -> Group:
        limit = config().organisations.enterprise_groups_most
        name = form.cleaned_data["name"]
        return verbs.add(request.enterprise, name, by=request.membership, most=limit, now=request.now)

    def page() -> HttpResponse:
        groups = queries.groups_with_sizes(request.enterprise)
        return show(request, "storefront/enterprise_groups.html", form=form, groups=groups)

    return ask(request, form, add_group, page=page, back=lambda created: _redirect_to_group(request, created))


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Show the members of a group; the form renames it."""
    group = or_404(queries.find_group(request.enterprise, pk))
    form = GroupForm(submitted_data(request), initial={"name": group.name})
    return ask(
        request,
        form,
        lambda: verbs.rename(group, form.cleaned_data["name"], by=request.membership, now=request.now),
        page=lambda: _group_page(request, group, form, PeopleForm(enterprise=request.enterprise)),
        done=_("Saved."),
        back=lambda _renamed: _redirect_to_group(request, group),
    )


def _redirect_to_group(request: EnterpriseRequest, group: Group) -> HttpResponse:
    return redirect("storefront:enterprise_group", code=request.enterprise.code, pk=group.pk)


def _group_page(request: EnterpriseRequest, group: Group, form: GroupForm, people: PeopleForm) -> HttpResponse:
    page = queries.members_of_group(group, after=request.GET.get("after", ""))
    return show(request, "storefront/enterprise_group.html", one=group, form=form, people=people, page=page)


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def add(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Add all chosen people, or none if one is refused."""
    group = or_404(queries.find_group(request.enterprise, pk))
    people = PeopleForm(submitted_data(request), enterprise=request.enterprise)
    return ask(
        request,
        people,
        lambda: verbs.add_members(group, people.cleaned_data["people"], by=request.membership, now=request.now),
        page=lambda: _group_page(request, group, GroupForm(initial={"name": group.name}), people),
        done=lambda number: (
            ngettext("%(number)s person was added.", "%(number)s people were added.", number) % {"number": number}
        ),
        back=lambda _number: _redirect_to_group(request, group),
    )


@require_POST
@enterprise_page(admin=True)
def take_out(request: EnterpriseRequest, pk: int) -> HttpResponse:
    group = or_404(queries.find_group(request.enterprise, pk))
    keys = [key for text in request.POST.getlist("member") if (key := whole_number(text)) is not None]
    require_choice(keys or None)
    number = verbs.remove_members(group, keys, by=request.membership, now=request.now)
    message = ngettext(
        "%(number)s person was removed from the group.", "%(number)s people were removed from the group.", number
    )
    messages.success(request, message % {"number": number})
    return redirect("storefront:enterprise_group", code=request.enterprise.code, pk=group.pk)


@require_POST
@enterprise_page(admin=True)
def remove(request: EnterpriseRequest, pk: int) -> HttpResponse:
    group = or_404(queries.find_group(request.enterprise, pk))
    verbs.remove(group, by=request.membership, now=request.now)
    messages.success(request, _("The group “%(name)s” was removed.") % {"name": group})
    return redirect("storefront:enterprise_groups", code=request.enterprise.code)
