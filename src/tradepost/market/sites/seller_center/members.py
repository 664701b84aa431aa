"""Members of the seller: people, their groups, and invitations (business-rules §1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import grants
from tradepost.market.catalog.models import Product
from tradepost.market.identity import limits, throttling
from tradepost.market.identity import members as verbs
from tradepost.market.identity.groups import form_value_of, groups_from_form, groups_of, rights_of
from tradepost.market.identity.menus import GRANTABLE, Menu
from tradepost.market.identity.models import Group, Invitation, Member
from tradepost.market.notifications.invitations import resend_invitation, send_invitation
from tradepost.market.web.pages import ask, submitted_data
from tradepost.market.web.templatetags.ui import loc

from .frame import SellerRequest, or_404, products_of, seller_page, show


class GroupChoice(forms.Form):
    """A choice of groups, limited to those that the reader may grant."""

    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Groups"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Groups determine what the member can see and change. Permissions of several groups add up."
        ),
    )

    def __init__(self, *args: Any, groups: Sequence[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["groups"], forms.MultipleChoiceField):
            field.choices = [(form_value_of(group), str(group)) for group in groups]


class InviteForm(GroupChoice):
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "The invitation is sent to this address. Only an account with this address can accept it."
        ),
    )
    field_order = ("email", "groups")


class MemberForm(GroupChoice):
    products = forms.MultipleChoiceField(
        label=gettext_lazy("Products granted to this member"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "A granted product is visible only to this member and the owner. A product can be granted to one member."
        ),
    )

    def __init__(self, *args: Any, products: Sequence[Product], member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["products"], forms.MultipleChoiceField):
            field.choices = [(str(product.pk), _grant_label(product, member)) for product in products]
        if not products:
            del self.fields["products"]


def _grant_label(product: Product, member: Member) -> str:
    holder = product.granted.member if hasattr(product, "granted") else None
    name = loc(product, "name")
    if holder is None or holder.pk == member.pk:
        return name
    return _("%(product)s (now granted to %(member)s)") % {"product": name, "member": holder.user}


@require_safe
@seller_page(menu=Menu.MEMBERS)
def members(request: SellerRequest) -> HttpResponse:
    own = Member.objects.filter(seller=request.seller).select_related("user").annotate(granted=Count("grants"))
    people = list(own.prefetch_related(Prefetch("groups", Group.objects.order_by("code", "name"))).order_by("pk"))
    pending_invitations = Invitation.objects.filter(seller=request.seller, status=Invitation.Status.PENDING)
    return show(
        request,
        "seller_center/members.html",
        people=people,
        invitations=list(pending_invitations.prefetch_related("groups").order_by("-pk")),
        groups=[(group, _menus_of(group)) for group in groups_of(request.seller)],
        taken=verbs.places_taken(request.seller, now=request.now),
        most=config().identity.members_most,
        only_owner=sum(person.role == Member.Role.OWNER for person in people) < 2 and request.rights.owner,
        own_groups=[str(group) for group in request.member.groups.all()],
    )


def _menus_of(group: Group) -> list[tuple[str, str]]:
    """Return the menus of a group in their order, each with read or write."""
    return [(str(Menu(menu).label), group.given[menu]) for menu in GRANTABLE if menu in group.given]


def grantable_groups(request: SellerRequest) -> list[Group]:
    """Return the groups that the reader may grant: those within the reader's own rights."""
    return [group for group in groups_of(request.seller) if request.rights.covers(group.given)]


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS, write=True)
def invite(request: SellerRequest) -> HttpResponse:
    form, settings = InviteForm(submitted_data(request), groups=grantable_groups(request)), config()

    def send() -> str:
        values = form.cleaned_data
        _check_rate(request)
        send_invitation(
            request.seller, values["email"], groups=groups_from_form(request.seller, values["groups"]), by=request.member,
            most=settings.identity.members_most, valid=timedelta(days=settings.identity.invitation_days), now=request.now,
        )  # fmt: skip
        return _("An invitation was sent to %(email)s.") % {"email": values["email"].strip()}

    return ask(
        request,
        form,
        send,
        page=lambda: show(
            request, "seller_center/member_invite.html", form=form, days=settings.identity.invitation_days
        ),
        done=str,
        back="seller_center:members",
    )


def _check_rate(request: SellerRequest) -> None:
    """Limit the invitations of a seller, so that nobody can spam strangers through the market."""
    limit = config().identity.invitations_a_day
    if wait := throttling.count(limits.INVITATIONS, f"{request.seller.pk}", most=limit, now=clock.wall()):
        words = _("You have reached the daily limit for invitations. Try again tomorrow.")
        raise Refused("member.too_often", words, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)


@require_POST
@seller_page(menu=Menu.MEMBERS)
def invite_again(request: SellerRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    _check_rate(request)
    days = config().identity.invitation_days
    resend_invitation(
        invitation, by=request.member, most=config().identity.members_most, valid=timedelta(days=days), now=request.now
    )
    message = _("A new invitation was sent to %(email)s. The previous link no longer works.")
    messages.success(request, message % {"email": invitation.email})
    return redirect("seller_center:members")


@require_POST
@seller_page(menu=Menu.MEMBERS)
def revoke(request: SellerRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    verbs.revoke(invitation, by=request.member, now=request.now)
    messages.success(request, _("The invitation of %(email)s was withdrawn.") % {"email": invitation.email})
    return redirect("seller_center:members")


def _invitation(request: SellerRequest, pk: int) -> Invitation:
    return or_404(Invitation.objects.select_related("seller").filter(seller=request.seller, pk=pk).first())


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS)
def member(request: SellerRequest, pk: int) -> HttpResponse:
    """Show a member: groups, granted products, and acts on the membership."""
    member = _member(request, pk)
    form = None if member.role == Member.Role.OWNER else _form(request, member)
    if form is None:
        return _member_page(request, member)
    return ask(
        request,
        form,
        lambda: _change_member(request, member, form.cleaned_data),
        page=lambda: _member_page(request, member, form=form),
        done=_("Saved. The change takes effect with the next page they open."),
        back=("seller_center:member", member.pk),
    )


def _member_page(
    request: SellerRequest, member: Member, *, form: MemberForm | None = None, alone: bool = False
) -> HttpResponse:
    """Render the page of a member. ``alone``: the reader's own membership, without links to other members."""
    owner = member.role == Member.Role.OWNER
    return show(
        request,
        "seller_center/member.html",
        one=member,
        form=form,
        owner=owner,
        alone=alone,
        itself=member.pk == request.member.pk,
        granted=grants.granted_to(member),
        menus=[(str(menu.label), rights_of(member).level(menu)) for menu in Menu if menu in GRANTABLE],
        may_regroup=not alone and may_change_groups(request, member),
        may_hand_over=request.rights.owner and not owner,
    )


def _form(request: SellerRequest, member: Member) -> MemberForm:
    products = list(products_of(request).select_related("granted__member__user").order_by("name", "pk"))
    return MemberForm(
        submitted_data(request),
        groups=grantable_groups(request),
        products=products,
        member=member,
        initial={
            "groups": [form_value_of(group) for group in member.groups.all()],
            "products": [str(product.pk) for product in grants.granted_to(member)],
        },
    )


def may_change_groups(request: SellerRequest, member: Member) -> bool:
    """Return whether the reader may change the member: those with greater rights than the reader's cannot be changed."""
    allowed = request.rights.changes(Menu.MEMBERS) and member.role != Member.Role.OWNER
    return allowed and all(request.rights.covers(group.given) for group in member.groups.all())


def _change_member(request: SellerRequest, member: Member, values: dict[str, Any]) -> None:
    product_ids = {int(key) for key in values.get("products", ())}
    hidden = [
        product for product in grants.granted_to(member) if not products_of(request).filter(pk=product.pk).exists()
    ]
    verbs.assign_groups(member, groups_from_form(request.seller, values["groups"]), by=request.member, now=request.now)
    granted = [*products_of(request).filter(pk__in=product_ids), *hidden]
    grants.grant(member, granted, by=request.user.email, now=request.now)


def _member(request: SellerRequest, pk: int) -> Member:
    own = Member.objects.select_related("user", "seller").prefetch_related("groups")
    return or_404(own.filter(seller=request.seller, pk=pk).first())


@require_POST
@seller_page(menu=Menu.MEMBERS)
def remove(request: SellerRequest, pk: int) -> HttpResponse:
    member = _member(request, pk)
    verbs.remove(member, by=request.member, now=request.now)
    messages.success(request, _("%(person)s is no longer a member of your company.") % {"person": member.user})
    return redirect("seller_center:members")


@require_POST
@seller_page(menu=Menu.MEMBERS)
def hand_over(request: SellerRequest, pk: int) -> HttpResponse:
    member = _member(request, pk)
    verbs.transfer_ownership(request.member, to=member, now=request.now)
    messages.success(request, _("%(person)s is now the owner. You are a developer.") % {"person": member.user})
    return redirect("seller_center:overview")


@require_safe
@seller_page(menu=Menu.OVERVIEW)
def membership(request: SellerRequest) -> HttpResponse:
    """Show the reader's own rights, and how to leave the company, also without the menu of members."""
    return _member_page(request, _member(request, request.member.pk), alone=True)


@require_POST
@seller_page(menu=Menu.OVERVIEW, write=False)
def leave(request: SellerRequest) -> HttpResponse:
    """Leave the company, which every member may do."""
    verbs.leave(request.member, now=request.now)
    company = localised_name(request.seller)
    messages.success(request, _("You left %(company)s.") % {"company": company})
    return redirect("/")
