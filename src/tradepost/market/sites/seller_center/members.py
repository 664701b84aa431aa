"""Members of the seller: who acts for it, in which groups, and who is invited (business-rules §1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Prefetch
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.both_languages import named
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import grants
from tradepost.market.catalog.models import Product
from tradepost.market.identity import members as verbs
from tradepost.market.identity import throttling
from tradepost.market.identity.groups import chosen, groups_of, rights_of, word_of
from tradepost.market.identity.menus import EXPLAINED, Menu
from tradepost.market.identity.models import Group, Invitation, Member
from tradepost.market.notifications.invitations import send_again, send_invitation
from tradepost.market.web.refusals import say_why
from tradepost.market.web.templatetags.ui import loc

from .frame import SellerRequest, found, products_of, seller_page, show

A_DAY = timedelta(days=1)


class GroupChoice(forms.Form):
    """Which groups somebody is in; what the reader may not give is not there to choose."""

    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Groups"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("They say what the member may see and change. Rights of several groups add up."),
    )

    def __init__(self, *args: Any, given: Sequence[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["groups"], forms.MultipleChoiceField):
            field.choices = [(word_of(group), str(group)) for group in given]


class InviteForm(GroupChoice):
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("The invitation is mailed there, and only an account of this address can accept it."),
    )
    field_order = ("email", "groups")


class MemberForm(GroupChoice):
    products = forms.MultipleChoiceField(
        label=gettext_lazy("Products granted to this member"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "A product that is granted is seen by this member and the owner alone. One product is granted to one member."
        ),
    )

    def __init__(self, *args: Any, products: Sequence[Product], member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["products"], forms.MultipleChoiceField):
            field.choices = [(str(one.pk), _named(one, member)) for one in products]
        if not products:
            del self.fields["products"]


def _named(product: Product, member: Member) -> str:
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
    open_ones = Invitation.objects.filter(seller=request.seller, status=Invitation.Status.PENDING)
    return show(
        request,
        "seller_center/members.html",
        people=people,
        invitations=list(open_ones.prefetch_related("groups").order_by("-pk")),
        groups=[(group, _menus_of(group)) for group in groups_of(request.seller)],
        taken=verbs.places_taken(request.seller, now=request.now),
        most=config().members_most,
        only_owner=sum(one.role == Member.Role.OWNER for one in people) < 2 and request.rights.owner,
        own_groups=[str(group) for group in request.member.groups.all()],
    )


def _menus_of(group: Group) -> list[tuple[str, str]]:
    """The menus that a group opens, in their order, each with read or write."""
    return [(str(Menu(menu).label), group.given[menu]) for menu in EXPLAINED if menu in group.given]


def givable(request: SellerRequest) -> list[Group]:
    """The groups that the reader may give: those that open nothing that they may not do themselves."""
    return [group for group in groups_of(request.seller) if request.rights.covers(group.given)]


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS, write=True)
def invite(request: SellerRequest) -> HttpResponse:
    form = InviteForm(request.POST or None, given=givable(request))
    if form.is_valid() and _invited(request, form):
        told = _("The invitation is on its way to %(email)s.") % {"email": form.cleaned_data["email"].strip()}
        messages.success(request, told)
        return redirect("seller_center:members")
    return show(request, "seller_center/member_invite.html", form=form, days=config().invitation_days)


def _invited(request: SellerRequest, form: InviteForm) -> bool:
    given, settings = form.cleaned_data, config()
    try:
        with transaction.atomic():
            _not_too_often(request)
            send_invitation(
                request.seller,
                given["email"],
                groups=chosen(request.seller, given["groups"]),
                by=request.member,
                most=settings.members_most,
                valid=timedelta(days=settings.invitation_days),
                now=request.now,
            )
    except Refused as refused:
        say_why(form, refused)
        return False
    return True


def _not_too_often(request: SellerRequest) -> None:
    """A seller must not fill strangers' mailboxes through the market."""
    what, most = f"invitations of seller {request.seller.pk}", config().invitations_a_day
    if throttling.window(what, most=most, length=A_DAY, now=clock.wall()):
        raise Refused("member.too_often", _("No more invitations can be mailed today. Try again tomorrow."))


@require_POST
@seller_page(menu=Menu.MEMBERS)
def invite_again(request: SellerRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    _not_too_often(request)
    days = config().invitation_days
    send_again(invitation, by=request.member, most=config().members_most, valid=timedelta(days=days), now=request.now)
    told = _("A new invitation is on its way to %(email)s; the link of the former one no longer works.")
    messages.success(request, told % {"email": invitation.email})
    return redirect("seller_center:members")


@require_POST
@seller_page(menu=Menu.MEMBERS)
def revoke(request: SellerRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    verbs.revoke(invitation, by=request.member, now=request.now)
    messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect("seller_center:members")


def _invitation(request: SellerRequest, pk: int) -> Invitation:
    return found(Invitation.objects.select_related("seller").filter(seller=request.seller, pk=pk).first())


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.MEMBERS)
def member(request: SellerRequest, pk: int) -> HttpResponse:
    """One member: groups, granted products, and what ends or hands over the membership."""
    one = _member(request, pk)
    owner = one.role == Member.Role.OWNER
    form = None if owner else _form(request, one)
    if form is not None and form.is_bound and form.is_valid() and _changed(request, one, form):
        messages.success(request, _("Saved: it counts from their next page on."))
        return redirect("seller_center:member", pk=one.pk)
    return show(
        request,
        "seller_center/member.html",
        one=one,
        form=form,
        owner=owner,
        itself=one.pk == request.member.pk,
        granted=grants.granted_to(one),
        menus=[(str(menu.label), rights_of(one).level(menu)) for menu in Menu if menu in EXPLAINED],
        may_regroup=may_regroup(request, one),
        may_hand_over=request.rights.owner and not owner,
    )


def _form(request: SellerRequest, one: Member) -> MemberForm:
    products = list(products_of(request).select_related("granted__member__user").order_by("name", "pk"))
    return MemberForm(
        request.POST if request.method == "POST" else None,
        given=givable(request),
        products=products,
        member=one,
        initial={
            "groups": [word_of(group) for group in one.groups.all()],
            "products": [str(product.pk) for product in grants.granted_to(one)],
        },
    )


def may_regroup(request: SellerRequest, one: Member) -> bool:
    """Whoever may change members, but none that may more than they do themselves."""
    allowed = request.rights.changes(Menu.MEMBERS) and one.role != Member.Role.OWNER
    return allowed and all(request.rights.covers(group.given) for group in one.groups.all())


def _changed(request: SellerRequest, one: Member, form: MemberForm) -> bool:
    given = form.cleaned_data
    wanted = {int(key) for key in given.get("products", ())}
    hidden = [product for product in grants.granted_to(one) if not products_of(request).filter(pk=product.pk).exists()]
    try:
        with transaction.atomic():
            verbs.put_into(one, chosen(request.seller, given["groups"]), by=request.member, now=request.now)
            grants.grant(
                one,
                [*products_of(request).filter(pk__in=wanted), *hidden],
                by=request.user.email,
                now=request.now,
            )
    except Refused as refused:
        say_why(form, refused)
        return False
    return True


def _member(request: SellerRequest, pk: int) -> Member:
    own = Member.objects.select_related("user", "seller").prefetch_related("groups")
    return found(own.filter(seller=request.seller, pk=pk).first())


@require_POST
@seller_page(menu=Menu.MEMBERS)
def remove(request: SellerRequest, pk: int) -> HttpResponse:
    one = _member(request, pk)
    verbs.remove(one, by=request.member, now=request.now)
    messages.success(request, _("%(person)s no longer acts for your company.") % {"person": one.user})
    return redirect("seller_center:members")


@require_POST
@seller_page(menu=Menu.MEMBERS)
def hand_over(request: SellerRequest, pk: int) -> HttpResponse:
    one = _member(request, pk)
    verbs.hand_over(request.member, to=one, now=request.now)
    messages.success(request, _("%(person)s is the owner now. You are a developer.") % {"person": one.user})
    return redirect("seller_center:overview")


@require_POST
@seller_page(menu=Menu.OVERVIEW, write=False)
def leave(request: SellerRequest) -> HttpResponse:
    """Everybody may leave, whatever their groups open."""
    verbs.leave(request.member, now=request.now)
    company = named(request.seller)
    messages.success(request, _("You no longer act for %(company)s.") % {"company": company})
    return redirect("/")
