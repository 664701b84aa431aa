"""The form of a received payment as on the bank statement, and the parsing of its amounts."""

from __future__ import annotations

import re
from decimal import Decimal

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.payments.confirm import Arrival, bank_number

MAX_DIGITS = 10
"""Maximum digits before the decimal point, as in the ledger's columns."""


def parse_amount(typed: str, currency: str) -> Decimal:
    """Parse an amount as on a bank statement. Refuses ambiguous forms such as 1e9, 1,200, 1.2e3 and ١٢. Raises
    ``ValidationError``."""
    decimals = MINOR_DIGITS[currency]
    plain = re.fullmatch(rf"[0-9]{{1,{MAX_DIGITS}}}" + (rf"(\.[0-9]{{1,{decimals}}})?" if decimals else ""), typed)
    if plain is None:
        words = (
            gettext("Enter the amount in digits, with a decimal point and at most %(n)s decimals, for example 1200.50.")
            if decimals
            else gettext("Enter the amount in digits without decimals, for example 1200.")
        )
        raise forms.ValidationError(words, params={"n": decimals})
    amount = Decimal(typed)
    if not amount:
        raise forms.ValidationError(gettext("A top-up must be more than zero."))
    return amount


class ArrivalForm(forms.Form):
    amount = forms.CharField(label=_("Amount"), max_length=32)
    bank_number = forms.CharField(
        label=_("Bank reference"), max_length=80,
        help_text=_("As on the bank statement. The same number is booked once only."),
    )  # fmt: skip
    payer = forms.CharField(label=_("Payer"), max_length=200, required=False, help_text=_("As on the bank statement."))
    words = forms.CharField(label=_("Payment reference"), max_length=200, required=False)
    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("For accounting only. The buyer cannot see it.")
    )

    def __init__(self, *args: object, currency: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.currency = currency
        self.fields["amount"].label = gettext("Arrived, in %(currency)s") % {"currency": currency}
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"

    def clean_amount(self) -> Decimal:
        return parse_amount(self.cleaned_data["amount"], self.currency)

    def clean_bank_number(self) -> str:
        try:
            return bank_number(self.cleaned_data["bank_number"])
        except Refused as refused:
            raise forms.ValidationError(refused.message) from None

    def arrival(self) -> Arrival:
        data = self.cleaned_data
        return Arrival(
            bank_number=data["bank_number"],
            amount=Money.of(data["amount"], self.currency),
            payer=data["payer"],
            words=data["words"],
            note=data["note"],
        )
