"""People and their money: search, balance, ledger entries, and entering a top-up that arrived at the bank."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.billing import arrears
from tradepost.market.identity import operator_queries as identity
from tradepost.market.identity import second_factor
from tradepost.market.identity.customer_level import set_level
from tradepost.market.identity.customer_type import certify_customer
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger, queries
from tradepost.market.payments.confirm import confirm
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import only_shown
from tradepost.market.web.refusals import say_why
from tradepost.market.web.templatetags.ui import money

from . import customer_level, customer_type
from .customer_level import LevelForm
from .customer_type import TypeForm
from .top_up_form import TopUp, TopUpForm

ROLES = (
    ("buyer", _("Buyers")),
    ("seller", _("Sellers' people")),
    ("operator", _("Operators")),
)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    filters = identity.UserFilter(text=request.GET.get("q", "").strip(), role=request.GET.get("role", ""))
    context = {
        "page": identity.search_users(filters, after=request.GET.get("after", "")),
        "filters": filters,
        "roles": ROLES,
    }
    return render(request, "console/accounts.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    user = _account_of(pk)
    return _page(request, user, TopUpForm(currency=config().currency, user=user))


@operator_required
@require_POST
def top_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Twice the same form: first it is checked and shown for confirmation, then it is booked."""
    user = _account_of(pk)
    form = TopUpForm(request.POST, currency=config().currency, user=user)
    if not form.is_valid() or "change" in request.POST:
        only_shown(request)
        return _page(request, user, form)
    command = form.command()
    if (booked := queries.top_up_of(command.reference)) is not None:
        return _booked_already(request, user, form, same=booked == (user.pk, command.amount))
    if "confirmed" not in request.POST:
        only_shown(request)
        context = {
            "whose": user, "command": command, "intent": command.transfer, "amount": command.amount,
            "after": queries.balance(user, form.currency) + command.amount,
            "action": reverse("console:top_up", args=[user.pk]),
        }  # fmt: skip
        return render(request, "console/top_up.html", context)
    try:
        _book(user, command, by=person(request), now=now_of(request))
    except IllegalTransition:
        form.add_error("transfer", gettext("This transfer is decided already; nothing was booked again."))
        return _page(request, user, form)
    except Refused as refused:
        if (
            refused.code == ledger.REPEATED
        ):  # the same form or a second operator was faster by less than the check takes
            same = queries.top_up_of(command.reference) == (user.pk, command.amount)
            return _booked_already(request, user, form, same=same)
        say_why(form, refused, names={"bank_number": "reference"})
        return _page(request, user, form)
    said = {"amount": money(command.amount), "name": str(user)}
    messages.success(request, gettext("%(amount)s was added to the balance of %(name)s.") % said)
    return redirect("console:account", pk)


def _book(user: User, command: TopUp, *, by: User, now: datetime) -> None:
    """The announced transfer is done with the money that it is."""
    with transaction.atomic():
        if command.transfer is not None:
            confirm(command.transfer, command.arrival, by=by, now=now)
        else:
            ledger.top_up(user, command.amount, reference=command.reference, note=command.note, actor=by.email, now=now)


def _booked_already(request: HttpRequest, user: User, form: TopUpForm, *, same: bool) -> HttpResponse:
    """The very same top-up was sent again, by a second click say: it is booked, and that is said. Another one is refused."""
    if same and "confirmed" in request.POST:
        messages.info(request, gettext("This top-up is booked. It was sent more than once and counts once."))
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
        say_why(form, refused)
        return _page(request, user, refilled, form)
    said = {"name": str(user), "level": customer_level.level_of(user).value}
    if changed:
        messages.success(request, gettext("%(name)s has the level %(level)s now.") % said)
    else:
        messages.info(request, gettext("%(name)s has this level already: nothing was changed.") % said)
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
        say_why(form, refused)
        return _page(request, user, refilled, type_form=form)
    if changed:
        messages.success(request, gettext("The customer type was saved."))
    else:
        messages.info(request, gettext("The customer already has this type and name. Nothing was changed."))
    return redirect("console:account", pk)


@operator_required
@require_POST
def reset_second_step(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who lost the telephone and the recovery codes: by the operator's word that it is they who ask."""
    user = _account_of(pk)
    second_factor.reset(user, now=now_of(request), wall=clock.wall())
    messages.success(request, gettext("%(name)s signs in by the password alone now.") % {"name": str(user)})
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
        **customer_level.shown(user, level_form), **customer_type.shown(user, type_form),
        "second_step": second_factor.state(user),
        "account": user, "page_at": reverse("console:account", args=[user.pk]), "form": form,
        "balance": account.balance if account else Money(0, form.currency),
        "owed": arrears.owed(user, form.currency), "arrears": arrears.standing(user, form.currency),
        "page": queries.entries(account, after=request.GET.get("after", "")), "sells_for": identity.sellers_of(user),
    }  # fmt: skip
    wrong = any(one is not None and one.errors for one in (level_form, type_form))
    status = 400 if wrong else 409 if form.is_bound and form.errors else 200
    return render(request, "console/account.html", context, status=status)
