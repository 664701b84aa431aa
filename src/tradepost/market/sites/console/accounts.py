"""People and their money: search, balance, ledger entries, and entering a top-up that arrived at the bank."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.identity import operator_queries as identity
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger, queries
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.templatetags.ui import money

MOST_DIGITS = 10
"""Before the point: what the columns of the ledger hold, and more than any transfer."""
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
        """As a bank statement has it; nothing that two people could read as two amounts (1e9, 1,200, 1.2e3, ١٢)."""
        typed, decimals = self.cleaned_data["amount"], MINOR_DIGITS[self.currency]
        plain = re.fullmatch(rf"[0-9]{{1,{MOST_DIGITS}}}" + (rf"(\.[0-9]{{1,{decimals}}})?" if decimals else ""), typed)
        if plain is None:
            words = (
                gettext(
                    "Write the amount in plain digits, with a point and at most %(n)s decimals, for example 1200.50."
                )
                if decimals
                else gettext("Write the amount in plain digits without decimals, for example 1200.")
            )
            raise forms.ValidationError(words, params={"n": decimals})
        amount = Decimal(typed)
        if not amount:
            raise forms.ValidationError(gettext("A top-up must be more than zero."))
        return amount

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
        return _page(request, user, form)
    command = form.command()
    if (booked := queries.top_up_of(command.reference)) is not None:
        return _booked_already(request, user, form, same=booked == (user.pk, command.amount))
    if "confirmed" not in request.POST:
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


def _account_of(pk: int) -> User:
    user = identity.find_user(pk)
    if user is None:
        raise Http404
    return user


def _page(request: HttpRequest, user: User, form: TopUpForm) -> HttpResponse:
    account = queries.buyer_account(user, form.currency)
    context = {
        "account": user, "form": form, "balance": account.balance if account else Money(0, form.currency),
        "page": queries.entries(account, after=request.GET.get("after", "")), "sells_for": identity.sellers_of(user),
    }  # fmt: skip
    return render(request, "console/account.html", context, status=409 if form.is_bound and form.errors else 200)
