"""Withdrawals of the balance: form, list and detail page."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tradepost.market.base.config import config
from tradepost.market.payments import withdrawal_queries as queries
from tradepost.market.payments import withdrawals as verbs
from tradepost.market.payments.queries import balance
from tradepost.market.payments.withdrawal_lifecycle import WITHDRAWAL, WithdrawalEvent
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    act,
    ask,
    moment,
    money,
    or_404,
    page_link,
    state,
    submitted_data,
    time_range,
)
from tradepost.market.web.pages.guards import buyer_act, buyer_form, buyer_list, buyer_page
from tradepost.market.web.transfers import parse_amount
from tradepost.market.web.withdrawals import withdrawal_events


class WithdrawalForm(forms.Form):
    amount = forms.CharField(max_length=32)
    holder = forms.CharField(label=gettext_lazy("Account holder"), max_length=verbs.MAX_NAME)
    bank = forms.CharField(label=gettext_lazy("Bank"), max_length=verbs.MAX_NAME)
    branch = forms.CharField(label=gettext_lazy("Branch"), max_length=verbs.MAX_NAME, required=False)
    account = forms.CharField(
        label=gettext_lazy("Account number"), max_length=60,
        help_text=gettext_lazy("8 to 32 digits. It is stored encrypted."),
    )  # fmt: skip

    def __init__(self, *args: object, currency: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": currency}
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"
        self.fields["account"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def payee(self) -> verbs.Payee:
        data = self.cleaned_data
        return verbs.Payee(**{name: data[name] for name in ("holder", "bank", "branch", "account")})


@buyer_form
def new(request: HttpRequest) -> HttpResponse:
    """Request a withdrawal."""
    currency, buyer = config().currency, person(request)
    form, buyer_balance = WithdrawalForm(submitted_data(request), currency=currency), balance(buyer, currency)
    return ask(
        request,
        form,
        lambda: verbs.request(buyer, parse_amount(form.cleaned_data["amount"]), form.payee(), now=now_of(request)),
        page=lambda: render(request, "storefront/withdrawal_new.html", {"form": form, "balance": buyer_balance}),
        done=_("Requested. The amount is held until the withdrawal is paid or ends."),
        back=lambda created: redirect("storefront:withdrawal", created.number),
    )


LISTING: Listing[Withdrawal, Withdrawal] = Listing(
    name="storefront:withdrawals",
    title=gettext_lazy("My withdrawals"),
    up=Link(words=gettext_lazy("Balance"), page="storefront:balance"),
    layout="storefront/layout.html",
    source=lambda request, query, after, size: queries.withdrawals_of(
        person(request), within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Number"), "number", "storefront:withdrawal", "number", css="tp-whole"),
        moment(gettext_lazy("Requested"), "requested_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "withdrawal"),
    ),
    filters=(time_range(),),
    empty=Empty(
        icon="wallet",
        title=gettext_lazy("No withdrawals yet"),
        text=gettext_lazy("Withdrawals of your balance to a bank account appear here."),
        action=gettext_lazy("Withdraw money"),
        page="storefront:withdrawal_new",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No withdrawals found"), text=gettext_lazy("Try another time.")),
    links=(Link(words=gettext_lazy("Withdraw money"), page="storefront:withdrawal_new", icon="arrow-back-up"),),
    size=20,
    file="withdrawals",
)
index = buyer_list(LISTING)


def _own_withdrawal(request: HttpRequest, number: str) -> Withdrawal:
    return or_404(queries.withdrawal_of(person(request), number))


@buyer_page
def detail(request: HttpRequest, number: str) -> HttpResponse:
    withdrawal = _own_withdrawal(request, number)
    context = {
        "one": withdrawal,
        "events": withdrawal_events(withdrawal),
        "may_withdraw": WITHDRAWAL.allows(withdrawal.status, WithdrawalEvent.WITHDRAW),
    }
    return render(request, "storefront/withdrawal.html", context)


@buyer_act
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    withdrawal = _own_withdrawal(request, number)
    return act(
        request,
        lambda: verbs.withdraw(withdrawal, now=now_of(request)),
        done=_("Withdrawn. The money was returned to your balance."),
        back=("storefront:withdrawal", number),
        late=_("This request can no longer be withdrawn."),
    )
