"""Accounts and their balances: search, ledger entries, and top-ups that arrived at the bank."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page
from tradepost.market.billing import arrears
from tradepost.market.identity import operator_queries as identity
from tradepost.market.identity import second_factor
from tradepost.market.identity.customer_level import set_level
from tradepost.market.identity.customer_type import certify_customer
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger, queries
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import TOP_UP
from tradepost.market.web.approved_commands import BookTopUp
from tradepost.market.web.auditing import mark_preview
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    choice,
    day,
    fragment,
    page_link,
    search,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.refusals import add_refusal
from tradepost.market.web.templatetags.ui import money

from . import customer_level, customer_type
from .customer_level import LevelForm
from .customer_type import TypeForm
from .list_parts import LAYOUT
from .top_up_form import TopUp, TopUpForm

ROLES = (
    ("buyer", _("Buyers")),
    ("seller", _("Sellers' people")),
    ("operator", _("Operators")),
)


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[User]:
    del request
    filters = identity.UserFilter(text=query["q"], role=query["role"], since=query.since, until=query.until)
    return identity.search_users(filters, after=after, size=size)


def _roles(user: User) -> str:
    """Return the roles of the account, as its badges name them."""
    words = [
        f"{localised_name(member.seller, 'name')} {member.get_role_display()}" for member in user.memberships.all()
    ]
    words += [gettext("Operator: %(role)s") % {"role": user.get_operator_role_display()}] if user.is_operator else []
    words += [] if user.is_active else [pgettext("account", "Locked")]
    return ", ".join(words)


LISTING: Listing[User, User] = Listing(
    name="console:accounts",
    title=_("Accounts"),
    intro=_("Search by the beginning of an email address, name, company, phone number or customer ID."),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(
            _("Person"), str, "console:account", "pk", under=lambda user: user.email if user.name else "", css="c-cell"
        ),
        text(_("E-mail"), "email", on_page=False),
        text(_("Company"), "company", css="c-cell"),
        fragment(_("Role"), _roles, "console/parts/account_roles.html"),
        day(_("Since"), "joined_at"),
    ),
    filters=(
        search(_("Starts with …")),
        choice("role", _("Role"), ROLES),
        time_range(),
    ),
    empty=Empty(icon="users", title=_("No accounts yet"), text=_("Accounts appear here when people sign up.")),
    no_fit=Empty(
        icon="search",
        title=_("No accounts found"),
        text=_("Try another search term, role or time."),
    ),
    file="accounts",
    links=(Link(words=_("Operators"), page="console:operators", icon="shield-check"),),
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    user = _account_of(pk)
    return _page(request, user, TopUpForm(currency=config().currency, user=user))


@operator_required
@require_POST
def top_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Book a top-up in two steps with the same form: preview, then confirmation."""
    user = _account_of(pk)
    form = TopUpForm(request.POST, currency=config().currency, user=user)
    if not form.is_valid() or "change" in request.POST:
        mark_preview(request)
        return _page(request, user, form)
    command = form.command()
    if (booked := queries.top_up_of(command.reference)) is not None:
        return _report_duplicate(request, user, form, same=booked == (user.pk, command.amount))
    if "confirmed" not in request.POST:
        mark_preview(request)
        context = {
            "whose": user, "command": command, "intent": command.transfer, "amount": command.amount,
            "after": queries.balance(user, form.currency) + command.amount,
            "action": reverse("console:top_up", args=[user.pk]),
        }  # fmt: skip
        return render(request, "console/top_up.html", context)
    try:
        waits = approving.run(request, TOP_UP, _command(user, command))
    except IllegalTransition:
        form.add_error("transfer", gettext("This transfer is decided already; nothing was booked again."))
        return _page(request, user, form)
    except Refused as refused:
        if (
            refused.code == ledger.REPEATED_CODE
        ):  # the same form, or another operator's, was booked between check and booking
            is_same = queries.top_up_of(command.reference) == (user.pk, command.amount)
            return _report_duplicate(request, user, form, same=is_same)
        add_refusal(form, refused, names={"bank_number": "reference"})
        return _page(request, user, form)
    if waits is not None:
        return approving.redirect_to_approval(request, waits)
    values = {"amount": money(command.amount), "name": str(user)}
    messages.success(request, gettext("%(amount)s was added to the balance of %(name)s.") % values)
    return redirect("console:account", pk)


def _command(user: User, typed: TopUp) -> BookTopUp:
    """Build the command. It also completes the announced transfer."""
    return BookTopUp(
        user=user.pk, minor=typed.amount.minor, currency=typed.amount.currency, reference=typed.reference,
        note=typed.note, intent=typed.transfer.pk if typed.transfer else None,
    )  # fmt: skip


def _report_duplicate(request: HttpRequest, user: User, form: TopUpForm, *, same: bool) -> HttpResponse:
    """Report a top-up that was already booked: success if the same form was submitted twice, otherwise a refusal."""
    if same and "confirmed" in request.POST:
        messages.info(
            request,
            gettext(
                "This top-up is booked. The form was submitted more than once, but the top-up was booked only once."
            ),
        )
        return redirect("console:account", user.pk)
    form.add_error("reference", gettext("A top-up with this reference was booked already."))
    return _page(request, user, form)


@operator_required
@require_POST
def change_level(request: HttpRequest, pk: int) -> HttpResponse:
    user, form = _account_of(pk), LevelForm(request.POST)
    refilled = TopUpForm(currency=config().currency, user=user)
    if not form.is_valid():
        return _page(request, user, refilled, form)
    try:
        changed = set_level(
            user, form.given, reason=form.cleaned_data["reason"], actor=person(request).email, now=now_of(request)
        )
    except Refused as refused:
        add_refusal(form, refused)
        return _page(request, user, refilled, form)
    values = {"name": str(user), "level": customer_level.level_of(user).value}
    if changed:
        messages.success(request, gettext("%(name)s now has the level %(level)s.") % values)
    else:
        messages.info(request, gettext("%(name)s already has this level. Nothing was changed.") % values)
    return redirect("console:account", pk)


@operator_required
@require_POST
def certify(request: HttpRequest, pk: int) -> HttpResponse:
    user, form = _account_of(pk), TypeForm(request.POST)
    refilled = TopUpForm(currency=config().currency, user=user)
    if not form.is_valid():
        return _page(request, user, refilled, type_form=form)
    try:
        changed = certify_customer(user, **form.cleaned_data, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        add_refusal(form, refused)
        return _page(request, user, refilled, type_form=form)
    if changed:
        messages.success(request, gettext("The customer type was saved."))
    else:
        messages.info(request, gettext("The customer already has this type and name. Nothing was changed."))
    return redirect("console:account", pk)


@operator_required
@require_POST
def reset_second_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn off the second step of a person who lost phone and recovery codes. The operator vouches for the person's
    identity."""
    user = _account_of(pk)
    second_factor.reset(user, now=now_of(request), wall=clock.wall())
    messages.success(request, gettext("%(name)s now signs in with the password alone.") % {"name": str(user)})
    return redirect("console:account", pk)


def _account_of(pk: int) -> User:
    user = identity.find_user(pk)
    if user is None:
        raise Http404
    return user


def _page(
    request: HttpRequest, user: User, form: TopUpForm, level_form: LevelForm | None = None,
    type_form: TypeForm | None = None,
) -> HttpResponse:  # fmt: skip
    account = queries.buyer_account(user, form.currency)
    context = {
        **customer_level.level_context(user, level_form), **customer_type.type_context(user, type_form),
        "second_step": second_factor.state(user),
        "account": user, "page_at": reverse("console:account", args=[user.pk]), "form": form,
        "balance": account.balance if account else Money(0, form.currency),
        "debt": account.debt if account else None,
        "owed": arrears.debt_of(user, form.currency), "arrears": arrears.open_arrears(user, form.currency),
        "page": queries.entries(account, after=request.GET.get("after", "")), "sells_for": identity.sellers_of(user),
    }  # fmt: skip
    return render(request, "console/account.html", context)
