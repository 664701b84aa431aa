"""Groups of the seller: a name, and the menus that members may read or change (business-rules §1.7)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.identity import groups as verbs
from tradepost.market.identity.menus import GRANTABLE, Menu, Rights
from tradepost.market.identity.models import Group
from tradepost.market.web.pages import ask, submitted_data

from .frame import SellerRequest, or_404, seller_page, show

HIDDEN = "none"
CHOICES = (
    (HIDDEN, gettext_lazy("Hidden")),
    ("read", pgettext_lazy("menu of a group", "Read")),
    ("write", gettext_lazy("Read and write")),
)


class GroupForm(forms.Form):
    """A name, and a choice for each menu, limited to the reader's own rights."""

    name = forms.CharField(label=gettext_lazy("Group name"), max_length=verbs.MAX_NAME_LENGTH)

    def __init__(self, *args: Any, rights: Rights, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for menu, help_text in GRANTABLE.items():
            choice_count = len(CHOICES) if rights.changes(menu) else 1 + rights.level(menu)
            self.fields[menu] = forms.ChoiceField(
                label=Menu(menu).label, help_text=str(help_text), initial=HIDDEN, choices=CHOICES[:choice_count]
            )

    def menus(self) -> dict[str, str]:
        levels = {menu: self.cleaned_data[menu] for menu in GRANTABLE}
        return {menu: level for menu, level in levels.items() if level != HIDDEN}


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS, write=True)
def new_group(request: SellerRequest) -> HttpResponse:
    form = GroupForm(submitted_data(request), rights=request.rights)
    return ask(
        request,
        form,
        lambda: verbs.create_group(
            request.seller, name=form.cleaned_data["name"], menus=form.menus(), by=request.member
        ),
        page=lambda: show(request, "seller_center/group.html", form=form, own=None),
        done=_("The group was created. Add members to it."),
        back="seller_center:members",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS, write=True)
def group(request: SellerRequest, pk: int) -> HttpResponse:
    own = _group(request, pk)
    form = GroupForm(submitted_data(request), rights=request.rights, initial={"name": own.name, **own.menus})
    return ask(
        request,
        form,
        lambda: verbs.change_group(own, name=form.cleaned_data["name"], menus=form.menus(), by=request.member),
        page=lambda: show(request, "seller_center/group.html", form=form, own=own, count=own.members.count()),
        done=_("The group was changed. The change takes effect with the next page its members open."),
        back="seller_center:members",
    )


@require_POST
@seller_page(menu=Menu.MEMBERS)
def delete_group(request: SellerRequest, pk: int) -> HttpResponse:
    own = _group(request, pk)
    verbs.delete_group(own, by=request.member)
    messages.success(request, _("The group %(name)s was deleted.") % {"name": own.name})
    return redirect("seller_center:members")


def _group(request: SellerRequest, pk: int) -> Group:
    """Return a group of the seller; built-in groups have no page."""
    return or_404(Group.objects.select_related("seller").filter(seller=request.seller, pk=pk, code="").first())
