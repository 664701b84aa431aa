"""The seller's own groups: a name and the menus that they open, to read or to write (business-rules §1.7)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base.errors import Refused
from tradepost.market.identity import groups as verbs
from tradepost.market.identity.menus import EXPLAINED, Menu, Rights
from tradepost.market.identity.models import Group
from tradepost.market.web.refusals import say_why

from .frame import SellerRequest, found, seller_page, show

HIDDEN = "none"
CHOICES = (
    (HIDDEN, gettext_lazy("Hidden")),
    ("read", pgettext_lazy("menu of a group", "Read")),
    ("write", gettext_lazy("Read and change")),
)


class GroupForm(forms.Form):
    """A name, and a choice for each menu; no more of it than the reader has."""

    name = forms.CharField(label=gettext_lazy("Group name"), max_length=verbs.LONGEST_NAME)

    def __init__(self, *args: Any, rights: Rights, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for menu, explained in EXPLAINED.items():
            most = len(CHOICES) if rights.changes(menu) else 1 + rights.level(menu)
            self.fields[menu] = forms.ChoiceField(
                label=Menu(menu).label, help_text=str(explained), initial=HIDDEN, choices=CHOICES[:most]
            )

    def menus(self) -> dict[str, str]:
        chosen = {menu: self.cleaned_data[menu] for menu in EXPLAINED}
        return {menu: word for menu, word in chosen.items() if word != HIDDEN}


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS, write=True)
def new_group(request: SellerRequest) -> HttpResponse:
    form = GroupForm(request.POST or None, rights=request.rights)
    if form.is_valid() and _saved(request, form, None):
        messages.success(request, _("The group is made. Put members into it."))
        return redirect("seller_center:members")
    return show(request, "seller_center/group.html", form=form, own=None)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS, write=True)
def group(request: SellerRequest, pk: int) -> HttpResponse:
    own = _group(request, pk)
    form = GroupForm(request.POST or None, rights=request.rights, initial={"name": own.name, **own.menus})
    if form.is_valid() and _saved(request, form, own):
        messages.success(request, _("The group is changed: it counts from its members' next page on."))
        return redirect("seller_center:members")
    return show(request, "seller_center/group.html", form=form, own=own, count=own.members.count())


def _saved(request: SellerRequest, form: GroupForm, own: Group | None) -> bool:
    name, menus = form.cleaned_data["name"], form.menus()
    try:
        with transaction.atomic():
            if own is None:
                verbs.create_group(request.seller, name=name, menus=menus, by=request.member)
            else:
                verbs.change_group(own, name=name, menus=menus, by=request.member)
    except Refused as refused:
        say_why(form, refused)
        return False
    return True


@require_POST
@seller_page(menu=Menu.MEMBERS)
def delete_group(request: SellerRequest, pk: int) -> HttpResponse:
    own = _group(request, pk)
    verbs.delete_group(own, by=request.member)
    messages.success(request, _("The group %(name)s is deleted.") % {"name": own.name})
    return redirect("seller_center:members")


def _group(request: SellerRequest, pk: int) -> Group:
    """An own one: built-in groups have no page."""
    return found(Group.objects.select_related("seller").filter(seller=request.seller, pk=pk, code="").first())
