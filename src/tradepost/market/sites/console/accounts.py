"""People and their money: search, balance, ledger entries, and entering a top-up that arrived at the bank."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.billing import arrears
from tradepost.market.identity import operator_queries as identity
from tradepost.market.identity.customer_level import set_level
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger, queries
from tradepost.market.payments.confirm import as_kept
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import only_shown
from tradepost.market.web.templatetags.ui import money

from . import customer_level
from .arrival_form import plain_amount
from .customer_level import LevelForm

ROLES = (
    ("buyer", _("Buyers")),
    ("seller", _("Sellers' people")),
    ("operator", _("Operators")),
    ("locked", _("Locked")),
)


@dataclass(frozen=True, slots=True)
class TopUp:
    amount: Money
    reference: str
    note: str


class TopUpForm(forms.Form):
    amount = forms.CharField(label=_("Amount"), max_length=32)
    reference = forms.CharField(
        label=_("Bank reference"), max_length=64,
        help_text=_("As on the bank statement. The same reference is booked once only."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("For the books; the buyer does not see it.")
    )

    def __init__(self, *args: object, currency: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.currency = currency
        self.fields["amount"].label = gettext("Amount in %(currency)s") % {"currency": currency}
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"

    def clean_amount(self) -> Decimal:
        return plain_amount(self.cleaned_data["amount"], self.currency)

    def clean_reference(self) -> str:
        """In the one form in which numbers of banks are kept, so that none is booked twice by writing it otherwise."""
        return as_kept(self.cleaned_data["reference"])

    def command(self) -> TopUp:
        data = self.cleaned_data
        return TopUp(Money.of(data["amount"], self.currency), data["reference"], data["note"])


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
    return _page(request, _account_of(pk), TopUpForm(currency=config().currency))


@operator_required
@require_POST
def top_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Twice the same form: first it is checked and shown for confirmation, then it is booked."""
    user, form = _account_of(pk), TopUpForm(request.POST, currency=config().currency)
    if not form.is_valid() or "change" in request.POST:
        only_shown(request)
        return _page(request, user, form)
    command = form.command()
    if (booked := queries.top_up_of(command.reference)) is not None:
        return _booked_already(request, user, form, same=booked == (user.pk, command.amount))
    if "confirmed" not in request.POST:
        only_shown(request)
        context = {"account": user, "command": command, "after": queries.balance(user, form.currency) + command.amount}
        return render(request, "console/top_up.html", context)
    try:
        with transaction.atomic():
            ledger.top_up(
                user, command.amount, reference=command.reference, note=command.note, actor=person(request).email,
                now=now_of(request),
            )  # fmt: skip
    except Refused as refused:
        if (
            refused.code == ledger.REPEATED
        ):  # the same form or a second operator was faster by less than the check takes
            same = queries.top_up_of(command.reference) == (user.pk, command.amount)
            return _booked_already(request, user, form, same=same)
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _page(request, user, form)
    said = {"amount": money(command.amount), "name": str(user)}
    messages.success(request, gettext("%(amount)s was added to the balance of %(name)s.") % said)
    return redirect("console:account", pk)


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
    refilled = TopUpForm(currency=config().currency)
    if not form.is_valid():
        return _page(request, user, refilled, form)
    try:
        changed = set_level(
            user, form.given, reason=form.cleaned_data["reason"], actor=person(request).email, now=now_of(request)
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _page(request, user, refilled, form)
    said = {"name": str(user), "level": customer_level.level_of(user).value}
    if changed:
        messages.success(request, gettext("%(name)s has the level %(level)s now.") % said)
    else:
        messages.info(request, gettext("%(name)s has this level already: nothing was changed.") % said)
    return redirect("console:account", pk)


def _account_of(pk: int) -> User:
    user = identity.find_user(pk)
    if user is None:
        raise Http404
    return user


def _page(request: HttpRequest, user: User, form: TopUpForm, level_form: LevelForm | None = None) -> HttpResponse:
    account = queries.buyer_account(user, form.currency)
    context = {
        **customer_level.shown(user, level_form),
        "account": user, "page_at": reverse("console:account", args=[user.pk]), "form": form,
        "balance": account.balance if account else Money(0, form.currency),
        "owed": arrears.owed(user, form.currency), "arrears": arrears.standing(user, form.currency),
        "page": queries.entries(account, after=request.GET.get("after", "")), "sells_for": identity.sellers_of(user),
    }  # fmt: skip
    status = 400 if level_form and level_form.errors else 409 if form.is_bound and form.errors else 200
    return render(request, "console/account.html", context, status=status)
